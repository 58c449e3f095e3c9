"""What it costs to tell reporters: so many statements for one, and no more for many; and each is told once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update

from db.models import Run, WorkflowPlan
from db.session import Database
from services.approvals import ApprovalService
from services.errors import NotFound
from services.jobs import ReplyToReporter
from services.queries.replies import RunReplies
from services.queries.workflows import WorkflowQueries
from tests.support.run_starts import begun, now, registered, step
from tests.support.sent_statements import statements

MOST = 6
"""Of a reply: that it begins, the plan, its steps, its version, who has reported the same, and that it is said."""


@pytest.fixture
async def jobs(database: Database, workspace_id: UUID) -> list[ReplyToReporter]:
    """Ten replies that are due, in the order in which the rows of their runs are locked."""
    await registered(
        database, workspace_id, {"key": "do", "http_method": "GET", "endpoint_url": "https://do.example"}
    )
    async with database.transaction() as session:
        for _ in range(10):
            await begun(session, workspace_id, [step("act", "do")])
        await session.execute(text("DELETE FROM pgqueuer"))
        runs = await session.execute(select(Run.plan_id, Run.id).order_by(Run.id))
        return [ReplyToReporter(workspace=workspace_id, plan=plan, run=run) for plan, run in runs]


@pytest.fixture
def replies(database: Database) -> RunReplies:
    return RunReplies(database, WorkflowQueries(ApprovalService()))


async def told(replies: RunReplies, job: ReplyToReporter) -> None:
    """Tell a reporter, but for Slack."""
    outcome = await replies.begin(job, now())
    assert outcome is not None
    assert outcome.plan.run is not None
    assert outcome.plan.run.id == job.run
    await replies.replied(job, "1.1")


async def test_a_reply_costs_no_more_than_six_statements(
    database: Database, replies: RunReplies, jobs: list[ReplyToReporter]
) -> None:
    with statements(database) as sent:
        await told(replies, jobs[0])
    assert len(sent) <= MOST, sent


async def test_ten_at_once_cost_hardly_more_than_one(
    database: Database, replies: RunReplies, jobs: list[ReplyToReporter]
) -> None:
    with statements(database) as sent:
        await asyncio.gather(*(told(replies, job) for job in jobs))
    assert len(sent) <= 3 * MOST, f"ten replies at once cost {len(sent)} statements: {sent}"
    async with database.reading() as session:
        assert set(await session.scalars(select(Run.reply_ts))) == {"1.1"}


async def test_a_run_that_somebody_holds_does_not_hold_up_others(
    database: Database, replies: RunReplies, jobs: list[ReplyToReporter]
) -> None:
    async with database.transaction() as session:
        await session.execute(select(Run.id).where(Run.id == jobs[0].run).with_for_update())
        held = asyncio.create_task(told(replies, jobs[0]))
        await asyncio.wait_for(asyncio.gather(*(told(replies, job) for job in jobs[1:])), 20)
        assert not held.done()
    await asyncio.wait_for(held, 20)


async def test_one_that_was_cut_off_is_begun_again_and_says_since_when(
    replies: RunReplies, jobs: list[ReplyToReporter]
) -> None:
    began = now()
    found = [await replies.begin(jobs[0], began + timedelta(seconds=20 * n)) for n in range(3)]
    assert [outcome.reply.begun_at for outcome in found if outcome is not None] == [None, began, began]


async def test_nobody_is_told_twice(replies: RunReplies, jobs: list[ReplyToReporter]) -> None:
    await told(replies, jobs[0])
    assert await replies.begin(jobs[0], now()) is None


async def test_who_reported_the_same_is_told_even_if_the_reply_was_said(
    database: Database, replies: RunReplies, jobs: list[ReplyToReporter]
) -> None:
    async with database.transaction() as session:
        same = update(WorkflowPlan).where(WorkflowPlan.id == jobs[1].plan)
        await session.execute(same.values(same_as=jobs[0].plan))
    await asyncio.gather(*(told(replies, job) for job in jobs))
    assert await replies.begin(jobs[0], now()) is None
    async with database.reading() as session:
        keys = await session.scalars(text("SELECT dedupe_key FROM pgqueuer WHERE entrypoint = 'tell_of_same'"))
        assert list(keys) == [f"same:{jobs[1].plan}:{jobs[0].run}"]


async def test_another_workspace_has_no_such_run(replies: RunReplies, jobs: list[ReplyToReporter]) -> None:
    with pytest.raises(NotFound):
        await replies.begin(jobs[0].model_copy(update={"workspace": uuid4()}), now())
