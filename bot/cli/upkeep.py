"""`mudda migrate` and `mudda purge`: the database, brought up to date and rid of what is too old."""

from __future__ import annotations

import argparse

from bot.cli.command import Commands, open_database
from bot.config import Settings
from bot.deps import utc_now


def add(commands: Commands) -> None:
    """Add the commands."""
    commands.add_parser("migrate", help="bring the database up to date").set_defaults(run=migrate)
    about = "forget what is older than RETENTION_DAYS (a worker does it hourly)"
    purging = commands.add_parser("purge", help=about)
    purging.set_defaults(run=purge)


async def migrate(settings: Settings, _: argparse.Namespace) -> int:
    """Make the tables, or bring them up to date."""
    async with open_database(settings):
        print("The database is up to date.")
    return 0


async def purge(settings: Settings, _: argparse.Namespace) -> int:
    """Forget what is too old, now."""
    from bot.jobs.upkeep import purge_all

    async with open_database(settings) as database:
        counts = await purge_all(database, settings.retention, utc_now())
    print("Forgotten: " + ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()) + ".")
    return 0
