"""The steps of a plan as people read them: in order, numbered, with what each waits for and takes from others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.languages import N_, _, ngettext, number, spoken
from bot.views.kit.text import clip, fits, join, one_line, sentences
from bot.views.plan import policies
from bot.views.plan.conditions import only_if
from bot.views.plan.values import field_words
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.formats.strict_json import render_path
from services.plans.model import Step
from services.plans.references import MalformedReference, Reference, parse, scan
from services.queries.glances import LARGE, in_order_of
from services.queries.snapshots import VersionSnapshot

TITLE = 90
LOCK = "🔒"

_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s")
_GIVEN = {
    "issue.text": N_("what was reported"),
    "issue.reporter": N_("who reported it"),
    "issue.channel": N_("the channel of the report"),
    "issue.place": N_("the place of the report"),
    "issue.urgency": N_("how urgent it is"),
    "run.id": N_("the id of the run"),
}


@dataclass(frozen=True, slots=True)
class Take:
    """A value that a step takes from an earlier one; `what` is its name in words."""

    number: int
    what: str


@dataclass(frozen=True, slots=True)
class PlanStepView:
    """One step, with the numbers of those before it. `more` is what the title leaves out of the description.

    `condition` is the sentence that says when it is carried out at all; empty if always.
    `follows` are the passages of policies that it cites, as they are said; `people` those whom policies name to
    agree to it, None where they name nobody.
    """

    number: int
    title: str
    more: str
    component: str
    waits_for: tuple[int, ...]
    takes: tuple[Take, ...]
    locked: bool
    step: Step
    condition: str = ""
    follows: tuple[str, ...] = ()
    people: Sequence[str] | None = None


def in_order(version: VersionSnapshot) -> tuple[PlanStepView, ...]:
    """The steps, each after those it waits for, numbered from 1. A circle, which no valid plan has, comes last."""
    kept = _kept_large if len(version.plan.steps) > LARGE else _kept
    return kept(_Same(version), spoken().code)


class _Same:
    """A version that is the same as itself only: it never changes, and to compare two is not worth it."""

    __slots__ = ("version",)

    def __init__(self, version: VersionSnapshot) -> None:
        self.version = version

    def __hash__(self) -> int:
        return id(self.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.version is other.version


@lru_cache(maxsize=128)
def _kept(same: _Same, _language: str) -> tuple[PlanStepView, ...]:
    """The same for plans of the usual length: while a run goes on its card is drawn over and over."""
    return _in_order(same.version)


@lru_cache(maxsize=8)
def _kept_large(same: _Same, _language: str) -> tuple[PlanStepView, ...]:
    """The same for large ones, of which a few are kept: a thousand steps take a megabyte."""
    return _in_order(same.version)


def _in_order(version: VersionSnapshot) -> tuple[PlanStepView, ...]:
    cited = {citation.id: policies.name(citation) for citation in version.citations}
    needs = in_order_of(version.plan)
    place = {step_id: position for position, step_id in enumerate(needs)}
    steps = sorted(version.plan.steps, key=lambda step: place[step.step_id])
    numbers: dict[str, int] = {}
    for nth, step in enumerate(steps, start=1):
        numbers.setdefault(step.step_id, nth)
    return tuple(
        replace(
            _view(step, number, version.components.get(step.component_id), needs[step.step_id], numbers, cited),
            people=version.gate_people.get(step.step_id),
        )
        for number, step in enumerate(steps, start=1)
    )


def numbers(steps: Sequence[PlanStepView]) -> dict[str, int]:
    """The steps' numbers, by their ids; of several with one id, the first."""
    return {step.step.step_id: step.number for step in reversed(steps)}


def shape(steps: Sequence[PlanStepView]) -> str:
    """How the plan runs, in a few words: "6 steps, up to 3 side by side"."""
    if len(steps) < 2:
        return ngettext("{count} step", "{count} steps", len(steps))
    widest = _widest(steps)
    if widest > 1:
        return _("{count} steps, up to {widest} side by side", count=len(steps), widest=widest)
    return _("{count} steps, one after the other", count=len(steps))


def called(number: int, title: str) -> str:
    """A step inside a sentence: "step 3 (Send a crew)"."""
    return _("step {number} ({title})", number=number, title=title)


def writes(spec: ComponentSpec | None) -> bool:
    """Whether a component changes something; one that is not known may."""
    # No more of it is read: what a document of somebody's says may be long.
    return spec is None or spec.http_method[:5].upper() not in ("GET", "HEAD")


