"""Two towns with one bot: workspaces of one Slack, in which the app is installed by OAuth, as people do it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

import aiohttp
from pydantic import SecretStr
from sqlalchemy import select

from bot.deps import Deps
from bot.sandbox.gemini.faults import Hold
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import Setup, SlackStandIn, Team
from bot.sandbox.slack.oauth import CLIENT_ID, CLIENT_SECRET, AppRegistry
from bot.sandbox.slack.state.workspace import DEFAULT_TEAM
from bot.sandbox.town import Town
from bot.serve import RunningBot, running_bot
from db.session import Database
from services.workspaces.secrets import new_key
from tests.support.town_hall import LEAK, bot_settings, load_pack

TEAMS = (DEFAULT_TEAM, Team("T0OGDEN001", "Ogdenville", "ogdenville"))
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
        async with asyncio.timeout(15):
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
        async with person() as browser:
            return await installed(browser, self.url, owner)


@asynccontextmanager
async def two_towns(
    database_url: str,
    *,
    install: bool = True,
    enterprise_id: str | None = None,
    slack_options: Any = None,
    **settings: Any,
) -> AsyncIterator[Towns]:
    """Start them; with `install` the app is in both, with the sandbox's components."""
    registry = AppRegistry()
    async with AsyncExitStack() as stack:
        gemini = await stack.enter_async_context(GeminiStandIn())
        town = await stack.enter_async_context(Town())
        slacks = [
            await stack.enter_async_context(
                SlackStandIn(
                    replace(Setup(), team=team, enterprise_id=enterprise_id),
                    bot_token="",
                    registry=registry,
                    retry_delays=(0.0, 0.1, 0.2),
                    **(slack_options or {}),
                )
            )
            for team in TEAMS
        ]
        given = {
            "slack_bot_token": None,
            "slack_client_id": CLIENT_ID,
            "slack_client_secret": SecretStr(CLIENT_SECRET),
            "mudda_secret_key": SecretStr(SECRET_KEY),
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
            if install:
                await towns.install(slack.workspace.team.id)
        for number in range(len(slacks)) if install else ():
            await towns.load_pack(number)
        yield towns


@asynccontextmanager
async def person() -> AsyncIterator[aiohttp.ClientSession]:
    """A browser with cookies of its own."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        yield browser


async def button_of(browser: aiohttp.ClientSession, url: str) -> str:
    """Where the button of the install page leads."""
    page = await (await browser.get(f"{url}/slack/install")).text()
    found = re.search(r'class="button" href="([^"]+)"', page)
    assert found is not None
    return unescape(found[1])


async def agreed(browser: aiohttp.ClientSession, address: str, owner: str, answer: str = "allow") -> str:
    """Where Slack's page sends the browser once somebody has answered it."""
    form = {"owner": owner, "answer": answer}
    async with browser.post(address, data=form, allow_redirects=False) as response:
        assert response.status == 302, await response.text()
        return response.headers["Location"]


async def installed(browser: aiohttp.ClientSession, url: str, owner: str) -> str:
    """The page that ends an installation."""
    back = await agreed(browser, await button_of(browser, url), owner)
    return await (await browser.get(back)).text()


async def rush(towns: Towns, commands: int) -> None:
    """Let the first town ask so often; the model answers nobody, so that only the queue's order counts."""
    busy = towns.slacks[0]
    towns.gemini.script(*[Hold() for _ in range(commands + 1)])
    at_once = asyncio.Semaphore(50)

    async def ask() -> None:
        async with at_once:
            assert (await busy.send_command("priya", "works", "/mudda", LEAK)).acked

    await asyncio.gather(*(ask() for _ in range(commands)))
