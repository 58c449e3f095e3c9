"""What waits for people: plans to be decided about, gates, questions, and steps that failed or may have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, and_, any_, func, literal, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import PlanVersion, Run, StepGate, StepRun, WorkflowPlan
from services.approvals import ApprovalRules, ApprovalService
from services.formats.text import clip
from services.queries.lines import is_asking
from services.queries.lookups.arguments import Arguments, PersonId, person
from services.queries.lookups.plan_rows import (
    TITLE,
    plan_columns,
    plan_ref,
    title_of,
    told,
)
from services.queries.lookups.rows import Fact, Facts, People, PlanRef, RowKind, Said, Scope, Several, Value, known
from services.queries.standing import GOING, is_in, is_last_run, is_unfinished
from services.states import PlanState, StepState
from services.steps.waits import people_asked

MAX_WAITS = 300
"""So many are looked at, those that wait longest."""

MAX_SHOWN = 25
MAX_TOGETHER = 3
"""Of one plan so many are named."""

APPROVAL, STEP_APPROVAL = "approval of the plan", "approval of “{title}”"
ANSWER_FIRST, ANSWER = "an answer before it is planned", "an answer to “{title}”"
DECISION = "a decision about “{title}”, which failed"
CHECK = "somebody to check “{title}”, which may have arrived or not"
"""What is waited for."""


class WaitingArguments(Arguments):
    """Whom it waits for."""

    person: PersonId | None = Field(None, description="for whom: a Slack id, or me for whoever asks")


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that waits for people: `who` can end it, None is anybody."""

    plan: PlanRef
    title: str
    what: Said
    since: datetime | None
    who: tuple[str, ...] | None
    step_id: str | None = None


async def waiting(session: AsyncSession, scope: Scope, given: WaitingArguments) -> Facts:
    """What waits, the longest first."""
    waits = await all_waits(session, scope)
    if wanted := person(given.person, scope):
        waits = [wait for wait in waits if wait.who is None or wanted in wait.who]
    return Facts([_fact(wait) for wait in waits[:MAX_SHOWN]], len(waits))


async def all_waits(session: AsyncSession, scope: Scope, plans: Sequence[UUID] | None = None) -> list[Wait]:
    """All that waits, of these plans if any are named, the longest first."""
    rules = await ApprovalService().settings(session, scope.workspace_id)
    waits = [*await _of_plans(session, scope, plans, rules), *await _of_steps(session, scope, plans, rules)]
    return sorted(waits, key=lambda wait: wait.since or scope.now)[:MAX_WAITS]


async def _of_plans(
    session: AsyncSession, scope: Scope, plans: Sequence[UUID] | None, rules: ApprovalRules
) -> list[Wait]:
    query = _UNDECIDED_PLANS.where(told(scope)).limit(MAX_WAITS)
    rows = await session.execute(query if plans is None else query.where(_is_of(plans)))
    return [
        Wait(
            plan_ref(row),
            title_of(row),
            Said(ANSWER_FIRST if row.state == PlanState.DRAFTING else APPROVAL),
            row.updated_at,
            _asked(row) if row.state == PlanState.DRAFTING else rules.deciders(row.reporter_id, row.requester_id),
        )
        for row in rows
    ]


async def _of_steps(
    session: AsyncSession, scope: Scope, plans: Sequence[UUID] | None, rules: ApprovalRules
) -> list[Wait]:
    query = _STOPPED_STEPS.where(told(scope), Run.workspace_id == scope.workspace_id).limit(MAX_WAITS)
    rows = await session.execute(query if plans is None else query.where(_is_of(plans)))
    return [_of_step(row, rules) for row in rows]


def _is_of(plans: Sequence[UUID]) -> ColumnElement[bool]:
    return WorkflowPlan.id == any_(literal(list(plans), ARRAY(Uuid)))


def _stopped_steps() -> Select[Any]:
    """The steps that people have to do with, those that wait longest first."""
    step, version = StepRun, PlanVersion
    gate_since = (
        select(func.max(StepGate.created_at)).where(StepGate.step_run_id == step.id).correlate(step)
    ).scalar_subquery()
    since = func.coalesce(gate_since, step.ended_at, step.started_at).label("since")
    assigned_to = (
        select(StepGate.assigned_to).where(StepGate.step_run_id == step.id, StepGate.revision == step.revision)
    ).scalar_subquery()
    description = step.step.op("->>")(literal_column("'description'")).label("description")
    return (
        plan_columns()
        .add_columns(step.step_id, step.state, step.gated, step.approved, step.component_key, description)
        .add_columns(step.wait, version.gate_people, since, assigned_to.label("assigned_to"))
        .join(Run, Run.plan_id == WorkflowPlan.id)
        .join(step, step.run_id == Run.id)
        .outerjoin(version, and_(version.plan_id == Run.plan_id, version.version == Run.version))
        .where(is_in(Run.state, GOING), is_last_run(), step.is_stuck)
        .order_by(since)
    )


def _undecided_plans() -> Select[Any]:
    """The plans that wait for people themselves, those that wait longest first."""
    plan = WorkflowPlan
    return (
        plan_columns()
        .add_columns(plan.updated_at, plan.state)
        .where(is_unfinished(plan), or_(plan.state == PlanState.DRAFT, is_asking()))
        .order_by(plan.updated_at)
    )


# Put together once: this takes longer than PostgreSQL does to answer.
_STOPPED_STEPS, _UNDECIDED_PLANS = _stopped_steps(), _undecided_plans()


def _asked(row: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(user for user in (row.reporter_id, row.requester_id) if user))


def _of_step(row: Any, rules: ApprovalRules) -> Wait:
    deciders = rules.deciders(row.reporter_id, row.requester_id)
    words, who = DECISION, deciders
    if row.state == StepState.UNCERTAIN:
        words = CHECK
    elif row.state == StepState.WAITING and row.gated and not row.approved:
        named = (row.gate_people or {}).get(row.step_id)
        words, who = STEP_APPROVAL, tuple(named) if named else deciders
        who = (row.assigned_to,) if row.assigned_to else who
    elif row.state == StepState.WAITING:
        asked = tuple(each["person"] for each in people_asked(row.wait))
        words, who = ANSWER, asked or deciders
    what = Said(words, {"title": step_title(row)})
    return Wait(plan_ref(row), title_of(row), what, row.since, who, row.step_id)


def step_title(row: Any) -> str:
    """What a step does, in the plan's words."""
    return clip(" ".join((row.description or row.component_key).split()), TITLE)


def together(waits: Sequence[Wait]) -> Said | Several | None:
    """What a plan waits for: the first of that."""
    found = tuple(wait.what for wait in waits[:MAX_TOGETHER])
    return Several(found) if len(found) > 1 else next(iter(found), None)


def who_can(wait: Wait) -> dict[str, Value]:
    """Since when it waits, and who can end it."""
    return known(
        since=wait.since,
        who="anyone" if wait.who is None else None,
        people=People(wait.who) if wait.who else None,
    )


def _fact(wait: Wait) -> Fact:
    values = known(number=wait.plan.number, title=wait.title, waits_for=wait.what) | who_can(wait)
    return Fact(RowKind.WAIT, values, wait.plan)
