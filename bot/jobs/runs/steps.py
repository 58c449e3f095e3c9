"""Steps are carried out."""

from __future__ import annotations

from bot.deps import Deps
from bot.jobs.registry import Handler, Lane
from services.jobs import RunStep


async def run_step(job: RunStep, deps: Deps) -> None:
    """Carry out one step; a job that runs again finds what is done done."""
    await deps.executor.run(job)


async def give_up_step(job: RunStep, deps: Deps) -> None:
    """Carrying out has failed in a way that nobody foresaw: a person has to look."""
    async with deps.database.transaction() as session:
        await deps.attempts.abandon(session, job, deps.now())


HANDLERS = (Handler(RunStep, Lane.STEPS, run_step, give_up_step),)
