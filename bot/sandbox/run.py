"""The sandbox: a Slack, a Gemini and a town on loopback, and the real bot between them over real HTTP."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bot.config import Settings
from bot.errors import SettingsError
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import SlackStandIn
from bot.sandbox.slack.oauth import AppRegistry
from bot.sandbox.slack.server import BOT_TOKEN
from bot.sandbox.slack.state.storage import load, save
from bot.sandbox.slack.state.workspace import Workspace
from bot.sandbox.switch_page import switch_routes
from bot.sandbox.town import Town, sandbox_pack
from bot.sandbox.towns import TEAMS, install, town_setup
from bot.serve import RunningBot, running_bot
from bot.startup.database import database_for, migrated
from bot.workspaces.oauth import INSTALL_PATH, REDIRECT_PATH
from db.session import Database
from services import workspaces
from services.ai.usage import STAND_IN_MODEL
from services.components.packs import parse_pack
from services.components.service import ComponentService
from services.workspaces.secrets import new_key

PAGE_PORT = 3333
"""Where the page is if the port is free: an address that works again tomorrow."""

RUNNING, CONVERSATIONS = "running", "slack.json"
"""Files in the sandbox's folder: the URL of the one that runs, and what was said."""

KEEP_SECONDS = 2.0

BANNER = "GEMINI_API_KEY is not set: a rule-based stand-in drafts the plans here, not Gemini."


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox, for whoever started it; `slacks` has a workspace for each town."""

    slacks: Sequence[SlackStandIn]
    town: Town
    bot: RunningBot
    gemini: GeminiStandIn | None

    @property
    def greeting(self) -> str:
        """What to do now; the lines that matter are the URLs."""
        first, *others = self.slacks
        lines = [
            "",
            f"  Mudda's sandbox is ready: {first.url}",
            *(f"  {slack.workspace.team.name + ':':<25} {slack.url}" for slack in others),
            "",
            "  Type into #works:  /mudda Water is coming up through the road at 5th and Main",
        ]
        if others:
            lines.append(f"  Install it as people do: http://127.0.0.1:{self.bot.port}{INSTALL_PATH}")
        if self.gemini is not None:
            lines.append(f"  {BANNER}")
        return "\n".join([*lines, "  Ctrl-C ends everything.", ""])


@asynccontextmanager
async def running_sandbox(
    settings: Settings, *, fresh: bool = False, workspaces: int = 1, database_url: str | None = None
) -> AsyncIterator[Sandbox]:
    """Start everything, the bot last; everything ends with the block.

    What was said and planned the last time is there again, unless it is to begin `fresh`. With several
    `workspaces` the app is installed in each by OAuth. Without the URL of a database it brings its own
    PostgreSQL. Raises SettingsError if a sandbox runs there already.
    """
    home = settings.mudda_home / "sandbox"
    async with AsyncExitStack() as stack:
        note = stack.enter_context(_only_one(home))
        if fresh:
            _forget(home)
        gemini = None if settings.gemini_api_key else await stack.enter_async_context(GeminiStandIn())
        town = await stack.enter_async_context(Town())
        slacks = await _slacks(workspaces, home, BANNER if gemini else "", town, stack)
        note(slacks[0].url)
        # Not the one that is set: the sandbox must neither take a real bot's jobs nor leave it plans.
        own = settings.model_copy(
            update={
                "database_url": database_url,
                "database_direct_url": None,
                "mudda_home": settings.mudda_home / "sandbox",
            }
        )
        database_url = await stack.enter_async_context(database_for(own))
        await migrated(database_url)
        await _load_components(database_url, slacks, town)
        bot = await stack.enter_async_context(
            running_bot(_settings(settings, slacks, gemini, town, database_url), secrets=town.environment.get)
        )
        await _connect(slacks, f"http://127.0.0.1:{bot.port}")
        yield Sandbox(slacks, town, bot, gemini)


async def _slacks(count: int, home: Path, banner: str, town: Town, stack: AsyncExitStack) -> list[SlackStandIn]:
    """The Slack of each town, with what was said there the last time."""
    registry = AppRegistry()
    slacks = []
    for number in range(count):
        slack = SlackStandIn(
            town_setup(number),
            port=0 if number else _page_port(),
            banner=_banner(number, count, banner),
            registry=registry,
            bot_token="" if count > 1 else BOT_TOKEN,
            switch=switch_routes(town.switch),
        )
        path = home / (CONVERSATIONS if number == 0 else f"slack-{number + 1}.json")
        load(slack.workspace, path)
        await stack.enter_async_context(slack)
        await stack.enter_async_context(_kept(slack.workspace, path))
        slacks.append(slack)
    return slacks


def _banner(number: int, count: int, banner: str) -> str:
    """What stands above the page: with several towns, which one this is."""
    return f"{TEAMS[number].name}, one of {count} towns that Mudda serves here. {banner}" if count > 1 else banner


async def _connect(slacks: Sequence[SlackStandIn], bot_url: str) -> None:
    """Tell each Slack where the bot is; where there are several, install it in each."""
    slacks[0].registry.redirect_url = f"{bot_url}{REDIRECT_PATH}"
    for slack in slacks:
        slack.request_url = f"{bot_url}/slack/events"
        if len(slacks) > 1:
            await install(bot_url, slack.workspace.team.id)


@contextmanager
def _only_one(home: Path) -> Iterator[Callable[[str], object]]:
    """Hold the folder for this process; yields what notes the URL for whoever comes second."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        file = (home / RUNNING).open("a+")
    except OSError as error:
        raise SettingsError([f"MUDDA_HOME: can't write to {home} ({error.strerror})."]) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            where = file.read().strip() or "this folder"
            raise SettingsError([f"A sandbox runs already: {where}. End it, or set another MUDDA_HOME."]) from None

        def note(url: str) -> None:
            file.truncate(0)
            file.write(url)
            file.flush()

        yield note


