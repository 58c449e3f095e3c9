"""PostgreSQL goes away: Slack is asked to come again, /readyz says so, and all goes on when it is back."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from db.embedded import embedded_postgres
from tests.town_hall import TownHall, cards, drafted, town_hall


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

        command = await hall.slack.send_command("priya", "works", "/mudda", "a leak")
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
