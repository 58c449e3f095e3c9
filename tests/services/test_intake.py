"""The intake: everything that was acked is on disk, once."""

from __future__ import annotations

import asyncio
from typing import ClassVar
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from bot.errors import IntakeUnavailable
from bot.slack.intake import Intake
from db.queue import Job
from db.session import Database


class Knock(Job):
    entrypoint: ClassVar[str] = "knock"
    workspace: UUID = UUID(int=0)
    door: int


async def jobs(database: Database) -> list[int]:
    async with database.reading() as session:
        payloads = await session.scalars(text("SELECT payload FROM pgqueuer ORDER BY id"))
        return [Knock.model_validate_json(payload).door for payload in payloads]


async def test_what_was_put_is_committed(database: Database) -> None:
    assert await Intake(database).put("a", Knock(door=1))
    assert await jobs(database) == [1]


async def test_the_same_key_later_changes_nothing(database: Database) -> None:
    intake = Intake(database)
    assert await intake.put("a", Knock(door=1))
    assert not await intake.put("a", Knock(door=2))
    assert await jobs(database) == [1]


async def test_the_same_key_at_once_is_new_for_one_only(database: Database) -> None:
    intake = Intake(database)
    answers = await asyncio.gather(*(intake.put("a", Knock(door=door)) for door in range(50)))
    assert sum(answers) == 1
    assert len(await jobs(database)) == 1


async def test_the_same_key_in_two_replicas_is_new_for_one_only(database: Database) -> None:
    replicas = [Intake(database) for _ in range(8)]
    answers = await asyncio.gather(*(intake.put("a", Knock(door=1)) for intake in replicas))
    assert sum(answers) == 1
    assert await jobs(database) == [1]


async def test_many_at_once_share_commits_and_none_is_lost(database: Database) -> None:
    intake = Intake(database)
    answers = await asyncio.gather(*(intake.put(f"k{door}", Knock(door=door)) for door in range(200)))
    assert all(answers)
    assert sorted(await jobs(database)) == list(range(200))
    async with database.reading() as session:
        # Rows of one commit share their transaction's id; 200 commits would show 200.
        commits = await session.scalar(text("SELECT count(DISTINCT xmin::text) FROM inbox"))
    assert commits is not None
    assert commits <= 3


async def test_a_database_that_refuses_fails_every_waiter_and_recovers(
    database: Database, database_url: str
) -> None:
    intake = Intake(database)
    admin = await asyncpg.connect(database_url)
    await admin.execute("ALTER TABLE inbox RENAME TO elsewhere")
    answers = await asyncio.gather(
        *(intake.put(f"k{door}", Knock(door=door)) for door in range(5)), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [IntakeUnavailable] * 5
    await admin.execute("ALTER TABLE elsewhere RENAME TO inbox")
    assert await intake.put("k0", Knock(door=0))
    await admin.close()


async def test_a_database_that_hangs_is_not_waited_for_longer_than_slack_waits(
    database: Database, database_url: str
) -> None:
    intake = Intake(database, timeout=0.2)
    blocker = await asyncpg.connect(database_url)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
    with pytest.raises(IntakeUnavailable):
        await intake.put("a", Knock(door=1))
    await transaction.rollback()
    await blocker.close()
    await intake.close()
    assert await jobs(database) == [1], "it was written all the same, and Slack's second try finds it"
    assert not await intake.put("a", Knock(door=1))