def _forget(home: Path) -> None:
    """Remove all that is kept, but for the file by which the folder is held."""
    for path in home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != RUNNING:
            path.unlink()


@asynccontextmanager
async def _kept(workspace: Workspace, path: Path) -> AsyncIterator[None]:
    """Keep what is said in a file, every few seconds and at the end."""

    async def keep() -> None:
        saved = 0
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            if workspace.feed.last_id != saved:
                saved = workspace.feed.last_id
                save(workspace, path)

    keeping = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeping.cancel()
        save(workspace, path)


def _settings(
    settings: Settings,
    slacks: Sequence[SlackStandIn],
    gemini: GeminiStandIn | None,
    town: Town,
    database_url: str,
) -> Settings:
    slack = slacks[0]
    ours = {
        "database_url": database_url,
        "database_direct_url": None,
        "component_allowed_hosts": town.url.removeprefix("http://"),
        "slack_bot_token": SecretStr(slack.bot_token),
        "slack_client_id": None,
        "slack_signing_secret": SecretStr(slack.signing_secret),
        "slack_app_token": None,
        "slack_api_url": slack.api_url,
        "host": "127.0.0.1",
        "port": 0,
    }
    if len(slacks) > 1:
        ours |= {
            "slack_bot_token": None,
            "slack_client_id": slack.registry.client_id,
            "slack_client_secret": SecretStr(slack.registry.client_secret),
            "slack_allowed_teams": None,
            # The app is installed anew at each start, so no token has to be opened with the key of the last one.
            "mudda_secret_key": SecretStr(new_key()),
        }
    if gemini is not None:
        ours |= {
            "gemini_api_key": SecretStr("stand-in"),
            "gemini_model": STAND_IN_MODEL,
            "gemini_api_endpoint": gemini.url,
        }
    return settings.model_copy(update=ours)


async def _load_components(database_url: str, slacks: Sequence[SlackStandIn], town: Town) -> None:
    database = Database(database_url).everywhere()
    try:
        async with database.transaction() as session:
            for team in (slack.workspace.team for slack in slacks):
                workspace_id = await workspaces.ensure(session, team.id, team.name)
                await ComponentService().load(session, workspace_id, parse_pack(sandbox_pack(town.url)))
    finally:
        await database.close()


def _page_port() -> int:
    with socket.socket() as probe:
        return PAGE_PORT if probe.connect_ex(("127.0.0.1", PAGE_PORT)) != 0 else 0
