"""Plans by how they stand, what they are about, whose they are and when they were reported; and how many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, and_, exists, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import Run, StepRun, WorkflowPlan
from services.queries.lookups.arguments import Period, PersonId, Text, person
from services.queries.lookups.components import named
from services.queries.lookups.plan_rows import (
    about_plan,
    plan_facts,
    standing,
    told,
)
from services.queries.lookups.rows import Fact, Facts, Person, RowKind, Said, Scope, Several, Value
from services.queries.lookups.waiting import Wait, all_waits, together
from services.queries.standing import is_open, is_unfinished, last_run_in
from services.states import PlanState, RunState

MAX_PLANS = 12
"""So many are told at a time."""

MAX_GROUPS = 15

Standing = Literal[
    "any",
    "open",
    "drafting",
    "to_review",
    "no_plan",
    "running",
    "waiting",
    "failed",
    "done",
    "cancelled",
    "discarded",
]

_CONDITIONS: Mapping[str, Callable[[Scope], ColumnElement[bool]]] = {
    "open": lambda scope: is_open(scope.workspace_id),
    "drafting": lambda _: and_(is_unfinished(WorkflowPlan), WorkflowPlan.state == PlanState.DRAFTING),
    "to_review": lambda _: and_(is_unfinished(WorkflowPlan), WorkflowPlan.state == PlanState.DRAFT),
    "no_plan": lambda _: and_(is_unfinished(WorkflowPlan), WorkflowPlan.state == PlanState.FAILED),
    "discarded": lambda _: WorkflowPlan.state == PlanState.DISCARDED,
    "running": lambda scope: last_run_in(scope.workspace_id, [RunState.RUNNING]),
    "waiting": lambda scope: last_run_in(scope.workspace_id, [RunState.WAITING]),
    "failed": lambda scope: last_run_in(scope.workspace_id, [RunState.FAILED]),
    "done": lambda scope: last_run_in(scope.workspace_id, [RunState.COMPLETED]),
    "cancelled": lambda scope: last_run_in(scope.workspace_id, [RunState.CANCELLED]),
}


class PlanArguments(Period):
    """Which plans."""

    state: Standing = Field("any", description="how they stand; open is all that is not over")
    text: Text | None = Field(None, description="words of the report, its place or its title, such as Ward 4")
    reporter: PersonId | None = Field(None, description="whose reports: a Slack id, or me for whoever asks")
    component: Text | None = Field(None, description="words of the name of a component that their runs use")


class CountArguments(PlanArguments):
    """Which plans, and what they are counted by."""

    by: Literal["state", "reporter", "place", "month"] = Field("state", description="what they are counted by")


async def plans(session: AsyncSession, scope: Scope, given: PlanArguments) -> Facts:
    """The newest of those that fit, and how many there are."""
    matching = (
        select(WorkflowPlan.id, func.count().over().label("found"))
        .where(*await _where(session, scope, given))
        .order_by(WorkflowPlan.number.desc())
        .limit(MAX_PLANS)
    )
    rows = (await session.execute(matching)).all()
    ids = [row.id for row in rows]
    facts = await plan_facts(session, ids, await waits_of(session, scope, ids)) if ids else []
    return Facts(facts, rows[0].found if rows else 0)


async def waits_of(session: AsyncSession, scope: Scope, ids: Iterable[UUID]) -> dict[UUID, Said | Several]:
    """What each plan waits for, where it does."""
    waits: dict[UUID, list[Wait]] = {}
    for wait in await all_waits(session, scope, list(ids)):
        waits.setdefault(wait.plan.id, []).append(wait)
    return {plan: said for plan, of_plan in waits.items() if (said := together(of_plan))}


async def counts(session: AsyncSession, scope: Scope, given: CountArguments) -> Facts:
    """How many of the plans that fit there are of each kind."""
    where = await _where(session, scope, given)
    counted = await (_by_state if given.by == "state" else _by_column)(session, scope, given.by, where)
    facts = [Fact(RowKind.COUNT, {given.by: value, "plans": plans}) for value, plans in counted]
    return Facts(facts[:MAX_GROUPS], len(facts), {"plans": sum(plans for _, plans in counted)})


Counted = list[tuple[Value, int]]


async def _by_state(session: AsyncSession, scope: Scope, by: str, where: list[ColumnElement[bool]]) -> Counted:
    """By how they stand. An approved plan stands as its last run does."""
    plan, later = WorkflowPlan, aliased(Run)
    number = func.count().label("plans")
    of_plans = select(plan.state, number).where(*where, plan.state != PlanState.APPROVED).group_by(plan.state)
    of_runs = (
        select(Run.state, number)
        .join(plan, plan.id == Run.plan_id)
        .where(*where, plan.state == PlanState.APPROVED, Run.workspace_id == scope.workspace_id)
        .where(~exists().where(later.plan_id == Run.plan_id, later.number > Run.number))
        .group_by(Run.state)
    )
    counted: Counted = [(standing(row.state, None), row.plans) for row in await session.execute(of_plans)]
    counted += [(standing(PlanState.APPROVED, row.state), row.plans) for row in await session.execute(of_runs)]
    return sorted(counted, key=lambda each: -each[1])


async def _by_column(session: AsyncSession, scope: Scope, by: str, where: list[ColumnElement[bool]]) -> Counted:
    plan = WorkflowPlan
    named: dict[str, ColumnElement[Any]] = {
        "reporter": plan.reporter_id.expression,
        "place": func.coalesce(func.nullif(func.trim(plan.place), ""), "no place given"),
        "month": func.to_char(func.timezone(scope.time_zone, plan.created_at), "YYYY-MM"),
    }
    kind, number = named[by].label("kind"), func.count().label("plans")
    query = select(kind, number).where(*where).group_by(literal_column("kind")).order_by(number.desc(), kind)
    rows = await session.execute(query)
    return [(Person(row.kind) if by == "reporter" else str(row.kind)[:80], row.plans) for row in rows]


async def _where(session: AsyncSession, scope: Scope, given: PlanArguments) -> list[ColumnElement[bool]]:
    plan = WorkflowPlan
    where = [told(scope)]
    if condition := _CONDITIONS.get(given.state):
        where.append(condition(scope))
    if (begins := given.begins(scope)) is not None:
        where.append(plan.created_at >= begins)
    if (ends := given.ends(scope)) is not None:
        where.append(plan.created_at < ends)
    if reporter := person(given.reporter, scope):
        where.append(plan.reporter_id == reporter)
    if given.text:
        where.append(about_plan(given.text))
    if given.component:
        keys = [spec.key for spec in await named(session, scope, given.component)]
        used = select(Run.plan_id).join(StepRun, StepRun.run_id == Run.id)
        of_them = (StepRun.workspace_id == scope.workspace_id, StepRun.component_key.in_(keys))
        where.append(plan.id.in_(used.where(*of_them)))
    return where
