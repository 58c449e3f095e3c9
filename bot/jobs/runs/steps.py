"""Steps are carried out."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.jobs.registry import Handler, Lane
from bot.languages import speaking
from bot.readers import language_for
from db.queue import current_row
from services.jobs import RunStep
from services.runs.claims import NextStep
from services.runs.decisions import DecidedStep


async def run_step(job: RunStep, deps: Deps) -> None:
    """Carry out one step; a job that runs again finds what is done done."""
    await deps.executor.run(job)


async def begin_ready(
    session: AsyncSession, ready: Sequence[RunStep], deps: Deps, at_hand: DecidedStep | None = None
) -> NextStep | None:
    """Begin one of the steps that a person's word lets start, in the transaction that writes the word down.

    What has to be known before it is sent is read with it. `at_hand` is what the word was about, if that is held.
    """
    following = await deps.attempts.begin_in_place(session, ready, current_row.get(), deps.now(), at_hand)
    if following is not None:
        await deps.door.look(session, following.job.workspace)
    return following


async def go_on(following: NextStep | None, deps: Deps) -> None:
    """Carry out what was begun so, in the place of the job that wrote the word down.

    What the step says is said to many, and not in the language of whoever has decided.
    """
    if following is not None:
        with speaking(await language_for(None, deps)):
            await deps.executor.go_on(following)


async def give_up_step(job: RunStep, deps: Deps) -> None:
    """Carrying out has failed in a way that nobody foresaw: a person has to look."""
    async with deps.database.transaction() as session:
        await deps.attempts.abandon(session, job, deps.now())


HANDLERS = (Handler(RunStep, Lane.STEPS, run_step, give_up_step),)
