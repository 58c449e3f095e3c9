"""A plan is decided about."""

from __future__ import annotations

from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.jobs.registry import Handler, Lane
from bot.jobs.runs.steps import begin_ready, go_on
from bot.rechecking import rechecked
from bot.views.private.notes import Note, approved_by, discarded_by, refusal, stale
from db.queue import enqueue
from services.approvals import ApprovalRefused
from services.errors import MoveNotAllowed, NotFound, StaleVersion
from services.jobs import DecidePlan, PlanDecision, RunStep, Tell, TellOfWish, WishOutcome
from services.runs.decisions import press_is_recorded
from services.states import PlanState


async def decide(job: DecidePlan, deps: Deps) -> None:
    """Carry a decision out, or tell whoever made it, privately, why nothing was changed.

    What an approval lets start is begun with it, and carried out in the place of this job.
    """
    following = None
    try:
        if job.decision is PlanDecision.APPROVE and await _is_outdated(job, deps):
            return
        async with deps.database.transaction() as session:
            ready = await _carry_out(session, job, deps)
            following = await begin_ready(session, ready, deps)
    except NotFound:
        await _refuse(job, Note.NOT_FOUND, deps)
    except ApprovalRefused as error:
        await _refuse(job, refusal(error), deps)
    except (StaleVersion, MoveNotAllowed) as error:
        if note := await _what_happened(job, error.state, deps):
            await _refuse(job, note, deps)
    await go_on(following, deps)


async def _is_outdated(job: DecidePlan, deps: Deps) -> bool:
    """Whether the plan has faults by the components and policies of today; whoever approves it is told which."""
    async with deps.database.reading() as session:
        plan = await deps.queries.get(session, job.workspace, job.plan)
    if plan.state is not PlanState.DRAFT or plan.revision != job.revision or plan.version is None:
        return False  # which is for the approval itself to refuse
    draft = await rechecked(plan, plan.version, plan.version.plan, deps)
    if draft.report.ok:
        return False
    told = TellOfWish(
        workspace=job.workspace,
        channel=job.channel,
        user=job.user,
        thread_ts=job.thread_ts,
        wish="",
        outcome=WishOutcome.OUTDATED,
        faults=tuple(fault.to_dict() for fault in draft.report.errors),
        plan=job.plan,
        revision=job.revision,
    )
    async with deps.database.transaction() as session:
        await deps.approvals.check(
            session,
            job.workspace,
            job.user,
            requester=plan.issue.reporter,
            also=plan.requester,
            now=deps.now(),
        )
        await enqueue(session, told, key=f"tell:{job.key or job.plan}:{job.user}:{job.revision}:outdated")
    return True


async def give_up_decision(job: DecidePlan, deps: Deps) -> None:
    """Nothing was decided, for a reason of ours."""
    await _refuse(job, Note.BUSY, deps)


async def _carry_out(session: AsyncSession, job: DecidePlan, deps: Deps) -> list[RunStep]:
    """Write the decision down; the jobs of steps that can start now."""
    plan, revision, actor, now = job.plan, job.revision, job.actor, deps.now()
    ready: list[RunStep] = []
    match job.decision:
        case PlanDecision.DISCARD:
            await deps.workflows.discard(session, job.workspace, plan, revision, actor, now)
            await deps.conversations.decided(session, job.workspace, plan)
        case PlanDecision.TRY_AGAIN:
            await deps.workflows.try_again(session, job.workspace, plan, revision, actor)
        case PlanDecision.APPROVE:
            # In one transaction: an approved plan that nothing carries out can't be.
            version = await deps.workflows.approve(session, job.workspace, plan, revision, actor, now)
            await deps.runs.start(session, job.workspace, plan, version, actor, now, ready)
            await deps.conversations.decided(session, job.workspace, plan)
        case _:
            assert_never(job.decision)
    return ready


async def _what_happened(job: DecidePlan, state: str, deps: Deps) -> str | None:
    """The note for a card that has changed since: who decided about the plan, or what it is now.

    None if an earlier run of this job has done what it says, and its worker died then.
    """
    async with deps.database.reading() as session:
        if await press_is_recorded(session, job.workspace, job):
            return None
        if job.decision is PlanDecision.APPROVE and state == PlanState.DRAFTING:
            return Note.APPROVE_WHILE_DRAFTING
        if state not in (PlanState.DISCARDED, PlanState.APPROVED):
            return stale(state)
        plan = await deps.queries.get(session, job.workspace, job.plan)
    return (discarded_by if state == PlanState.DISCARDED else approved_by)(plan.decided_by)


async def _refuse(job: DecidePlan, note: str, deps: Deps) -> None:
    words = Tell(workspace=job.workspace, channel=job.channel, user=job.user, note=note, thread_ts=job.thread_ts)
    async with deps.database.transaction() as session:
        # Under a key: the same job run twice tells it once, and another press is answered for itself.
        await enqueue(session, words, key=f"tell:{job.key or job.plan}:{job.user}:{job.revision}:{note}")


HANDLERS = (Handler(DecidePlan, Lane.QUICK, decide, give_up_decision),)
