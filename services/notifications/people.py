"""Who must act: whom a plan, a gate or trouble is for. Pure functions of what is known of a plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from services.queries.snapshots import PlanSnapshot, StepSnapshot
from services.states import StepState


def named_for(snapshot: PlanSnapshot, step: StepSnapshot) -> Sequence[str] | None:
    """Those whom policies name to agree to a step; None where they name nobody."""
    return snapshot.version.gate_people.get(step.step_id) if snapshot.version else None


def asked_at_gate(snapshot: PlanSnapshot, step: StepSnapshot) -> list[str]:
    """Who is to decide about a step at its gate: those who may and have not agreed yet.

    It is one person once it has been handed to somebody; and who started the run, where anyone may decide.
    """
    if step.assigned_to is not None:
        people: Sequence[str] = (step.assigned_to,)
    elif (named := named_for(snapshot, step)) is not None:
        approvers = snapshot.approvers
        people = [user for user in named if approvers is None or user in approvers]
    elif snapshot.approvers is not None:
        people = snapshot.approvers
    else:
        people = (snapshot.run.started_by,) if snapshot.run else ()
    return [user for user in dict.fromkeys(people) if user not in step.agreed]


def asked_in_trouble(snapshot: PlanSnapshot) -> list[str]:
    """Who is to see to a step that failed, or may have: whoever started the run, and the approvers."""
    starter = [snapshot.run.started_by] if snapshot.run else []
    return list(dict.fromkeys([*starter, *(snapshot.approvers or ())]))


def asked_about(snapshot: PlanSnapshot, step: StepSnapshot) -> list[str]:
    """Who is to act about a step that waits for people."""
    return asked_at_gate(snapshot, step) if step.state is StepState.WAITING else asked_in_trouble(snapshot)


def personal(snapshot: PlanSnapshot, step: StepSnapshot | None) -> frozenset[str]:
    """Those whom it concerns more than any approver: who started the run, and who is asked by name."""
    found = {snapshot.run.started_by} if snapshot.run else set()
    if step is not None:
        found.update(named_for(snapshot, step) or ())
        found.update([step.assigned_to] if step.assigned_to else ())
    return frozenset(found)


def with_deputies(
    people: Sequence[str], deputies: Mapping[str, str], *, askers: Collection[str | None]
) -> dict[str, str | None]:
    """Who is told, each with the absent in whose place that is, or None.

    A deputy who is asked anyway is told once, and one who asked for it may not decide: then the absent is told.
    """
    found: dict[str, str | None] = {}
    for person in people:
        deputy = deputies.get(person)
        if deputy is None or deputy in people or deputy in askers:
            found[person] = None
        else:
            found.setdefault(deputy, person)
    return found
