"""A question on record: who asked what, which look-ups that took, and what the model cost."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AICall, AuditEvent, WorkflowPlan
from services import audit
from services.formats.text import clip
from services.jobs import AnswerInquiry
from services.queries.inquiries.asking import Answered

ASKED, ANSWERED = "inquiry.asked", "inquiry.answered"
MAX_TEXT = 500


def id_of(job: AnswerInquiry) -> UUID:
    """The id of a question, the same each time that its job is run."""
    return uuid5(NAMESPACE_URL, f"{job.workspace}/inquiry/{job.key}")


async def note_asked(session: AsyncSession, job: AnswerInquiry) -> datetime | None:
    """Put the question on record; or, if an earlier try of the job came this far, say when that was."""
    event = AuditEvent
    of_it = (event.workspace_id == job.workspace, event.subject_id == id_of(job), event.action == ASKED)
    if before := await session.scalar(select(event.created_at).where(*of_it)):
        return before
    facts: dict[str, Any] = {"text": clip(job.inquiry, MAX_TEXT)}
    if job.plan is not None:
        facts["plan"] = str(job.plan)
    await audit.record(session, job.workspace, subject=id_of(job), actor=job.actor, action=ASKED, **facts)
    return None


async def note_answered(session: AsyncSession, job: AnswerInquiry, answered: Answered) -> None:
    """Put on record how it was answered. Tokens count against the day's budget from here on."""
    if answered.usages:
        plan = None if job.plan is None else await session.scalar(_plan(job.workspace, job.plan))
        rows = [{"workspace_id": job.workspace, "plan_id": plan, **usage.to_row()} for usage in answered.usages]
        await session.execute(insert(AICall), rows)
    look_ups = [
        {"name": page.wanted.name, "arguments": dict(page.wanted.arguments), "rows": len(page.rows) - 1}
        for page in answered.pages
    ]
    await audit.record(
        session,
        job.workspace,
        subject=id_of(job),
        actor=audit.SYSTEM,
        action=ANSWERED,
        look_ups=look_ups,
        trouble=None if answered.trouble is None else answered.trouble.value,
    )


def _plan(workspace_id: UUID, plan_id: UUID) -> Any:
    return select(WorkflowPlan.id).where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.id == plan_id)
