"""Steps of workflows of Workflow Builder: what of a plan each waits for, and how it ends.

A row is put in before the plan is looked at, in a transaction of its own, and the plan is looked at again whenever
its card is drawn: so no end of a plan is missed. Nothing is decided by a workflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import FunctionExecution
from db.queue import enqueue, enqueue_all
from services.errors import NotFound
from services.jobs import CompleteFunction
from services.queries.snapshots import PlanSnapshot
from services.states import PlanState, RunState

MAX_FORGOTTEN = 100
"""So many steps whose plans are gone are ended at a time."""


class Function(StrEnum):
    """What a step of a workflow does."""

    DRAFT = "draft"
    RUN = "run"


class Outcome(StrEnum):
    """How a step of a workflow ends: the first three are what it is for, the others are why that did not come."""

    DRAFTED = "drafted"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_PLAN = "no_plan"
    DISCARDED = "discarded"
    FORGOTTEN = "forgotten"


SUCCESSES = frozenset({Outcome.DRAFTED, Outcome.COMPLETED, Outcome.CANCELLED})


@dataclass(frozen=True, slots=True)
class Execution:
    """A step that Slack waits for. `plan` is None once that is forgotten."""

    id: UUID
    execution_id: str
    function: Function
    plan: UUID | None


def outcome_of(function: Function, plan: PlanSnapshot) -> Outcome | None:
    """How a step ends, by its plan as it is now; None: not yet."""
    if plan.state == PlanState.DISCARDED:
        return Outcome.DISCARDED
    if plan.state == PlanState.FAILED:
        return Outcome.NO_PLAN
    if function == Function.DRAFT:
        return None if plan.state == PlanState.DRAFTING else Outcome.DRAFTED
    ends = {RunState.COMPLETED: Outcome.COMPLETED, RunState.CANCELLED: Outcome.CANCELLED}
    return ends.get(plan.run.state) if plan.run is not None else None


async def wait(
    session: AsyncSession,
    workspace_id: UUID,
    execution_id: str,
    function: Function,
    plan_id: UUID,
    asked_for: str | None,
) -> None:
    """A step waits for a plan from now on; nothing if that is known."""
    row = insert(FunctionExecution).values(
        workspace_id=workspace_id,
        execution_id=execution_id,
        function=function,
        plan_id=plan_id,
        asked_for=asked_for,
    )
    await session.execute(row.on_conflict_do_nothing())


async def follow(session: AsyncSession, workspace_id: UUID, plan: PlanSnapshot) -> None:
    """Have those steps ended that waited for what a plan has come to."""
    for row in await _waiting(session, workspace_id, plan.id):
        if outcome_of(Function(row.function), plan) is not None:
            await enqueue(session, CompleteFunction(workspace=workspace_id, step=row.id), key=_key(row.id))


async def get(session: AsyncSession, workspace_id: UUID, row_id: UUID) -> Execution | None:
    """A step that Slack waits for; None if Slack has been told. Raises NotFound."""
    row = await session.scalar(
        select(FunctionExecution).where(
            FunctionExecution.workspace_id == workspace_id, FunctionExecution.id == row_id
        )
    )
    if row is None:
        raise NotFound("function", row_id)
    if row.completed_at is not None:
        return None
    return Execution(row.id, row.execution_id, Function(row.function), row.plan_id)


async def completed(session: AsyncSession, workspace_id: UUID, row_id: UUID, now: datetime) -> None:
    """Slack knows how it ended."""
    await session.execute(
        update(FunctionExecution)
        .where(FunctionExecution.workspace_id == workspace_id, FunctionExecution.id == row_id)
        .values(completed_at=now)
    )


async def request_forgotten(session: AsyncSession) -> None:
    """Have the steps ended, of all workspaces, whose plans are gone."""
    rows = await session.scalars(
        select(FunctionExecution)
        .where(FunctionExecution.plan_id.is_(None), FunctionExecution.completed_at.is_(None))
        .order_by(FunctionExecution.created_at)
        .limit(MAX_FORGOTTEN)
    )
    jobs = [CompleteFunction(workspace=row.workspace_id, step=row.id) for row in rows]
    await enqueue_all(session, jobs, [_key(job.step) for job in jobs])


async def _waiting(session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> Sequence[FunctionExecution]:
    rows = await session.scalars(
        select(FunctionExecution).where(
            FunctionExecution.workspace_id == workspace_id,
            FunctionExecution.plan_id == plan_id,
            FunctionExecution.completed_at.is_(None),
        )
    )
    return rows.all()


def _key(row_id: UUID) -> str:
    return f"function:{row_id}"
