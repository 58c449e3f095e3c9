"""Two towns with one bot: workspaces of one Slack, in which the app is installed by OAuth, as people do it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from bot.deps import Deps
from bot.sandbox.gemini.faults import Hold
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import SlackStandIn
from bot.sandbox.slack.oauth import CLIENT_ID, CLIENT_SECRET, AppRegistry
from bot.sandbox.town import Town
from bot.sandbox.towns import TEAMS as ALL_TEAMS
from bot.sandbox.towns import install, town_setup
from bot.serve import RunningBot, running_bot
from db.session import Database
from services.workspaces.secrets import new_key
from tests.support.town_hall import LEAK, bot_settings, load_pack

TEAMS = ALL_TEAMS[:2]
SECRET_KEY = new_key()


@dataclass(slots=True)
class Towns:
    """The two Slacks, and all else once."""

    slacks: Sequence[SlackStandIn]
    registry: AppRegistry
    gemini: GeminiStandIn
    town: Town
    bot: RunningBot
    database: Database

    @property
    def url(self) -> str:
        """Where the bot is."""
        return f"http://127.0.0.1:{self.bot.port}"

    async def deps(self, number: int) -> Deps:
        """What is bound to a town."""
        deps = await self.bot.tenants.of_team(self.slacks[number].workspace.team.id)
        assert deps is not None
        return deps

    async def load_pack(self, number: int) -> None:
        """Register the sandbox's components for a town."""
        await load_pack(self.database, self.slacks[number], self.town.url)

    async def rows(self, model: type[Any]) -> list[Any]:
        """All rows of a table, of both towns."""
        async with self.database.transaction() as session:
            return list((await session.scalars(select(model))).all())

    async def until(self, model: type[Any], condition: Callable[[list[Any]], bool]) -> list[Any]:
        """Wait until the rows of a table are so."""
        async with asyncio.timeout(60):
            while not condition(found := await self.rows(model)):  # noqa: ASYNC110 - no row tells of itself
                await asyncio.sleep(0.02)
        return found

    async def serves(self, team_id: str, *, wanted: bool) -> None:
        """Wait until a workspace is served, or is not; a second is all that it may take."""
        async with asyncio.timeout(1):
            while (await self.bot.tenants.of_team(team_id) is not None) != wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def install(self, owner: str) -> str:
        """Install the app as a person does; what the last page says."""
        return await install(self.url, owner)


@asynccontextmanager
async def two_towns(
    database_url: str,
    *,
    with_app: bool = True,
    enterprise_id: str | None = None,
    slack_options: Any = None,
    **settings: Any,
) -> AsyncIterator[Towns]:
    """Start them; `with_app` the app is in both, with the sandbox's components."""
    registry = AppRegistry()
    async with AsyncExitStack() as stack:
        gemini = await stack.enter_async_context(GeminiStandIn())
        town = await stack.enter_async_context(Town())
        slacks = [
            await stack.enter_async_context(
                SlackStandIn(
                    replace(town_setup(number), enterprise_id=enterprise_id),
                    bot_token="",
                    registry=registry,
                    retry_delays=(0.0, 0.1, 0.2),
                    **(slack_options or {}),
                )
            )
            for number in range(len(TEAMS))
        ]
        given = {
            "slack_bot_token": None,
            "slack_client_id": CLIENT_ID,
            "slack_client_secret": SecretStr(CLIENT_SECRET),
            "mudda_secret_key": SecretStr(SECRET_KEY),
            # As it is for a town: whose turn it is shows where there is room for some of the others, too.
            "gemini_max_concurrency": 64,
            "component_allowed_hosts": town.url.removeprefix("http://"),
            **settings,
        }
        bot = await stack.enter_async_context(
            running_bot(bot_settings(slacks[0], gemini, database_url, **given), secrets=town.environment.get)
        )
        registry.redirect_url = f"http://127.0.0.1:{bot.port}/slack/oauth_redirect"
        towns = Towns(slacks, registry, gemini, town, bot, bot.parts.database.everywhere())
        for slack in slacks:
            slack.request_url = f"{towns.url}/slack/events"
            if with_app:
                await towns.install(slack.workspace.team.id)
        for number in range(len(slacks)) if with_app else ():
            await towns.load_pack(number)
        yield towns


async def rush(towns: Towns, commands: int) -> None:
    """Let the first town ask so often; the model answers nobody, so that only the queue's order counts."""
    busy = towns.slacks[0]
    towns.gemini.script(*[Hold() for _ in range(commands + 1)])
    at_once = asyncio.Semaphore(50)

    async def ask() -> None:
        async with at_once:
            assert (await busy.send_command("priya", "works", "/mudda", LEAK)).acked

    await asyncio.gather(*(ask() for _ in range(commands)))
