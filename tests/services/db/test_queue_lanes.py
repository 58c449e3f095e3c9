"""One question for all lanes: none is forgotten, whatever becomes of a notification, and none is overfull."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar
from uuid import uuid4

import asyncpg
import pytest
from pgqueuer.domain.errors import FailingListenerError, RetryRequested
from pgqueuer.models import Job as QueuedJob
from sqlalchemy import text

from db.queue import enqueue, queue_settings
from db.queue_driver import OwnedJobQueries, QueueDriver
from db.queue_lanes import LaneManager, LanePlaces, Run
from db.session import Database
from tests.support.jobs import Knock
from tests.support.statements import StatementLog, logged
from tests.support.waiting import happened

LONG = 60.0
"""A rest that no test waits for: whatever begins sooner was told of."""

SOON = timedelta(seconds=10)
STALE = timedelta(seconds=15)


class Call(Knock):
    entrypoint: ClassVar[str] = "call"


@dataclass
class House:
    """A worker at work. Of the doors that are `shut` a job goes on when that is opened."""

    database: Database
    driver: QueueDriver
    manager: LaneManager
    began: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    shut: dict[int, asyncio.Event] = field(default_factory=dict)
    put_off: dict[int, timedelta] = field(default_factory=dict)
    failing: set[int] = field(default_factory=set)
    running: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)

    async def put(self, *jobs: Knock, after: timedelta | None = None) -> None:
        async with self.database.transaction() as session:
            for job in jobs:
                await enqueue(session, job, after=after)

    async def open(self, queued: QueuedJob) -> None:
        """What each job does."""
        kind, door = queued.entrypoint, Knock.model_validate_json(queued.payload or b"").door
        self.running[kind] += 1
        self.most[kind] = max(self.most[kind], self.running[kind])
        self.began.put_nowait(door)
        try:
            if door in self.shut:
                await happened(self.shut[door])
            if delay := self.put_off.pop(door, None):
                raise RetryRequested(delay)
            if door in self.failing:
                raise ValueError(door)
        finally:
            self.running[kind] -= 1

    async def begin(self, number: int = 1) -> list[int]:
        """The doors of the next jobs that begin."""
        async with asyncio.timeout(SOON.total_seconds()):
            return [await self.began.get() for _ in range(number)]


KNOCKS, CALLS = 2, 1
LANES = ((("knock",), KNOCKS), (("call",), CALLS))


@asynccontextmanager
async def at_work(
    database: Database,
    lanes: Sequence[tuple[Sequence[str], int]] = LANES,
    *,
    rest: float = LONG,
    stale: timedelta = STALE,
    url: str | None = None,
    shut: Sequence[int] = (),
) -> AsyncIterator[House]:
    async with asyncpg.create_pool(url or database.url, min_size=2, max_size=4) as pool:
        driver = QueueDriver(pool)
        await driver.listen(queue_settings().channel)
        places = [LanePlaces(kinds, limit) for kinds, limit in lanes]
        runs: dict[str, Run] = {}
        manager = LaneManager(OwnedJobQueries(driver), places, runs, rest_seconds=rest)
        house = House(database, driver, manager, shut={door: asyncio.Event() for door in shut})
        runs |= {kind: house.open for kinds, _ in lanes for kind in kinds}
        running = asyncio.create_task(manager.work(stale))
        try:
            yield house
        finally:
            for each in house.shut.values():
                each.set()
            manager.stop()
            await asyncio.wait_for(running, SOON.total_seconds())


async def not_put_back(database: Database, times: int, code: str = "admin_shutdown") -> None:
    """Have PostgreSQL not take jobs that are put back, so many times, and say why by a `code`."""
    connection = await asyncpg.connect(database.url)
    # A sequence counts those, too, that come to nothing.
    await connection.execute(f"""
        CREATE SEQUENCE put_back;
        CREATE FUNCTION outage() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('put_back') <= {times} THEN
                RAISE EXCEPTION USING ERRCODE = '{code}';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER outage BEFORE UPDATE ON pgqueuer FOR EACH ROW
        WHEN (OLD.status = 'picked' AND NEW.status = 'queued') EXECUTE FUNCTION outage()
    """)
    await connection.close()


async def test_one_question_serves_all_lanes(database: Database) -> None:
    async with at_work(database, url=logged(database.url)) as house:
        await house.put(Knock(door=1))
        await house.begin()
        log = await StatementLog.of(database.url)
        await house.put(Knock(door=2), Call(door=3))
        assert sorted(await house.begin(2)) == [2, 3]
        questions = [each for each in await log.take() if "WITH lanes" in each.text]
        await log.close()
    assert len(questions) == 1


async def test_what_is_queued_before_a_worker_listens_is_taken_as_it_begins(database: Database) -> None:
    async with database.transaction() as session:
        await enqueue(session, Call(door=1))
    async with at_work(database) as house:
        assert await house.begin() == [1]


async def test_a_job_that_comes_while_the_queue_is_asked_is_not_forgotten(database: Database) -> None:
    holding = await asyncpg.connect(database.url)
    await holding.execute(_HOLD_UP_DOOR_1)
    await holding.execute("SELECT pg_advisory_lock(1)")
    async with at_work(database) as house:
        await house.put(Knock(door=1))

        async with asyncio.timeout(SOON.total_seconds()):
            while not await holding.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        # The question sees what there was as it was asked, and waits.
        await house.put(Call(door=2))
        assert await house.driver.bell.rings_within(SOON.total_seconds())
        assert house.began.empty()
        await holding.execute("SELECT pg_advisory_unlock(1)")
        assert await house.begin(2) == [1, 2]
    await holding.close()


_HOLD_UP_DOOR_1 = """
CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.status = 'picked' AND convert_from(NEW.payload, 'utf8') LIKE '%"door":1%' THEN
        PERFORM pg_advisory_xact_lock(1);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hold_up BEFORE UPDATE ON pgqueuer FOR EACH ROW EXECUTE FUNCTION hold_up();
