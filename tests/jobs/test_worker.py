"""What the worker makes of failures: outages are waited out, faults of ours counted, jobs put off are neither."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select, text

from bot.jobs.registry import ATTEMPTS, PATIENT_ATTEMPTS
from bot.jobs.upkeep import forget_jobs, upkeep
from bot.jobs.worker import is_readable
from bot.sandbox.slack import ErrorWord, Hold, RateLimited
from bot.slack import ids
from db.models import StepRun, WorkflowPlan
from db.queue_driver import OwnedJobQueries, QueueDriver
from db.session import Database
from services.jobs import DrawCard, Tell
from services.retention import Retention
from tests.support.run_starts import begun, hurried, step, step_states, until
from tests.support.town_hall import LEAK, TownHall, buttons, cards, drafted, town_hall


async def statuses(database: Database, entrypoint: str) -> list[str]:
    async with database.reading() as session:
        query = text("SELECT status::text FROM pgqueuer WHERE entrypoint = :of")
        return list(await session.scalars(query, {"of": entrypoint}))


async def queue(database: Database, entrypoint: str, payload: bytes, status: str = "queued") -> None:
    query = (
        "INSERT INTO pgqueuer (priority, entrypoint, payload, status) "
        "VALUES (0, :of, :payload, CAST(:as AS pgqueuer_status))"
    )
    async with database.transaction() as session:
        await session.execute(text(query), {"of": entrypoint, "payload": payload, "as": status})


async def test_what_the_database_refuses_is_given_up_and_a_person_has_to_look(hall: TownHall) -> None:
    async with hall.database.engine.begin() as session:
        await session.execute(text("ALTER TABLE step_attempts RENAME TO lost"))
    async with hall.database.transaction() as session:
        run_id = await begun(session, hall.deps.workspace.id, [step("look", "open311.find_requests")])
    await hurried(hall.database, lambda: _is(hall.database, run_id, "UNCERTAIN"))
    async with hall.database.reading() as session:
        error = await session.scalar(select(StepRun.error).where(StepRun.run_id == run_id))
    assert error == {"code": "internal"}
    assert len(hall.town.received("open311.find_requests")) == ATTEMPTS == 5
    await until(lambda: _none_left(hall.database, "run_step"), 10)


async def _is(database: Database, run_id: UUID, state: str) -> bool:
    return await step_states(database, run_id) == {"look": state}


async def _none_left(database: Database, entrypoint: str) -> bool:
    return await statuses(database, entrypoint) == []


@pytest.mark.soak
async def test_a_job_that_was_put_off_often_is_not_given_up_at_its_first_failure(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    hall.slack.faults.script("chat.update", [*[RateLimited(1)] * ATTEMPTS, ErrorWord("odd")])
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_DISCARD)

    async def is_drawn() -> bool:
        return not any("Discard" in buttons(each) for each in cards(hall.slack))

    await hurried(hall.database, is_drawn)
    assert hall.slack.faults.pending("chat.update") == 0


@pytest.mark.soak
async def test_a_card_that_slack_does_not_take_ends_its_plan_and_the_reporter_is_told(hall: TownHall) -> None:
    hall.slack.faults.script("chat.postMessage", [ErrorWord("odd")] * PATIENT_ATTEMPTS)
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await until(lambda: _plan_is(hall, "DRAFT"), 10)
    await hurried(hall.database, lambda: _plan_is(hall, "FAILED"))
    [told] = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "priya"))
    assert "nothing was started" in told.text
    assert cards(hall.slack) == []


@pytest.mark.soak
async def test_a_card_is_drawn_once_the_bot_token_is_taken_again(
    hall: TownHall, caplog: pytest.LogCaptureFixture
) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    hall.slack.faults.script("chat.update", [ErrorWord("token_revoked")] * (ATTEMPTS + 1))
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_DISCARD)

    async def is_drawn() -> bool:
        return not any("Discard" in buttons(each) for each in cards(hall.slack))

    await hurried(hall.database, is_drawn)
    # Somebody has to act, so it is an error each time.
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in errors] == ["Trying again later: chat.update: token_revoked"] * 6


async def test_a_decision_that_can_not_be_kept_is_said(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    async with hall.database.engine.begin() as session:
        await session.execute(text("ALTER TABLE workflow_plans RENAME COLUMN decided_by TO lost"))
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_DISCARD)

    async def is_told() -> bool:
        return bool(hall.slack.ephemerals("works", "marco"))

    await hurried(hall.database, is_told)
    [told] = hall.slack.ephemerals("works", "marco")
    assert "could not do that just now" in told.text


async def _plan_is(hall: TownHall, state: str) -> bool:
    async with hall.database.reading() as session:
        return bool(await session.scalar(select(WorkflowPlan.state)) == state)


async def test_a_job_of_another_version_is_held_and_said_once(
    hall: TownHall, caplog: pytest.LogCaptureFixture
) -> None:
    await queue(hall.database, "run_step", b'{"version": 9, "whatever": 1}')

    async def is_held() -> bool:
        return await statuses(hall.database, "run_step") == ["failed"]

    with caplog.at_level(logging.ERROR):
        await until(is_held, 10)
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "another version" in str((record.exc_info or ("", ""))[1])


async def test_what_the_queue_kept_of_ended_jobs_is_forgotten_after_a_week(database: Database) -> None:
    async with database.engine.begin() as connection:
        # As a version before this one has left it: no trigger keeps the queue from writing it down.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table, column in (("pgqueuer_log", "job_id"), ("pgqueuer_statistics", "count")):
            query = (
                f"INSERT INTO {table} (status, priority, entrypoint, created, {column}) SELECT 'successful', 0,"
                " 'run_step', now() - days * interval '1 day', 1 FROM generate_series(1, 10) AS days"
            )
            await connection.execute(text(query))
    async with database.transaction() as session:
        await forget_jobs(session)
    async with database.reading() as session:
        query = "SELECT (SELECT count(*) FROM pgqueuer_log), (SELECT count(*) FROM pgqueuer_statistics)"
        assert tuple((await session.execute(text(query))).one()) == (6, 6)


async def test_only_what_can_be_read_is_put_back(database: Database, workspace_id: UUID) -> None:
    job = DrawCard(workspace=workspace_id, plan=workspace_id, generation=1)
    await queue(database, "draw_card", job.model_dump_json().encode(), "failed")
    await queue(database, "run_step", b'{"version": 9}', "failed")
    await queue(database, "of_tomorrow", b"{}", "failed")
    stopping = asyncio.Event()
    async with asyncpg.create_pool(database.url, min_size=1, max_size=2) as pool:
        keeping = asyncio.create_task(
            upkeep(database, OwnedJobQueries(QueueDriver(pool)), is_readable, stopping, Retention())
        )

        async def is_put_back() -> bool:
            return await statuses(database, "draw_card") == ["queued"]

        await until(is_put_back, 10)
        stopping.set()
        await keeping
    assert [*await statuses(database, "run_step"), *await statuses(database, "of_tomorrow")] == ["failed"] * 2


_ASKING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%WITH lanes%'"
)


async def test_a_job_that_comes_with_the_stop_is_handed_back(database_url: str) -> None:
    """It is fetched already as those that run are handed back: if it began then, the stop would wait for it."""
    admin = await asyncpg.connect(database_url)
    held = Hold()
    async with asyncio.timeout(30), town_hall(database_url) as hall:
        hall.slack.faults.script("chat.postEphemeral", [held])
        worker, people = hall.bot.worker, hall.slack
        job = Tell(
            workspace=hall.deps.workspace.id,
            channel=people.channel("works").id,
            user=people.user("priya").id,
            note="help",
        )
        async with admin.transaction():
            await admin.execute("LOCK TABLE pgqueuer IN ACCESS EXCLUSIVE MODE")

            async def asks() -> bool:
                await admin.execute("SELECT pg_stat_clear_snapshot()")
                return int(await admin.fetchval(_ASKING)) == 1

            await until(asks, 10)
            await admin.execute(
                "INSERT INTO pgqueuer (priority, entrypoint, payload, status) VALUES (0, $1, $2, 'queued')",
                job.entrypoint,
                job.model_dump_json().encode(),
            )
            assert worker is not None
            await worker.stop()
    statuses_left = await admin.fetch("SELECT status::text, attempts FROM pgqueuer")
    await admin.close()
    assert not held.reached.is_set()
    assert [tuple(row) for row in statuses_left] == [("queued", 1)]
