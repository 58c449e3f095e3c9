"""PostgreSQL goes away: Slack is asked to come again, /readyz says so, and all goes on when it is back."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest

from bot.sandbox.town import Hold
from db.embedded import embedded_postgres
from db.errors import DATABASE_ERRORS
from tests.support.run_starts import begun, run_state, step, step_states, until
from tests.support.town_hall import TownHall, cards, drafted, town_hall
from tests.support.waiting import happened


class OwnServer:
    """A PostgreSQL that can be switched off and on."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._stack = AsyncExitStack()
        self.url = ""

    async def start(self) -> None:
        self.url = await self._stack.enter_async_context(embedded_postgres(self.directory / "postgres"))

    async def stop(self) -> None:
        await self._stack.aclose()


@pytest.fixture
async def server() -> AsyncIterator[OwnServer]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-own-") as directory:
        server = OwnServer(Path(directory))
        await server.start()
        yield server
        await server.stop()


async def status(hall: TownHall, path: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{hall.bot.port}{path}") as answer,
    ):
        return answer.status


async def test_a_database_that_goes_away_and_comes_back(server: OwnServer) -> None:
    async with town_hall(server.url) as hall:
        assert await status(hall, "/readyz") == 200
        await server.stop()

        command = await hall.slack.send_command("priya", "works", "/mudda", "a leak at 5th and Main")
        assert [attempt.status for attempt in command.attempts] == [503]
        _, mention = await hall.slack.send_mention("priya", "works", "another leak")
        assert [attempt.status for attempt in mention.attempts] == [503] * 4
        assert await status(hall, "/readyz") == 503
        assert await status(hall, "/healthz") == 200

        await server.start()
        _, mention = await hall.slack.send_mention("priya", "works", "a third leak")
        assert mention.acked
        await drafted(hall, timeout=20)
        assert len(cards(hall.slack)) == 1
        assert await status(hall, "/readyz") == 200


async def test_what_a_component_did_is_not_forgotten_while_the_database_is_away(server: OwnServer) -> None:
    async with town_hall(server.url) as hall:
        held = Hold()
        hall.town.script("workorders.create", held)
        async with hall.database.transaction() as session:
            order = step("order", "workorders.create", path__area="downtown", body__title="Mend it")
            run_id = await begun(session, hall.deps.workspace.id, [order])
        await happened(held.reached)
        await server.stop()
        held.released.set()
        await server.start()
        await until(lambda: _is_over(hall, run_id), 30)
        assert await step_states(hall.database, run_id) == {"order": "DONE"}


async def _is_over(hall: TownHall, run_id: UUID) -> bool:
    try:
        return await run_state(hall.database, run_id) in ("COMPLETED", "FAILED")
    except DATABASE_ERRORS:
        return False
