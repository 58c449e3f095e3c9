"""Sample snapshots of drafts that were changed, or that somebody wants to be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from services.jobs import WishOutcome
from services.plans.editing import StepEdit, edited
from services.plans.model import Plan, Step, StepInput
from services.queries.snapshots import ChangeSnapshot, PlanSnapshot, VersionSnapshot
from services.queries.versions import VersionLine
from services.states import FailureCode, Phase, PlanState
from services.workflows.drafts import Failure
from services.workflows.versions import VersionKind
from tests.support import samples

WISH = "Notify the school too, and assign the crew before residents are told."
SCHOOL = Step(
    step_id="school",
    component_id="notify.residents",
    description="Notify the school",
    inputs=(samples.value("text", "Water may be off for some hours."),),
)


def refined_plan() -> Plan:
    """The sample plan with a step more, another order, a gate, and another text."""
    plan = samples.VERSION.plan
    text = StepInput(location="body", name="text", value="Water is off until noon.", typed=True)
    told = edited(plan, StepEdit("residents", (text,), gated=False, after=("assign",)))
    asked = edited(told, StepEdit("file", gated=True, after=("locate", "assign")))
    return asked.model_copy(update={"steps": (*asked.steps, SCHOOL)})


def second(
    plan: Plan | None = None, *, kind: VersionKind = VersionKind.REFINED, wish: str = WISH
) -> VersionSnapshot:
    """The second version, made of the sample's first."""
    return replace(
        samples.VERSION,
        version=2,
        plan=plan or refined_plan(),
        kind=kind,
        made_by=samples.DECIDER,
        wish=wish,
        based_on=1,
        made_at=samples.MADE_AT + timedelta(minutes=9),
    )


def changed(version: VersionSnapshot | None = None) -> PlanSnapshot:
    """A draft that was changed."""
    return replace(samples.DRAFT, revision=4, version=version or second(), former=samples.VERSION)


def many_changes() -> PlanSnapshot:
    """A draft in which more is different than its card has room for."""
    steps = tuple(step.model_copy(update={"requires_approval": True}) for step in refined_plan().steps)
    return changed(second(refined_plan().model_copy(update={"steps": steps})))


def changing(wish: str = WISH) -> PlanSnapshot:
    """A draft that is being changed."""
    facts = {"offered": 24, "selected": 7}
    change = ChangeSnapshot(samples.DECIDER, wish)
    return replace(
        samples.DRAFT, revision=3, state=PlanState.DRAFTING, phase=Phase.PLANNING, phase_facts=facts, change=change
    )


def not_changed(outcome: WishOutcome = WishOutcome.FAILED) -> PlanSnapshot:
    """A draft that was not changed."""
    failure = Failure(FailureCode.GEMINI_UNAVAILABLE) if outcome is WishOutcome.FAILED else None
    return replace(samples.DRAFT, revision=4, change=ChangeSnapshot(samples.DECIDER, WISH, outcome, failure))


LINES = (
    VersionLine(3, VersionKind.EDITED, samples.REPORTER, None, 2, samples.MADE_AT + timedelta(hours=1), 7),
    VersionLine(2, VersionKind.REFINED, samples.DECIDER, WISH, 1, samples.MADE_AT + timedelta(minutes=9), 7),
    VersionLine(1, VersionKind.DRAFTED, None, None, None, samples.MADE_AT, 6),
)

GALLERY: Mapping[str, PlanSnapshot] = {
    "Being changed": changing(),
    "Changed": changed(),
    "Changed in many places": many_changes(),
    "Edited by a person": changed(second(kind=VersionKind.EDITED)),
    "Not changed": not_changed(),
    "Changed by nothing": not_changed(WishOutcome.SAME),
}
"""The states of a card, by what the gallery calls them."""
