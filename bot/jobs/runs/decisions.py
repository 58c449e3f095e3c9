"""People decide about a run and its steps."""

from __future__ import annotations

from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.jobs.registry import Handler, Lane
from bot.jobs.runs.steps import begin_ready, go_on
from bot.views.private.notes import Note, refusal, run_note, step_note
from db.queue import enqueue
from services.approvals import ApprovalRefused
from services.errors import MoveNotAllowed, NotFound, StaleVersion
from services.jobs import DecideRun, RunDecision, RunStep, StepDecision, Tell
from services.runs.decisions import DecidedStep, decider_of, press_is_recorded


async def decide_run(job: DecideRun, deps: Deps) -> None:
    """Carry a decision out, or tell whoever made it, privately, why nothing was changed.

    What it lets start is begun with it, and carried out in the place of this job.
    """
    following = None
    try:
        async with deps.database.transaction(keeps_plans=True) as session:
            ready, at_hand = await _carry_out(session, job, deps)
            following = await begin_ready(session, ready, deps, at_hand)
    except NotFound:
        await _refuse(job, Note.NOT_FOUND, deps)
    except ApprovalRefused as error:
        if not await _is_repeat(job, deps):
            await _refuse(job, refusal(error), deps)
    except (StaleVersion, MoveNotAllowed) as error:
        if not await _is_repeat(job, deps):
            await _too_late(job, error.state, deps)
    await go_on(following, deps)


async def _too_late(job: DecideRun, state: str, deps: Deps) -> None:
    """Say what has become of the step or the run, and who was first."""
    async with deps.database.reading() as session:
        by = await decider_of(session, job.workspace, job)
    says = run_note if isinstance(job.decision, RunDecision) else step_note
    await _refuse(job, says(state, by), deps)


async def give_up_decision(job: DecideRun, deps: Deps) -> None:
    """Nothing was decided, for a reason of ours."""
    await _refuse(job, Note.BUSY, deps)


async def _carry_out(
    session: AsyncSession, job: DecideRun, deps: Deps
) -> tuple[list[RunStep], DecidedStep | None]:
    """Write the decision down; the jobs of steps that can start now, and the step that it is about, if it is."""
    now, ready = deps.now(), list[RunStep]()
    at_hand = None
    match job.decision:
        case RunDecision.CANCEL:
            await deps.runs.cancel(session, job.workspace, job.target, job.actor, now)
        case RunDecision.STOP:
            await deps.runs.cancel(session, job.workspace, job.target, job.actor, now, only_failed=True)
        case RunDecision.AGAIN:
            await deps.runs.rerun(session, job.workspace, job.target, job.revision, job.actor, now, ready)
        case StepDecision():
            at_hand = await deps.decisions.decide(
                session,
                job.workspace,
                job.target,
                job.revision,
                job.decision,
                job.actor,
                now,
                job.reason,
                job.outputs,
                ready,
            )
            await deps.learning.keep_reason(
                session, job.workspace, job.target, job.decision, job.reason, job.actor
            )
        case _:
            assert_never(job.decision)
    return ready, at_hand


async def _is_repeat(job: DecideRun, deps: Deps) -> bool:
    """Whether an earlier run of this job has done it, and its worker died then."""
    async with deps.database.reading() as session:
        return await press_is_recorded(session, job.workspace, job)


async def _refuse(job: DecideRun, note: str, deps: Deps) -> None:
    words = Tell(workspace=job.workspace, channel=job.channel, user=job.user, note=note, thread_ts=job.thread_ts)
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key or job.target}:{job.user}:{job.revision}:{note}")


HANDLERS = (Handler(DecideRun, Lane.QUICK, decide_run, give_up_decision, is_silent=True),)
