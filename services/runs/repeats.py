"""Presses whose job runs twice: the worker may die between the commit and the end of the job.

The second time what was decided about has changed, by that very press, and nobody needs to be told of it. Somebody
who presses a button twice is told, as anybody else is whose press comes too late.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select

from db.models import AuditEvent, StepRun, WorkflowExecution
from db.session import ReadSession
from services.jobs import Decide, DecideRun


async def decider_of(session: ReadSession, workspace_id: UUID, job: DecideRun) -> str | None:
    """Who decided about the step, or ended the run, that a press came too late for."""
    run = select(WorkflowExecution.ended_by).where(
        WorkflowExecution.workspace_id == workspace_id, WorkflowExecution.id == job.target
    )
    step = (
        select(StepRun.decided_by)
        .join(WorkflowExecution, WorkflowExecution.id == StepRun.run_id)
        .where(WorkflowExecution.workspace_id == workspace_id, StepRun.id == job.target)
    )
    return await session.scalar(step) or await session.scalar(run)


async def is_decided(session: ReadSession, workspace_id: UUID, job: Decide | DecideRun) -> bool:
    """Whether what this very press decided is on record already."""
    if job.key is None:
        return False
    target = job.plan if isinstance(job, Decide) else job.target
    # A decision is on record with its plan or its run, and a button may be about a step.
    run = select(StepRun.run_id).where(StepRun.id == target).scalar_subquery()
    plan = select(WorkflowExecution.plan_id).where(WorkflowExecution.id == target).scalar_subquery()
    subject = AuditEvent.subject_id
    found = select(AuditEvent.id).where(
        AuditEvent.workspace_id == workspace_id,
        or_(subject == target, subject == run, subject == plan),
        AuditEvent.actor == job.user,
        AuditEvent.facts["press"].as_string() == job.key,
    )
    return await session.scalar(found.limit(1)) is not None
