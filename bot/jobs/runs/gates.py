"""Gates that nobody decides about: reminders and time limits; and the rules that they follow."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.errors import ChannelUnreachable
from bot.jobs.messages.posting import find_earlier, link
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.languages import speaking
from bot.readers import language_of_card
from bot.views.messages.reminder import gate_reminder
from bot.views.private.notes import Note, with_people
from db.queue import enqueue
from services import homes
from services.approvals import LimitOutcome, NotAnApprover
from services.jobs import GateLimit, RemindGate, SetApprovalRules, Tell


async def remind_gate(job: RemindGate, deps: Deps) -> None:
    """Say in the card's thread that a step waits, once for each reminder; nothing if it does not wait any more."""
    async with deps.database.transaction() as session:
        due = await deps.reminders.remind(session, job, deps.now())
        if due is None:
            return
        snapshot = await deps.queries.get(session, job.workspace, job.plan)
        await deps.notifications.ringing.remind(session, job.workspace, snapshot, job.step, job.reminder)
        channel, thread_ts = await deps.cards.place(session, job.workspace, job.plan)
        _, ts = await deps.cards.message(session, job.workspace, job.plan)
    try:
        card = await link(channel, ts, deps)
        with speaking(language_of_card(snapshot, deps.workspace)):
            message = gate_reminder(snapshot, job.step, gate_id=due.gate_id, number=due.number, card=card)
        if message is None:
            return
        if due.begun_at is None or not await find_earlier(channel, message, thread_ts, due.begun_at, deps):
            await deps.slack.post(channel, message, thread_ts=thread_ts)
    except ChannelUnreachable:
        return


async def end_gate(job: GateLimit, deps: Deps) -> None:
    """Nobody has decided in time: do what the rules said when the step began to wait."""
    async with deps.database.transaction() as session:
        await deps.reminders.time_out(session, job, deps.now())


async def set_approvals(job: SetApprovalRules, deps: Deps) -> None:
    """Keep the rules, have the cards say who may decide now, and tell whoever set them."""
    changes = {
        "approvers": job.approvers,
        "quorum": job.quorum,
        "remind_after_minutes": job.remind_after_minutes,
        "limit_minutes": job.limit_minutes,
        "limit_outcome": LimitOutcome(job.limit_outcome),
    }
    try:
        async with deps.database.transaction() as session:
            if await deps.approvals.change(session, job.workspace, job.actor, changes):
                await redraw_awaiting(session, job.workspace, deps)
            await enqueue(session, _tell(job, Note.APPROVALS_SET))
    except NotAnApprover as error:
        async with deps.database.transaction() as session:
            await enqueue(session, _tell(job, with_people(Note.APPROVALS_CLOSED, error.approvers)))


async def redraw_awaiting(session: AsyncSession, workspace_id: UUID, deps: Deps) -> None:
    """Have the cards that say who may decide say so as it is now, and the Homes."""
    plans = await deps.queries.awaiting(session, workspace_id)
    await deps.cards.request_redraws(session, [(workspace_id, plan) for plan in plans])
    await homes.request_all(session, workspace_id)


async def give_up_approvals(job: SetApprovalRules, deps: Deps) -> None:
    """The rules are as they were, for a reason of ours."""
    async with deps.database.transaction() as session:
        await enqueue(session, _tell(job, Note.BUSY))


def _tell(job: SetApprovalRules, note: str) -> Tell:
    return Tell(
        workspace=job.workspace, channel=job.channel, user=job.user, note=note, response_url=job.response_url
    )


HANDLERS = (
    Handler(RemindGate, Lane.QUICK, remind_gate, attempts=PATIENT_ATTEMPTS),
    Handler(GateLimit, Lane.QUICK, end_gate),
    Handler(SetApprovalRules, Lane.QUICK, set_approvals, give_up_approvals),
)
