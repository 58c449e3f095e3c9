"""`mudda export RUN`: a run, with all that is on record of it, as JSON."""

from __future__ import annotations

import argparse
import json
import re
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.cli.command import CommandFailed, Commands, add_workspace_option, open_database, team_of
from bot.config import Settings
from db.session import Database
from services import workspaces
from services.errors import NotFound
from services.queries import export as exports
from services.queries.runs import find_run

_NUMBER = re.compile(r"#?(\d{1,9})(?:\.(\d{1,9}))?")


def add(commands: Commands) -> None:
    """Add the command."""
    exporting = commands.add_parser("export", help="write a run, with all that is on record of it, as JSON")
    named = "its id, or the number of its plan (12: the last run), or that and its own (12.1)"
    exporting.add_argument("run_name", metavar="RUN", help=named)
    add_workspace_option(exporting)
    exporting.set_defaults(run=_run)


async def _run(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        print(await export(database, await team_of(settings, options), options.run_name))
    return 0


async def export(database: Database, team_id: str, run: str) -> str:
    """The document of a run: `run` is its id, or its plan's number, or that and its own. Raises CommandFailed."""
    async with database.reading() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
            document = await exports.run_document(session, workspace_id, await _find(session, workspace_id, run))
        except NotFound:
            raise CommandFailed(f"There is no run {run} in {team_id}.") from None
    return json.dumps(document, default=as_json, indent=2)


async def _find(session: AsyncSession, workspace_id: UUID, run: str) -> UUID:
    number = _NUMBER.fullmatch(run)
    if number is not None:
        return await find_run(session, workspace_id, int(number[1]), int(number[2]) if number[2] else None)
    try:
        return UUID(run)
    except ValueError:
        raise CommandFailed(
            f"{run}: a run is named by its id, by the number of its plan (12) or by that and its own (12.1)."
        ) from None


def as_json(value: Any) -> str:
    """What JSON has no form of its own for. Raises TypeError."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
