"""What people do at a gate that decides nothing: remind, hand it over, ask for more information."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.errors import ChannelUnreachable
from bot.jobs.messages.posting import find_earlier
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.languages import speaking
from bot.readers import language_of_card
from bot.slack.messages import Message
from bot.views.messages.gate_request import gate_request
from bot.views.messages.reminder import gate_reminder
from bot.views.private.notes import Note, refusal, step_note
from db.queue import enqueue
from services.approvals import ApprovalRefused
from services.errors import MoveNotAllowed, NotFound, StaleVersion
from services.jobs import AskAtGate, HandOverGate, NudgeGate, PostGateRequest, PostNudge, Tell
from services.queries.runs import run_of_step
from services.queries.snapshots import PlanSnapshot
from services.runs.gate_acts import AskedEnough, NotFit, NudgedBefore

GateAct = NudgeGate | HandOverGate | AskAtGate


async def act_at_gate(job: GateAct, deps: Deps) -> None:
    """Do it, or tell whoever wants it, privately, why nothing was changed."""
    try:
        async with deps.database.transaction() as session:
            await _carry_out(session, job, deps)
    except NudgedBefore:
        await _tell(job, Note.NUDGED_BEFORE, deps)
    except NotFit:
        await _tell(job, Note.NOT_FIT, deps)
    except AskedEnough:
        await _tell(job, Note.ASKED_ENOUGH, deps)
    except ApprovalRefused as error:
        await _tell(job, refusal(error), deps)
    except NotFound:
        await _tell(job, Note.NOT_FOUND, deps)
    except (StaleVersion, MoveNotAllowed) as error:
        await _tell(job, step_note(error.state, None), deps)


async def give_up_act(job: GateAct, deps: Deps) -> None:
    """Nothing was done, for a reason of ours."""
    await _tell(job, Note.BUSY, deps)


async def post_nudge(job: PostNudge, deps: Deps) -> None:
    """Say in the card's thread, and to each who has a message about it, that somebody wants them to look."""
    async with deps.database.transaction() as session:
        snapshot = await _snapshot(session, job, deps)
        ringing = deps.notifications.ringing
        await ringing.remind(session, job.workspace, snapshot, job.step, job.nudge, job.by)
    with speaking(language_of_card(snapshot, deps.workspace)):
        message = gate_reminder(snapshot, job.step, gate_id=job.gate, number=job.nudge, by=job.by)
    await _post_in_thread(snapshot, message, deps)


async def post_gate_request(job: PostGateRequest, deps: Deps) -> None:
    """Put what somebody wants to know before they decide into the thread of the card, once."""
    async with deps.database.transaction() as session:
        snapshot = await _snapshot(session, job, deps)
    with speaking(language_of_card(snapshot, deps.workspace)):
        message = gate_request(snapshot, job.step, job.revision, job.number)
    await _post_in_thread(snapshot, message, deps)


async def _carry_out(session: AsyncSession, job: GateAct, deps: Deps) -> None:
    now = deps.now()
    match job:
        case NudgeGate():
            gate = await deps.gate_acts.nudge(session, job, now)
            if gate is not None:
                post = PostNudge(
                    workspace=job.workspace, step=job.target, gate=gate.id, nudge=gate.nudges, by=job.user
                )
                await enqueue(session, post, key=f"nudge:{gate.id}:{gate.nudges}")
        case HandOverGate():
            if await deps.gate_acts.hand_over(session, job, now) is not None:
                run = await run_of_step(session, job.workspace, job.target)
                snapshot = await deps.queries.get_by_run(session, job.workspace, run)
                await deps.notifications.ringing.ring_step(session, job.workspace, snapshot, job.target, now)
        case AskAtGate():
            await deps.gate_acts.ask(session, job, now)


async def _snapshot(session: AsyncSession, job: PostNudge | PostGateRequest, deps: Deps) -> PlanSnapshot:
    run = await run_of_step(session, job.workspace, job.step)
    return await deps.queries.get_by_run(session, job.workspace, run)


async def _post_in_thread(snapshot: PlanSnapshot, message: Message | None, deps: Deps) -> None:
    if message is None:
        return
    async with deps.database.transaction() as session:
        channel, thread_ts = await deps.cards.place(session, deps.workspace.id, snapshot.id)
    try:
        # Looked for first each time: nothing says whether an earlier try was killed after Slack took it.
        if not await find_earlier(channel, message, thread_ts, snapshot.created_at, deps):
            await deps.slack.post(channel, message, thread_ts=thread_ts)
    except ChannelUnreachable:
        return


async def _tell(job: GateAct, note: str, deps: Deps) -> None:
    words = Tell(workspace=job.workspace, channel=job.channel, user=job.user, note=note, thread_ts=job.thread_ts)
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key or job.target}:{job.user}:{job.revision}:{note}")


HANDLERS = (
    Handler(NudgeGate, Lane.QUICK, act_at_gate, give_up_act),
    Handler(HandOverGate, Lane.QUICK, act_at_gate, give_up_act),
    Handler(AskAtGate, Lane.QUICK, act_at_gate, give_up_act),
    Handler(PostNudge, Lane.QUICK, post_nudge, attempts=PATIENT_ATTEMPTS),
    Handler(PostGateRequest, Lane.QUICK, post_gate_request, attempts=PATIENT_ATTEMPTS),
)
