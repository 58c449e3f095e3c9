"""Run again: a new run of the version that an earlier run carried out, once that run is over."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Decision, StepRun, WorkflowExecution, WorkflowPlan
from services import audit
from services.approvals import ApprovalService
from services.audit import Actor
from services.errors import MoveNotAllowed, NotFound, StaleVersion
from services.runs.service import RunService
from services.states import RunState, StepState

ENDED = frozenset({RunState.COMPLETED, RunState.CANCELLED})
"""A run that has failed can be retried from there; to begin anew it has to be stopped first."""


async def run_again(
    session: AsyncSession,
    workspace_id: UUID,
    run_id: UUID,
    revision: int,
    actor: Actor,
    now: datetime,
    *,
    runs: RunService,
    approvals: ApprovalService,
) -> UUID:
    """Begin a new run of the same version; `revision` is the plan's, as the button was drawn for.

    Raises NotFound, NotAnApprover, SelfApproval; StaleVersion if it has been run again since; MoveNotAllowed while
    the run, or a call that it has made, is under way.
    """
    plan = await _plan(session, workspace_id, run_id)
    last = await _last_run(session, plan)
    if last.id != run_id or plan.revision != revision:
        raise StaleVersion(shown=revision, current=plan.revision, state=last.state)
    await approvals.check(session, workspace_id, actor.user, requester=plan.reporter_id)
    if last.state not in ENDED or await _is_calling(session, last):
        raise MoveNotAllowed(state=RunState.RUNNING, wanted=RunState.RUNNING)
    # From here on a second press of the same button is about a card that has changed.
    plan.revision += 1
    await audit.record(
        session, workspace_id, subject=plan.id, actor=actor, action="plan.run_again", after=str(run_id)
    )
    new_id = await runs.start(session, workspace_id, plan.id, last.version, actor, now)
    session.add(Decision(workspace_id=workspace_id, run_id=new_id, kind="again", user_id=actor.user))
    return new_id


async def _plan(session: AsyncSession, workspace_id: UUID, run_id: UUID) -> WorkflowPlan:
    """The plan of a run, held until the transaction ends."""
    of_run = select(WorkflowExecution.plan_id).where(WorkflowExecution.id == run_id).scalar_subquery()
    plan = await session.scalar(
        select(WorkflowPlan)
        .where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.id == of_run)
        .with_for_update()
    )
    if plan is None:
        raise NotFound("run", run_id)
    return plan


async def _last_run(session: AsyncSession, plan: WorkflowPlan) -> WorkflowExecution:
    return (
        await session.scalars(
            select(WorkflowExecution)
            .where(WorkflowExecution.plan_id == plan.id)
            .order_by(WorkflowExecution.number.desc())
            .limit(1)
            .with_for_update()
        )
    ).one()


async def _is_calling(session: AsyncSession, run: WorkflowExecution) -> bool:
    """Whether a call that was made before the run was cancelled has not come back yet."""
    calling = select(StepRun.id).where(StepRun.run_id == run.id, StepRun.state == StepState.RUNNING).limit(1)
    return await session.scalar(calling) is not None
