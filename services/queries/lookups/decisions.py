"""Who decided what: about plans, their runs and their steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Card, Decision, Run, StepRun, WorkflowPlan
from services.formats.text import clip, search_words
from services.queries.lookups.arguments import Period, PersonId, Text, person
from services.queries.lookups.plan_rows import about, beginning, plan_ref, title_of, told
from services.queries.lookups.rows import Fact, Facts, Person, RowKind, Scope, known
from services.queries.lookups.waiting import step_title
from services.states import PlanState

MAX_DECISIONS = 12

What = Literal["any", "approved", "rejected", "discarded", "skipped", "retried", "stopped"]

_KINDS: Mapping[str, tuple[str, ...]] = {
    "approved": ("approve",),
    "rejected": ("reject",),
    "skipped": ("skip",),
    "retried": ("retry", "again"),
    "stopped": ("cancel", "stop"),
}
_WORDS = {
    "approve": "approved",
    "reject": "rejected",
    "retry": "had it tried again",
    "skip": "skipped",
    "mark_done": "marked as done",
    "edit_outputs": "edited the outputs",
    "cancel": "ended the run",
    "stop": "stopped the run",
    "again": "started it again",
    "time_out": "nobody decided in time",
}
_PLAN_STATES: Mapping[str, tuple[PlanState, ...]] = {
    "any": (PlanState.APPROVED, PlanState.DISCARDED),
    "approved": (PlanState.APPROVED,),
    "discarded": (PlanState.DISCARDED,),
}
_STEP_TEXT = StepRun.step.op("->>")(literal_column("'description'"))


class DecisionArguments(Period):
    """Which decisions."""

    what: What = Field("any", description="what was decided")
    person: PersonId | None = Field(None, description="who decided: a Slack id, or me for whoever asks")
    text: Text | None = Field(None, description="words of the step, or of the plan's title, such as crane")


async def decisions(session: AsyncSession, scope: Scope, given: DecisionArguments) -> Facts:
    """The latest that fit; with words, those about steps that are called so first."""
    found = await _all(session, scope, given)
    if given.text and not found.found:
        # Who agreed to a step that had no gate of its own approved it with the plan.
        plans = await _plans_with_step(session, scope, given.text)
        found = await _all(session, scope, given.model_copy(update={"text": None}), WorkflowPlan.id.in_(plans))
    if given.text:
        words = search_words(given.text)
        rows = sorted(found.rows, key=lambda fact: _distance(fact, words))
        return Facts(rows[:MAX_DECISIONS], found.found)
    return Facts(found.rows[:MAX_DECISIONS], found.found)


async def decisions_of(session: AsyncSession, scope: Scope, plan_id: UUID) -> Facts:
    """The latest about one plan."""
    found = await _all(session, scope, DecisionArguments(), WorkflowPlan.id == plan_id)
    return Facts(found.rows[:MAX_DECISIONS], found.found)


def _distance(fact: Fact, words: Sequence[str]) -> int:
    """What is about a step of these words comes first, then plans of these words, and last steps of such plans."""
    step = str(fact.values.get("step", "")).casefold()
    return 1 if not step else 0 if all(beginning(word) in step for word in words) else 2


_MOST = 50
_LATEST_PLANS = 300
"""So many approved plans are looked through for a step."""


async def _all(
    session: AsyncSession, scope: Scope, given: DecisionArguments, which: ColumnElement[bool] | None = None
) -> Facts:
    of_runs = await _of_runs(session, scope, given, true() if which is None else which)
    of_plans = await _of_plans(session, scope, given, true() if which is None else which)
    facts = sorted([*of_runs.rows, *of_plans.rows], key=_at, reverse=True)
    return Facts(facts, of_runs.found + of_plans.found)


async def _plans_with_step(session: AsyncSession, scope: Scope, text: str) -> Sequence[UUID]:
    """The plans, of the latest that were approved, with a step of these words."""
    latest = (
        select(WorkflowPlan.id)
        .where(told(scope), WorkflowPlan.state == PlanState.APPROVED)
        .order_by(WorkflowPlan.decided_at.desc())
        .limit(_LATEST_PLANS)
        .subquery()
    )
    steps = (
        select(Run.plan_id)
        .join(latest, latest.c.id == Run.plan_id)
        .join(StepRun, StepRun.run_id == Run.id)
        .where(about(text, _STEP_TEXT, StepRun.component_key))
        .distinct()
    )
    return (await session.scalars(steps)).all()


async def _of_runs(
    session: AsyncSession, scope: Scope, given: DecisionArguments, which: ColumnElement[bool]
) -> Facts:
    kinds, who = _KINDS.get(given.what), person(given.person, scope)
    if given.what != "any" and kinds is None:
        return Facts()
    card = (Card.channel_id.label("card_channel"), Card.ts.label("card_ts"))
    query = (
        select(Decision, StepRun, WorkflowPlan, *card, func.count().over().label("found"))
        .join(Run, Run.id == Decision.run_id)
        .join(WorkflowPlan, WorkflowPlan.id == Run.plan_id)
        .outerjoin(StepRun, StepRun.id == Decision.step_run_id)
        .outerjoin(Card, Card.plan_id == WorkflowPlan.id)
        .where(Decision.workspace_id == scope.workspace_id, told(scope), which)
        .where(*_between(scope, given, Decision.created_at))
        .order_by(Decision.created_at.desc())
        .limit(_MOST)
    )
    if kinds:
        query = query.where(Decision.kind.in_(kinds))
    if who:
        query = query.where(Decision.user_id == who)
    if given.text:
        step = and_(StepRun.id.is_not(None), about(given.text, _STEP_TEXT, StepRun.component_key))
        plan = about(given.text, WorkflowPlan.title, WorkflowPlan.place)
        query = query.where(or_(step, plan))
    rows = (await session.execute(query)).all()
    return Facts([_of_run(row) for row in rows], rows[0].found if rows else 0)


def _of_run(row: Any) -> Fact:
    decision: Decision = row[0]
    step: StepRun | None = row[1]
    plan: WorkflowPlan = row[2]
    is_person = decision.user_id[:1] in ("U", "W")
    values = known(
        number=plan.number,
        title=title_of(plan),
        what=_WORDS.get(decision.kind, clip(decision.kind, 40)),
        step=None if step is None else step_title(step),
        by=Person(decision.user_id) if is_person else None,
        at=decision.created_at,
        reason=None if not decision.reason else clip(" ".join(decision.reason.split()), 200),
    )
    return Fact(RowKind.DECISION, values, plan_ref(plan, row.card_channel, row.card_ts))


async def _of_plans(
    session: AsyncSession, scope: Scope, given: DecisionArguments, which: ColumnElement[bool]
) -> Facts:
    states, who, plan = _PLAN_STATES.get(given.what), person(given.person, scope), WorkflowPlan
    if states is None:
        return Facts()
    card = (Card.channel_id.label("card_channel"), Card.ts.label("card_ts"))
    query = (
        select(plan, *card, func.count().over().label("found"))
        .outerjoin(Card, Card.plan_id == plan.id)
        .where(told(scope), plan.state.in_(states), plan.decided_at.is_not(None))
        .where(which, *_between(scope, given, plan.decided_at))
        .order_by(plan.decided_at.desc())
        .limit(_MOST)
    )
    if who:
        query = query.where(plan.decided_by == who)
    if given.text:
        query = query.where(about(given.text, plan.title, plan.place, func.left(plan.issue_text, 2_000)))
    rows = (await session.execute(query)).all()
    return Facts([_of_plan(row) for row in rows], rows[0].found if rows else 0)


def _of_plan(row: Any) -> Fact:
    plan: WorkflowPlan = row[0]
    values = known(
        number=plan.number,
        title=title_of(plan),
        what="approved the plan" if plan.state == PlanState.APPROVED else "discarded the plan",
        by=None if plan.decided_by is None else Person(plan.decided_by),
        at=plan.decided_at,
    )
    return Fact(RowKind.DECISION, values, plan_ref(plan, row.card_channel, row.card_ts))


def _between(scope: Scope, given: Period, when: Any) -> list[ColumnElement[bool]]:
    begins, ends = given.begins(scope), given.ends(scope)
    return [*([] if begins is None else [when >= begins]), *([] if ends is None else [when < ends])]


def _at(fact: Fact) -> Any:
    return fact.values["at"]
