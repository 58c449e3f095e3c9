"""References to what may not be there: the first of a list that may be empty, a field that an answer may lack.

A plan that asks first, by a condition, is right; one that does not ends in a step that can't be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from services.plans.model import Step
from services.plans.references import RESERVED, Reference, parse
from services.plans.validation.contracts import Sources
from services.plans.validation.faults import Fault, FaultCode, fault
from services.plans.validation.reading import ReadStep


def guard_faults(
    plan: Sequence[ReadStep], needs: Mapping[str, Sequence[str]], sources: Sources
) -> Iterator[Fault]:
    """A warning for each step and source of which it takes what may not be there, without having asked.

    A condition asks for a step and for those that are skipped with it. `needs` has the steps in an order in which
    each comes after those it needs.
    """
    steps = {read.step.step_id: read for read in plan}
    if not any(read.step.when for read in plan):
        # Nobody asks, and nothing is skipped: what may not be there is all that there is to see.
        for step_id in needs:
            if _may_lack(steps[step_id], sources):
                yield from _unguarded(steps[step_id], frozenset(), steps, sources)
        return
    asked: dict[str, frozenset[str]] = {}
    for step_id, needed in needs.items():
        read = steps[step_id]
        before = [asked[other] for other in needed if other in asked]
        passed_on = frozenset().union(*before) if read.step.needs == "all" else _common(before)
        asked[step_id] = passed_on | _sources(read.step)
        yield from _unguarded(read, asked[step_id], steps, sources)


def _may_lack(read: ReadStep, sources: Sources) -> bool:
    """Whether anything that a step takes may not be there."""
    return any(
        answered is not None and answered.lacks is not None
        for each in read.inputs
        if each.found
        for answered in sources.answers(each)
    )


def _common(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    return frozenset.intersection(*sets) if sets else frozenset()


def _sources(step: Step) -> frozenset[str]:
    """The steps whose answers a condition asks about."""
    tests = step.when.tests if step.when else ()
    return frozenset(found.source for test in tests for found in parse(test.value) if isinstance(found, Reference))


def _unguarded(
    read: ReadStep, asked: frozenset[str], steps: Mapping[str, ReadStep], sources: Sources
) -> Iterator[Fault]:
    told: set[str] = set()
    for each in read.inputs:
        for found in each.found:
            if not isinstance(found, Reference) or found.source in RESERVED:
                continue
            if found.source in told or found.source in asked:
                continue
            reason = _reason(found, read.step, steps, sources)
            if reason is None:
                continue
            told.add(found.source)
            facts = {"reference": found.text, "source": found.source, "reason": reason}
            name = each.item.name
            yield fault(FaultCode.UNGUARDED_REFERENCE, read.step.step_id, each.field, name=name, **facts)


def _reason(found: Reference, step: Step, steps: Mapping[str, ReadStep], sources: Sources) -> str | None:
    """Why a value may not be there: "skipped", "list" or "optional"."""
    source = steps.get(found.source)
    if source is not None and source.step.when is not None and step.needs == "any":
        return "skipped"
    answered = sources.answered(found)
    return None if answered is None else answered.lacks
