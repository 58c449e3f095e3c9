"""Which plan a message has: found by it or by the thread that was planned, and never while one is made."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.session import Database
from services.jobs import OpenPlan
from services.workflows.origins import PlanOfMessage, plan_of_message
from tests.support.gates import workflows

CHANNEL, ROOT, REPLY = "C0WORKS001", "1.000001", "1.000002"


async def opened(database: Database, workspace_id: UUID, *, source: str, ts: str, key: str = "a") -> None:
    """A plan of the message `ts` in the thread of ROOT."""
    job = OpenPlan(
        key=key,
        workspace=workspace_id,
        source=source,
        channel=CHANNEL,
        reporter="U0DANA0001",
        text="A leak",
        message_ts=ts,
        thread_ts=ROOT,
        press=f"press:{key}",
    )
    async with database.transaction() as session:
        await workflows.open_plan(session, job)


async def found(database: Database, workspace_id: UUID, ts: str) -> PlanOfMessage | None:
    async with database.transaction() as session:
        return await plan_of_message(session, workspace_id, CHANNEL, ts, ROOT)


@pytest.mark.parametrize(
    ("source", "ts", "of_root", "of_reply"),
    [
        ("shortcut", ROOT, True, False),
        ("emoji", REPLY, False, True),
        # Called below ROOT, by REPLY: the thread was planned.
        ("mention", REPLY, True, True),
    ],
)
async def test_it_is_that_of_the_message_or_of_its_thread(
    database: Database, workspace_id: UUID, source: str, ts: str, of_root: bool, of_reply: bool
) -> None:
    assert await found(database, workspace_id, ROOT) is None
    await opened(database, workspace_id, source=source, ts=ts)
    plans = [await found(database, workspace_id, each) for each in (ROOT, REPLY)]
    assert [plan is not None for plan in plans] == [of_root, of_reply]
    assert {(plan.number, plan.press, plan.ts) for plan in plans if plan} == {(1, "press:a", None)}


async def test_the_newest_counts(database: Database, workspace_id: UUID) -> None:
    for key in ("a", "b"):
        await opened(database, workspace_id, source="shortcut", ts=ROOT, key=key)
    plan = await found(database, workspace_id, ROOT)
    assert plan is not None
    assert plan.number == 2


async def test_whoever_asks_meanwhile_has_to_wait(database: Database, workspace_id: UUID) -> None:
    async with database.transaction() as first:
        assert await plan_of_message(first, workspace_id, CHANNEL, ROOT, ROOT) is None
        with pytest.raises(DBAPIError, match="lock timeout"):
            await impatient(database, workspace_id)


async def impatient(database: Database, workspace_id: UUID) -> None:
    """Ask, and wait for nobody."""
    async with database.transaction() as session:
        await session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        await plan_of_message(session, workspace_id, CHANNEL, ROOT, ROOT)
