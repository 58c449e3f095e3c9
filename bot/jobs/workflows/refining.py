"""A draft is changed by a wish in words."""

from __future__ import annotations

from bot.deps import Deps
from bot.jobs.registry import Handler, Lane
from bot.views.private.changes import not_changed
from services.jobs import RefinePlan


async def refine(job: RefinePlan, deps: Deps) -> None:
    """Nothing can be changed yet, and whoever wished for it is told so, with their words."""
    await _tell(job, "A plan can't be changed by words yet, so nothing was changed.", deps)


async def give_up_refining(job: RefinePlan, deps: Deps) -> None:
    """Nothing was changed, for a reason of ours."""
    await _tell(job, "Something went wrong on my side, so nothing was changed. Please try again.", deps)


async def _tell(job: RefinePlan, why: str, deps: Deps) -> None:
    await deps.slack.tell(job.channel, job.user, not_changed(why, job.wish), thread_ts=job.thread_ts)


HANDLERS = (Handler(RefinePlan, Lane.QUICK, refine, give_up_refining),)
