"""What the commands share: how one fails, and the database and the workspace that it is about."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias
from uuid import UUID

from bot.config import Settings
from bot.errors import EdgeError
from bot.startup.database import database_for, migrated
from bot.startup.slack import team_of_token
from db.migrate import is_up_to_date
from db.session import Database
from services import workspaces
from services.errors import NotFound

EXIT_SECONDS = 9.0
"""After this a process that was told to stop is gone; an orchestrator usually kills at ten."""

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Run = Callable[[Settings, argparse.Namespace], Awaitable[int]]


class CommandFailed(EdgeError):
    """The command did nothing; the message says why, ready to be printed."""


def add_workspace_option(parser: argparse.ArgumentParser) -> None:
    """Let a command be told which workspace it is about."""
    parser.add_argument("--workspace", metavar="TEAM_ID", help="default: the workspace of the bot token")


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database, brought up to date, with all workspaces in it."""
    async with database_for(settings) as url:
        await migrated(url)
        database = Database(url)
        try:
            yield database.everywhere()
        finally:
            await database.close()


@asynccontextmanager
async def look_into(settings: Settings) -> AsyncIterator[Database | None]:
    """The database as it is, with all workspaces in it; None if its tables are those of another version."""
    async with database_for(settings) as url:
        if not await is_up_to_date(url):
            yield None
            return
        database = Database(url)
        try:
            yield database.everywhere()
        finally:
            await database.close()


async def team_of(settings: Settings, options: argparse.Namespace) -> str:
    """Slack's id of the workspace that a command is about. Raises SettingsError if nothing says which."""
    return options.workspace or await team_of_token(settings)


async def workspace_of(database: Database, team: str) -> UUID:
    """The id of a team's workspace. Raises CommandFailed while there is none."""
    async with database.reading() as session:
        try:
            return await workspaces.by_team(session, team)
        except NotFound:
            raise CommandFailed(
                f"There is no workspace {team}; `mudda workspaces list` shows which there are."
            ) from None


async def print_of(
    settings: Settings, options: argparse.Namespace, say: Callable[..., Awaitable[str]], *arguments: object
) -> int:
    """Print what `say` has to say of the workspace that a command is about, given the database and the team."""
    team = await team_of(settings, options)
    async with open_database(settings) as database:
        print(await say(database, team, *arguments))
    return 0


async def told_to_stop() -> None:
    """Wait for SIGINT or SIGTERM; from then on the process has ten seconds, whatever hangs."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    watchdog = threading.Timer(EXIT_SECONDS, os._exit, (1,))
    watchdog.daemon = True
    watchdog.start()