def waiting(step: PlanStepView, titles: Mapping[int, str]) -> str:
    """When a step starts, and if at all; the steps it waits for are named as well as numbered."""
    return sentences([_start(step, titles), step.condition])


def after(step: PlanStepView) -> str:
    """What a step waits for, as it stands behind its title: " · after 2 and 3"; empty if it starts at once."""
    if not step.waits_for:
        return ""
    words = _("after {numbers}", numbers=join([number(each) for each in step.waits_for]))
    return f" · {words}"


def provided(step: PlanStepView) -> str:
    """If a step is carried out at all, where that is not sure; empty where it is."""
    before = ""
    if len(step.waits_for) > 1 and step.step.needs == "any":
        numbers = join([number(each) for each in step.waits_for], last="or")
        before = _("Only if step {numbers} was carried out.", numbers=numbers)
    return sentences([before, step.condition])


def _start(step: PlanStepView, titles: Mapping[int, str]) -> str:
    if not step.waits_for:
        return _("Starts at once.")
    before = join([called(each, titles[each]) for each in step.waits_for])
    if len(step.waits_for) > 1 and step.step.needs == "any":
        return _("Starts after {steps}, if any of them was carried out.", steps=before)
    return _("Starts after {steps}.", steps=before)


def taking(step: PlanStepView) -> str:
    """What a step takes from others: "Takes the area from step 1."; empty if it takes nothing."""
    by_step: dict[int, list[str]] = {}
    for take in step.takes:
        by_step.setdefault(take.number, []).append(take.what)
    sources = [
        _("{fields} from step {number}", fields=join(whats), number=each) for each, whats in by_step.items()
    ]
    return _("Takes {values}.", values=join(sources)) if sources else ""


def agreement(step: PlanStepView) -> str:
    """The sentence of a step that must not run before a person has agreed; empty for the others."""
    return _("{lock} Needs approval before anything is sent.", lock=LOCK) if step.locked else ""


def headline(step: PlanStepView) -> str:
    """A step in one line: its number and title, what it waits for, and whether it asks first."""
    lock = f"{LOCK} " if step.locked else ""
    line = f"{number(step.number)}. {lock}{step.title}{after(step)}"
    return " · ".join([line, _("needs approval")]) if step.locked else line


def in_words(value: str, numbers: Mapping[str, int]) -> str:
    """An input's value, with what its references stand for in brackets. `numbers`: step id -> number."""

    def say(part: str | Reference | MalformedReference) -> str:
        if not isinstance(part, Reference):
            return part if isinstance(part, str) else part.text
        if part.source in numbers:
            return _("[{field} from step {number}]", field=_field(part), number=numbers[part.source])
        given = _GIVEN.get(f"{part.source}.{render_path(part.path)}")
        return f"[{_(given)}]" if given else part.text

    return "".join(say(part) for part in parse(value))


def _view(
    step: Step,
    number: int,
    component: ComponentSpec | None,
    needed: Sequence[str],
    numbers: Mapping[str, int],
    cited: Mapping[str, str],
) -> PlanStepView:
    name = one_line(component.name if component else "") or one_line(step.component_id)
    title, more = _headline(one_line(step.description) or name)
    given = (found for item in step.inputs for found in scan(item.value) if isinstance(found, Reference))
    takes = (Take(numbers[found.source], _field(found)) for found in given if found.source in needed)
    return PlanStepView(
        number=number,
        title=title,
        more=more,
        component=name,
        waits_for=tuple(sorted(numbers[step_id] for step_id in needed)),
        takes=tuple(dict.fromkeys(takes)),
        locked=step.requires_approval or (component is not None and component.approval is ApprovalPolicy.STEP),
        step=step,
        condition=only_if(step.when, numbers),
        follows=tuple(cited[each] for each in step.cites if each in cited),
    )


def _widest(steps: Sequence[PlanStepView]) -> int:
    """The most steps that stand at the same distance from the beginning."""
    depth: dict[int, int] = {}
    for step in steps:
        depth[step.number] = 1 + max((depth.get(number, 0) for number in step.waits_for), default=0)
    return max(Counter(depth.values()).values())


def _headline(words: str) -> tuple[str, str]:
    """A description as a title and what the title leaves out: all of it, where a sentence had to be cut."""
    if fits(words, TITLE):
        return words.rstrip("."), ""
    first, _end, rest = _SENTENCE_END.sub("\n", words, count=1).partition("\n")
    return (first.rstrip("."), rest) if fits(first, TITLE) else (clip(first, TITLE), words)


def _field(reference: Reference) -> str:
    """What a reference names: `data[0].work_order_id` is "the work order id"."""
    return _("the {field}", field=field_words(reference))
