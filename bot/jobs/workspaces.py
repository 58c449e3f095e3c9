"""The app was removed from a workspace: what is under way there ends, so that nothing goes on unseen."""

from __future__ import annotations

from bot.deps import Deps
from bot.jobs.registry import Handler, Lane
from services.jobs import EndWork
from services.states import FailureCode
from services.workflows.drafts import Failure

BATCH_ROWS = 100
"""So many runs, or plans, end in one transaction: none holds its locks for long."""


async def end_work(job: EndWork, deps: Deps) -> None:
    """Cancel the runs and fail the drafts of the workspace, with a record of each."""
    ended = BATCH_ROWS
    while ended == BATCH_ROWS:
        async with deps.database.transaction() as session:
            ended = await deps.runs.cancel_all(session, job.workspace, deps.now(), limit=BATCH_ROWS)
    ended = BATCH_ROWS
    while ended == BATCH_ROWS:
        async with deps.database.transaction() as session:
            failure = Failure(FailureCode.APP_REMOVED)
            ended = await deps.workflows.fail_all(session, job.workspace, failure, limit=BATCH_ROWS)


HANDLERS = (Handler(EndWork, Lane.QUICK, end_work, of_removed=True),)
