"""What reporters are told when their runs are over: as many with one transaction as there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.group_commit import GroupCommits, LockedElsewhere
from db.queue import enqueue_all
from db.session import Database
from services.jobs import ReplyToReporter, TellOfSame
from services.queries.draws import MAX_BATCH, PAUSE
from services.queries.snapshots import PlanSnapshot
from services.queries.workflows import WorkflowQueries
from services.runs import replies
from services.runs.replies import Reply
from services.workflows import look_alikes

Asked = tuple[ReplyToReporter, datetime]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reply that is due, and the plan with the run as they were then."""

    reply: Reply
    plan: PlanSnapshot


class RunReplies:
    """Begins and ends replies. One per process; a transaction is about one workspace only."""

    def __init__(self, database: Database, queries: WorkflowQueries) -> None:
        self._database = database
        self._queries = queries
        self._beginning = GroupCommits(self._begin, max_batch=MAX_BATCH, pause=PAUSE)
        self._ending = GroupCommits(self._end, max_batch=MAX_BATCH, pause=PAUSE)

    async def begin(self, job: ReplyToReporter, now: datetime) -> Outcome | None:
        """Note that the reporter is about to be told, and read what of; None if that is done. Raises NotFound.

        Those who have reported the same are told, too, each by a job of their own.
        """
        return await self._beginning.put(job.workspace, (job, now))

    async def replied(self, job: ReplyToReporter, ts: str) -> None:
        """The reporter has been told."""
        await self._ending.put(job.workspace, (job.run, ts))

    async def close(self) -> None:
        """Wait until what was handed over is written."""
        await self._beginning.close()
        await self._ending.close()

    async def _begin(
        self, workspace: UUID, asked: Sequence[Asked], may_wait: bool
    ) -> list[Outcome | LockedElsewhere | None]:
        async with self._database.of(workspace).transaction() as session:
            times = {job.run: now for job, now in asked}
            begun = await replies.begin(session, workspace, times, may_wait=may_wait)
            due = [run for run, reply in begun.items() if isinstance(reply, Reply)]
            plans = await self._queries.get_all_by_run(session, workspace, due) if due else {}
            jobs = [job for job, _ in asked if not isinstance(begun[job.run], LockedElsewhere)]
            followers = await look_alikes.followers(session, workspace, {job.plan for job in jobs})
            same = [
                TellOfSame(workspace=workspace, plan=other, run=job.run)
                for job in jobs
                for other in followers.get(job.plan, ())
            ]
            await enqueue_all(session, same, [f"same:{job.plan}:{job.run}" for job in same])
        return [_outcome(begun[job.run], plans) for job, _ in asked]

    async def _end(
        self, workspace: UUID, told: Sequence[tuple[UUID, str]], may_wait: bool
    ) -> list[LockedElsewhere | None]:
        async with self._database.of(workspace).transaction() as session:
            noted = await replies.end(session, workspace, dict(told), may_wait=may_wait)
        return [None if run in noted else LockedElsewhere.LOCKED for run, _ in told]


def _outcome(
    reply: Reply | LockedElsewhere | None, plans: dict[UUID, PlanSnapshot]
) -> Outcome | LockedElsewhere | None:
    return Outcome(reply, plans[reply.run_id]) if isinstance(reply, Reply) else reply
