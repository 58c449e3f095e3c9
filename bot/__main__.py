"""python -m bot: serve | sandbox | migrate | purge | components | export."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from bot.cli import components as components_cli
from bot.cli import export as export_cli
from bot.cli.components import CommandFailed
from bot.config import Settings, check_serve, give_home, hide_from_bolt, load_settings
from bot.errors import SettingsError
from bot.logs import set_up_logging
from db.session import Database

logger = logging.getLogger("mudda")

EXIT_SECONDS = 9.0
"""After this a process that was told to stop is gone; an orchestrator usually kills at ten."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. The exit status: 0 done, 1 failed, 2 settings or arguments that can't be used."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings()
        hide_from_bolt(os.environ)
        give_home(os.environ)
        set_up_logging(settings.log_level, settings.log_format)
        return int(uvloop.run(options.run(settings, options)))
    except SettingsError as error:
        for line in error.lines:
            print(line, file=sys.stderr)
        return 2
    except CommandFailed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="run the bot: web and worker in one process")
    serve.add_argument("--only", choices=["web", "worker"], help="run just one of the two")
    serve.set_defaults(run=_serve)
    sandbox = commands.add_parser("sandbox", help="a Slack in the browser, a Gemini and a town, on this machine")
    sandbox.add_argument("--fresh", action="store_true", help="forget what was said and planned before")
    sandbox.set_defaults(run=_sandbox)
    commands.add_parser("migrate", help="bring the database up to date").set_defaults(run=_migrate)
    purge = commands.add_parser("purge", help="forget what is older than RETENTION_DAYS (a worker does it hourly)")
    purge.set_defaults(run=_purge)
    components = commands.add_parser("components", help="the APIs that plans may use")
    actions = components.add_subparsers(required=True, metavar="ACTION")
    load = actions.add_parser("load", help="add or update components from a YAML file")
    load.add_argument("file", type=Path)
    listing = actions.add_parser("list", help="show what is registered")
    export = commands.add_parser("export", help="write a run, with all that is on record of it, as JSON")
    named = "its id, or the number of its plan (12: the last run), or that and its own (12.1)"
    export.add_argument("run_name", metavar="RUN", help=named)
    for action, run in ((load, _components_load), (listing, _components_list), (export, _export)):
        action.add_argument("--workspace", metavar="TEAM_ID", help="default: the workspace of the bot token")
        action.set_defaults(run=run)
    return parser


async def _serve(settings: Settings, options: argparse.Namespace) -> int:
    check_serve(settings)
    # Here and not above: the model's SDK takes a second to import, and `--help` should not wait for it.
    from bot.serve import running_bot

    async with running_bot(settings, only=options.only) as bot:
        logger.info("Ready on port %d: %s", bot.port, bot.tenants)
        await _told_to_stop()
    return 0


async def _sandbox(settings: Settings, options: argparse.Namespace) -> int:
    from bot.sandbox.run import running_sandbox

    async with running_sandbox(settings, fresh=options.fresh) as sandbox:
        print(sandbox.greeting, flush=True)
        await _told_to_stop()
    return 0


async def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    from bot.startup.database import database_for, migrated

    async with database_for(settings) as url:
        await migrated(url)
    print("The database is up to date.")
    return 0


async def _purge(settings: Settings, _: argparse.Namespace) -> int:
    from bot.deps import utc_now
    from bot.jobs.upkeep import purge_all
    from bot.startup.database import database_for, migrated

    async with database_for(settings) as url:
        await migrated(url)
        database = Database(url)
        try:
            counts = await purge_all(database, settings.retention, utc_now())
        finally:
            await database.close()
    print("Forgotten: " + ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()) + ".")
    return 0


async def _components_load(settings: Settings, options: argparse.Namespace) -> int:
    async with _database_and_team(settings, options.workspace) as (database, team):
        print(await components_cli.load(database, team, options.file))
    return 0


async def _components_list(settings: Settings, options: argparse.Namespace) -> int:
    async with _database_and_team(settings, options.workspace) as (database, team):
        print(await components_cli.list_(database, team))
    return 0


async def _export(settings: Settings, options: argparse.Namespace) -> int:
    async with _database_and_team(settings, options.workspace) as (database, team):
        print(await export_cli.export(database, team, options.run_name))
    return 0


@asynccontextmanager
async def _database_and_team(settings: Settings, team: str | None) -> AsyncIterator[tuple[Database, str]]:
    from bot.startup.database import database_for, migrated
    from bot.startup.slack import team_of_token

    async with database_for(settings) as url:
        await migrated(url)
        database = Database(url)
        try:
            yield database, team or await team_of_token(settings)
        finally:
            await database.close()


async def _told_to_stop() -> None:
    """Wait for SIGINT or SIGTERM; from then on the process has ten seconds, whatever hangs."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    watchdog = threading.Timer(EXIT_SECONDS, os._exit, (1,))
    watchdog.daemon = True
    watchdog.start()


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    # Not sys.exit: that would wait for threads still in a blocking call of the model, whose jobs are handed back.
    sys.stdout.flush()
    os._exit(status)
