"""The door to components: hosts that fail, limits, and that all workers agree. Time is told to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event

from db.session import Database
from services.components.definitions import ComponentDefinition
from services.connectors import Response
from services.connectors.errors import AddressRefused, MaybeSent, NotSent, SecretMissing
from services.health.door import AHEAD_SECONDS, KNOWN_SECONDS, Caller, Door, Held, fault_of
from services.health.hosts import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, closed_hosts, pause_after
from services.workspaces import ensure
from tests.support.run_starts import until

OK = Response(200, "", {}, 0.1, 2)
DOWN = NotSent("connection")


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


def component(key: str = "k", host: str = "a.example", **members: Any) -> ComponentDefinition:
    base = {"key": key, "name": "n", "description": "d", "endpoint_url": f"https://{host}/x"}
    return ComponentDefinition.model_validate({**base, **members})


def caller(workspace_id: UUID, held: Held | None = None, **more: Any) -> Caller:
    return Caller(workspace_id, uuid4(), {} if held is None else held.to_dict(), **more)


async def asked(door: Door, who: Caller, definition: ComponentDefinition) -> Held | None:
    """What a call is told that takes no time."""
    async with door.call(who, definition) as held:
        return held


@asynccontextmanager
async def under_way(door: Door, workspace_id: UUID, *definitions: ComponentDefinition) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for each in definitions:
            assert await stack.enter_async_context(door.call(caller(workspace_id), each)) is None
        yield


async def test_a_host_that_fails_again_and_again_is_left_alone_by_all_workers(
    database: Database, workspace_id: UUID, clock: Clock
) -> None:
    one, other = Door(database, now=clock), Door(database, now=clock)
    for _ in range(FAILURES - 1):
        await one.note(workspace_id, component(), DOWN)
    assert await asked(one, caller(workspace_id), component()) is None
    await one.note(workspace_id, component(), DOWN)
    for door in (one, other):
        held = await asked(door, caller(workspace_id), component("another"))
        assert held is not None
        assert (held.by, held.host) == ("host", "a.example")
        assert held.until >= clock.time + FIRST_PAUSE
        assert await asked(door, caller(workspace_id), component(host="b.example")) is None
        assert await asked(door, caller(workspace_id, is_wanted=True), component()) is None
    async with database.reading() as session:
        [known] = await closed_hosts(session)
    assert (known.failures, known.reason) == (FAILURES, "connection")


async def test_one_worker_sees_whether_it_answers_and_the_others_wait_for_that(
    database: Database, workspace_id: UUID, clock: Clock
) -> None:
    for _ in range(FAILURES):
        await Door(database, now=clock).note(workspace_id, component(), DOWN)
    clock.time += FIRST_PAUSE
    doors = [Door(database, now=clock) for _ in range(4)]
    told = await asyncio.gather(*(asked(door, caller(workspace_id), component()) for door in doors))
    assert sum(each is None for each in told) == 1
    # It fails again: twice as long.
    await doors[0].note(workspace_id, component(), DOWN)
    held = await asked(Door(database, now=clock), caller(workspace_id), component())
    assert held is not None
    assert held.until >= clock.time + 2 * FIRST_PAUSE
    clock.time += 2 * FIRST_PAUSE
    seeing = Door(database, now=clock)
    assert await asked(seeing, caller(workspace_id), component()) is None
    await seeing.note(workspace_id, component(), OK)
    assert [await asked(Door(database, now=clock), caller(workspace_id), component()) for _ in range(2)] == [
        None,
        None,
    ]


async def test_a_worker_that_dies_while_it_sees_is_followed_by_another(
    database: Database, workspace_id: UUID, clock: Clock
) -> None:
    for _ in range(FAILURES):
        await Door(database, now=clock).note(workspace_id, component(), DOWN)
    clock.time += FIRST_PAUSE
    assert await asked(Door(database, now=clock), caller(workspace_id), component()) is None
    clock.time += timedelta(seconds=component().timeout_seconds + 6)
    assert await asked(Door(database, now=clock), caller(workspace_id), component()) is None


async def test_what_one_workspace_finds_out_is_nothing_to_another(
    database: Database, workspace_id: UUID, clock: Clock
) -> None:
    async with database.transaction() as session:
        neighbour = await ensure(session, "T0002")
    door = Door(database, now=clock)
    for _ in range(FAILURES):
        await door.note(workspace_id, component(), DOWN)
    assert await asked(door, caller(neighbour), component()) is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (OK, ""),
        (Response(404, "", {}, 0.1, 2), ""),
        (Response(429, "", {}, 0.1, 2), ""),
        (Response(500, "", {}, 0.1, 2), "500"),
        (Response(503, "", {}, 0.1, 2), "503"),
        (NotSent("timeout"), "timeout"),
        (NotSent("secret"), None),
        (NotSent("file"), None),
        (MaybeSent("timeout"), "timeout"),
        (MaybeSent("unreadable", status=200), ""),
        (SecretMissing("X"), None),
        (AddressRefused("h", "private"), None),
    ],
)
def test_what_a_host_is_to_blame_for(answer: Any, reason: str | None) -> None:
    assert fault_of(answer) == reason


def test_a_host_is_left_alone_for_longer_each_time_and_never_for_good() -> None:
    pauses = [pause_after(failures) for failures in range(FAILURES - 1, FAILURES + 100)]
    assert pauses[:3] == [None, FIRST_PAUSE, 2 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


async def test_a_host_that_hangs_takes_no_more_places_than_it_may(database: Database, workspace_id: UUID) -> None:
    door = Door(database, host_calls=2, patience=0.01)
    async with under_way(door, workspace_id, component(), component("other")):
        held = await asked(door, caller(workspace_id), component())
        assert held is not None
        assert (held.by, held.times) == ("busy", 1)
        again = await asked(door, caller(workspace_id, held), component())
        assert again is not None
        assert again.times == 2
        assert await asked(door, caller(workspace_id), component(host="b.example")) is None
    assert await asked(door, caller(workspace_id, again), component()) is None


async def test_no_more_calls_at_once_than_a_component_allows_whoever_makes_them(
    database: Database, workspace_id: UUID, clock: Clock
) -> None:
    one, other = Door(database, now=clock), Door(database, now=clock)
    limited = component(max_concurrent=2, timeout_seconds=10)
    async with under_way(one, workspace_id, limited), under_way(other, workspace_id, limited):
        held = await asked(other, caller(workspace_id), limited)
        assert held is not None
        assert held.by == "busy"
        assert await asked(one, caller(workspace_id), component("free")) is None
        # Who made them is gone without a word: their places are free when their time is up.
        clock.time += timedelta(seconds=41)
        assert await asked(one, caller(workspace_id), limited) is None
    assert await asked(one, caller(workspace_id), limited) is None


async def test_a_place_is_free_as_soon_as_its_call_has_ended(
    database: Database, workspace_id: UUID, clock: Clock
) -> None:
    one, other = Door(database, now=clock), Door(database, now=clock)
    limited = component(max_concurrent=1, timeout_seconds=300)
    for _ in range(3):
        async with under_way(one, workspace_id, limited):
            assert await asked(other, caller(workspace_id), limited) is not None
        assert await asked(other, caller(workspace_id), limited) is None


async def test_calls_follow_one_another_as_evenly_as_a_component_asks(
    database: Database, workspace_id: UUID, clock: Clock
) -> None:
    doors = [Door(database, now=clock) for _ in range(2)]
    limited = component(per_minute=6)
    told = [await asked(doors[number % 2], caller(workspace_id), limited) for number in range(4)]
    assert told[0] is None
    begun = clock.time
    assert [each.until - begun for each in told if each] == [timedelta(seconds=10 * n) for n in (1, 2, 3)]
    # Each comes back once, at the moment that is its own; whoever comes too early waits for the same one.
    assert await asked(doors[0], caller(workspace_id, told[1]), limited) == told[1]
    clock.time += timedelta(seconds=20)
    assert await asked(doors[0], caller(workspace_id, told[1]), limited) is None
    assert await asked(doors[1], caller(workspace_id, told[2]), limited) is None
    clock.time += timedelta(minutes=5)
    assert await asked(doors[0], caller(workspace_id), limited) is None


async def test_a_database_that_is_away_keeps_nobody_out(workspace_id: UUID) -> None:
    away = Database("postgresql://postgres@127.0.0.1:1/none")
    door = Door(away)
    await door.note(workspace_id, component(), DOWN)
    assert await asked(door, caller(workspace_id), component(max_concurrent=1, per_minute=1)) is None
    await away.close()


def questions(database: Database) -> list[str]:
    """A list that grows with each question for hosts."""
    asked_for: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked_for.extend(["hosts"] if "host_faults" in statement else [])

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    return asked_for


async def test_a_hundred_calls_that_come_together_ask_once_what_is_known(
    database: Database, workspace_id: UUID, clock: Clock
) -> None:
    asked_for = questions(database)
    door = Door(database, now=clock, host_calls=200)
    answers = await asyncio.gather(*(asked(door, caller(workspace_id), component()) for _ in range(100)))
    assert set(answers) == {None}
    assert asked_for == ["hosts"]


async def test_what_is_known_is_read_anew_before_it_is_too_old(
    database: Database, workspace_id: UUID, clock: Clock
) -> None:
    asked_for = questions(database)
    seconds = 0.0
    door = Door(database, now=clock, clock=lambda: seconds)
    await asked(door, caller(workspace_id), component())
    seconds = KNOWN_SECONDS - AHEAD_SECONDS - 0.01
    await asked(door, caller(workspace_id), component())
    assert asked_for == ["hosts"]
    seconds = KNOWN_SECONDS - AHEAD_SECONDS
    await asked(door, caller(workspace_id), component())

    async def is_read_anew() -> bool:
        return len(asked_for) == 2

    await until(is_read_anew, 10)
    seconds = KNOWN_SECONDS + 0.5
    await asked(door, caller(workspace_id), component())
    assert asked_for == ["hosts"] * 2
    seconds = 10 * KNOWN_SECONDS
    await asked(door, caller(workspace_id), component())
    assert asked_for == ["hosts"] * 3
