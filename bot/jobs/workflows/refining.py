"""Drafts are changed: by a wish in words, by hand, or back to an earlier version."""

from __future__ import annotations

import logging
from typing import Any

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.views.private.changes import not_changed
from bot.views.private.notes import Note
from db.queue import enqueue
from services.approvals import NotAnApprover
from services.errors import MoveNotAllowed, NotFound, StaleVersion
from services.jobs import RefinePlan, Tell, TellOfWish, WishOutcome
from services.jobs.refining import Change
from services.states import PlanState

logger = logging.getLogger("mudda.refining")


async def refine(job: RefinePlan, deps: Deps) -> None:
    """Hand the wish to the agents, or tell whoever wished for it, privately, why nothing is changed."""
    if not job.wish.strip():
        await refuse(job, WishOutcome.EMPTY, job.wish, deps)
        return
    try:
        async with deps.database.transaction() as session:
            await deps.refining.wish(session, job)
    except (NotFound, NotAnApprover, StaleVersion, MoveNotAllowed) as error:
        await refuse_for(job, error, job.wish, deps)


async def give_up_refining(job: RefinePlan, deps: Deps) -> None:
    """Nothing was changed, for a reason of ours."""
    await refuse(job, WishOutcome.BUSY, job.wish, deps)


async def tell_of_wish(job: TellOfWish, deps: Deps) -> None:
    """Say it; a person who has left the channel since can't be told, and that is no failure of ours."""
    try:
        await deps.slack.tell(job.channel, job.user, not_changed(job), thread_ts=job.thread_ts)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not tell somebody privately: %s", error)


async def refuse_for(
    job: Change, error: NotFound | NotAnApprover | StaleVersion | MoveNotAllowed, said: str, deps: Deps
) -> None:
    """Say why a change was not made, as the error has it; `said` is what they wrote."""
    if isinstance(error, NotFound):
        words = Tell(
            workspace=job.workspace,
            channel=job.channel,
            user=job.user,
            note=Note.NOT_FOUND,
            thread_ts=job.thread_ts,
        )
        async with deps.database.transaction() as session:
            await enqueue(session, words, key=f"tell:{job.key}")
    elif isinstance(error, NotAnApprover):
        await refuse(job, WishOutcome.NOT_ALLOWED, said, deps)
    else:
        await _refuse_late(job, error.state, said, deps)


async def refuse(
    job: Change,
    outcome: WishOutcome,
    said: str,
    deps: Deps,
    *,
    by: str | None = None,
    faults: tuple[dict[str, Any], ...] = (),
) -> None:
    """Have it said; under a key, so that the same job run twice says it once."""
    words = TellOfWish(
        workspace=job.workspace,
        channel=job.channel,
        user=job.user,
        thread_ts=job.thread_ts,
        wish=said,
        outcome=outcome,
        by=by,
        faults=faults,
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}")


async def _refuse_late(job: Change, state: str, said: str, deps: Deps) -> None:
    """Somebody was first: with a change of their own, an approval, or by discarding the plan."""
    async with deps.database.reading() as session:
        plan = await deps.queries.get(session, job.workspace, job.plan)
    match state:
        case PlanState.DRAFTING:
            by = plan.change["by"] if plan.change else None
            await refuse(job, WishOutcome.UNDER_WAY, said, deps, by=by)
        case PlanState.APPROVED:
            await refuse(job, WishOutcome.OVER, said, deps, by=plan.decided_by)
        case PlanState.DISCARDED:
            await refuse(job, WishOutcome.DISCARDED, said, deps, by=plan.decided_by)
        case _:
            await refuse(job, WishOutcome.CHANGED_SINCE, said, deps)


HANDLERS = (
    Handler(RefinePlan, Lane.QUICK, refine, give_up_refining),
    Handler(TellOfWish, Lane.QUICK, tell_of_wish, attempts=PATIENT_ATTEMPTS),
)
