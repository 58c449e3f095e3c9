"""Which plan a message of Slack's was made into, however that came about."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, Card, WorkflowPlan, Workspace
from services.states import PlanState

AS_IT_STOOD = ("shortcut", "emoji")
"""The sources of issues that are a message, and not the thread that somebody called the bot in."""


@dataclass(frozen=True, slots=True)
class PlanOfMessage:
    """A plan, and where its card is; `ts` is None until it is posted. `press`: of whoever had it planned."""

    id: UUID
    number: int
    is_discarded: bool
    channel: str
    ts: str | None
    press: str | None


async def plan_of_message(
    session: AsyncSession, workspace_id: UUID, channel: str, ts: str, thread_ts: str
) -> PlanOfMessage | None:
    """The newest plan of a message, or of the thread that it begins; None: it has not been planned.

    Whoever asks for the same message meanwhile waits until the caller commits: there is never a second plan.
    """
    await session.execute(select(Workspace.id).where(Workspace.id == workspace_id).with_for_update())
    of_thread = and_(WorkflowPlan.thread_ts == ts, WorkflowPlan.source.not_in(AS_IT_STOOD))
    found = await session.execute(
        select(WorkflowPlan, Card)
        .join(Card, Card.plan_id == WorkflowPlan.id)
        .where(
            WorkflowPlan.workspace_id == workspace_id,
            WorkflowPlan.channel_id == channel,
            # By this they are found: a thread holds few.
            WorkflowPlan.thread_ts == thread_ts,
            or_(WorkflowPlan.message_ts == ts, of_thread),
        )
        .order_by(WorkflowPlan.number.desc())
        .limit(1)
    )
    row = found.one_or_none()
    if row is None:
        return None
    plan, card = row
    press = await session.scalar(
        select(AuditEvent.facts["press"].as_string()).where(
            AuditEvent.workspace_id == workspace_id,
            AuditEvent.subject_id == plan.id,
            AuditEvent.action == "plan.opened",
        )
    )
    return PlanOfMessage(plan.id, plan.number, plan.state == PlanState.DISCARDED, card.channel_id, card.ts, press)