"""


async def test_a_notification_that_is_lost_costs_a_rest(database: Database) -> None:
    async with at_work(database, rest=0.2) as house:
        async with database.engine.begin() as connection:
            # No trigger, so nobody is told.
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            await connection.execute(
                text(
                    "INSERT INTO pgqueuer (priority, entrypoint, payload, status)"
                    " VALUES (0, 'call', convert_to(:job, 'utf8'), 'queued')"
                ),
                {"job": Call(door=1).model_dump_json()},
            )
        assert await house.begin() == [1]


@pytest.mark.parametrize("comes", ["together", "once it is full"])
async def test_a_place_that_is_free_again_is_taken(database: Database, comes: str) -> None:
    async with at_work(database, shut=[1]) as house:
        jobs = [Call(door=1), Call(door=2)]
        if comes == "together":
            await house.put(*jobs)
            assert await house.begin() == [1]
        else:
            await house.put(jobs[0])
            assert await house.begin() == [1]
            await house.put(jobs[1])
            # The other lane is told of this, so it has been seen.
            await house.put(Knock(door=3))
            assert await house.begin() == [3]
        assert house.began.empty()
        house.shut[1].set()
        assert await house.begin() == [2]


async def test_a_lane_that_is_full_holds_up_no_other_and_is_never_overfull(database: Database) -> None:
    async with at_work(database, shut=[1, 10, 11]) as house:
        await house.put(*[Call(door=door) for door in range(1, 8)])
        assert await house.begin() == [1]
        await house.put(*[Knock(door=door) for door in range(10, 20)])
        assert await house.begin(2) == [10, 11]
        house.shut[11].set()
        assert sorted(await house.begin(8)) == list(range(12, 20))
        house.shut[1].set()
        assert await house.begin(6) == list(range(2, 8))
        assert house.most == {"knock": KNOCKS, "call": CALLS}


async def test_the_first_by_turn_goes_first_whatever_kind_it_is(database: Database) -> None:
    async with at_work(database, [(("knock", "call"), 1)], shut=[0]) as house:
        await house.put(Knock(door=0))
        assert await house.begin() == [0]
        turns = {1: -3, 2: -1, 3: -4, 4: -2}
        await house.put(Knock(door=1), Call(door=2), Knock(door=3), Call(door=4))
        async with database.transaction() as session:
            for door, turn in turns.items():
                found = f'%"door":{door}%'
                update = "UPDATE pgqueuer SET priority = :turn WHERE convert_from(payload, 'utf8') LIKE :found"
                await session.execute(text(update), {"turn": turn, "found": found})
        house.shut[0].set()
        assert await house.begin(4) == [2, 4, 1, 3]


async def test_a_job_for_later_is_taken_when_it_is_due(database: Database) -> None:
    async with at_work(database) as house:
        await house.put(Call(door=1), after=timedelta(seconds=0.3))
        assert await house.begin() == [1]


async def test_a_job_that_is_put_back_is_taken_when_it_is_due(database: Database) -> None:
    async with at_work(database) as house:
        house.put_off[1] = timedelta(seconds=0.2)
        await house.put(Call(door=1))
        assert await house.begin(2) == [1, 1]


@pytest.mark.parametrize("failures", [1, 3])
async def test_a_job_that_can_not_be_put_back_yet_is_put_back_once_it_can_be(
    database: Database, failures: int
) -> None:
    await not_put_back(database, failures)
    async with at_work(database) as house:
        house.put_off[1] = timedelta(seconds=0.05)
        await house.put(Call(door=1))
        assert await house.begin(2) == [1, 1]


async def test_a_job_that_is_refused_is_held_and_not_tried_for_ever(database: Database) -> None:
    await not_put_back(database, 10_000, "unique_violation")
    async with at_work(database) as house:
        house.put_off[1] = timedelta(seconds=0.05)
        await house.put(Call(door=1))
        await house.begin()
    connection = await asyncpg.connect(database.url)
    tries = await connection.fetchval("SELECT last_value FROM put_back")
    assert (await connection.fetchval("SELECT status FROM pgqueuer"), tries) == ("failed", 1)
    await connection.close()


async def test_a_worker_ends_though_jobs_can_not_be_put_back(database: Database) -> None:
    await not_put_back(database, 10_000)
    async with at_work(database) as house:
        house.put_off[1] = timedelta(seconds=0.05)
        await house.put(Call(door=1))
        await house.begin()
    async with database.reading() as session:
        # Whoever comes next takes it over.
        assert await session.scalar(text("SELECT status FROM pgqueuer")) == "picked"


@pytest.mark.parametrize("is_alive", [True, False])
async def test_what_another_keeps_alive_no_more_is_taken_over(database: Database, is_alive: bool) -> None:
    async with database.transaction() as session:
        await enqueue(session, Call(door=1))
        await enqueue(session, Knock(door=2))
        picked = (
            "UPDATE pgqueuer SET status = 'picked', queue_manager_id = gen_random_uuid(),"
            " heartbeat = now() - CAST(:silent AS interval) WHERE entrypoint = 'call'"
        )
        await session.execute(text(picked), {"silent": timedelta() if is_alive else 2 * STALE})
    async with at_work(database) as house:
        found = await house.begin(1 if is_alive else 2)
    assert sorted(found) == ([2] if is_alive else [1, 2])


async def test_two_workers_never_take_the_same_job(database: Database) -> None:
    async with at_work(database) as one, at_work(database, rest=0.2) as other:
        await one.put(*[Knock(door=door) for door in range(30)])
        found: list[int] = []
        async with asyncio.timeout(SOON.total_seconds()):
            while len(found) < 30:
                for house in (one, other):
                    while not house.began.empty():
                        found.append(house.began.get_nowait())
                await asyncio.sleep(0.01)
    assert sorted(found) == list(range(30))


async def test_who_hears_nothing_waits_for_no_jobs(database: Database) -> None:
    async with asyncpg.create_pool(database.url, min_size=1, max_size=2) as pool:
        manager = LaneManager(OwnedJobQueries(QueueDriver(pool)), [LanePlaces(["call"], 1)], {}, rest_seconds=LONG)
        jobs = manager.jobs(STALE)
        waiting = asyncio.ensure_future(anext(jobs, None))
        with pytest.raises(FailingListenerError):
            await manager.check_hearing(0.05)
        assert await asyncio.wait_for(waiting, SOON.total_seconds()) is None


async def test_a_job_that_takes_long_is_nobody_elses(database: Database) -> None:
    stale = timedelta(seconds=1.5)
    async with at_work(database, stale=stale, shut=[1]) as one:
        await one.put(Call(door=1))
        await one.begin()
        async with at_work(database, stale=stale) as other:
            # By then the first would be stale, if nothing kept it alive, and whoever looks would take it.
            await one.put(Knock(door=2), Knock(door=3), after=stale * 1.2)
            async with asyncio.timeout(SOON.total_seconds()):
                while one.began.qsize() + other.began.qsize() < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            found = [house.began.get_nowait() for house in (one, other) for _ in range(house.began.qsize())]
    assert sorted(found) == [2, 3]


async def test_what_has_passed_to_another_is_not_kept_alive(database: Database) -> None:
    async with database.transaction() as session:
        await enqueue(session, Call(door=1))
    other, me = uuid4(), uuid4()
    async with asyncpg.create_pool(database.url, min_size=1, max_size=1) as pool:
        queries = OwnedJobQueries(QueueDriver(pool))
        picked = (
            "UPDATE pgqueuer SET status = 'picked', queue_manager_id = $1, heartbeat = now() - interval '1 hour'"
        )
        await pool.execute(picked, other)
        ages = []
        for owner in (me, other):
            await queries.beat(owner, await pool.fetchval("SELECT array_agg(id) FROM pgqueuer"))
            ages.append(await pool.fetchval("SELECT now() - heartbeat FROM pgqueuer"))
    assert ages[0] > timedelta(minutes=59) > timedelta(minutes=1) > ages[1]


async def test_a_job_that_fails_is_held_and_one_that_ends_is_gone(database: Database) -> None:
    async with at_work(database) as house:
        house.failing.add(1)
        await house.put(Call(door=1))
        await house.begin()
        await house.put(Call(door=2))
        await house.begin()
    async with database.transaction() as session:
        query = text("SELECT convert_from(payload, 'utf8'), status::text FROM pgqueuer")
        left = (await session.execute(query)).all()
    assert [(Call.model_validate_json(payload).door, status) for payload, status in left] == [(1, "failed")]
