"""`mudda policies load | list | show | remove`: what these commands do, and the text that they print."""

from __future__ import annotations

import argparse
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.cli.command import CommandFailed, Commands, add_workspace_option, open_database, team_of
from bot.cli.table import table
from bot.config import Settings
from bot.deps import utc_now
from bot.views.private.policies import policy_faults
from db.models import Workspace
from db.session import Database
from services import audit, workspaces
from services.errors import NotFound
from services.policies.documents import MAX_BYTES, PolicyDocument, PolicyFaults, parse_policy
from services.policies.service import LoadedPolicy, PolicyLine, PolicyService

CHECKS = ".checks.yaml"
"""The ending of the file of checks beside `roads.md`: `roads.checks.yaml`."""


def add(commands: Commands) -> None:
    """Add the commands."""
    policies = commands.add_parser("policies", help="the documents that plans must obey")
    actions = policies.add_subparsers(required=True, metavar="ACTION")
    loading = actions.add_parser("load", help=f"add a policy, or a new version of one; FILE{CHECKS} goes with it")
    loading.add_argument("file", type=Path, metavar="FILE", help="Markdown or text")
    loading.set_defaults(run=_run_load)
    listing = actions.add_parser("list", help="show what there is")
    listing.set_defaults(run=_run_list)
    showing = actions.add_parser("show", help="print a policy as it was loaded")
    showing.add_argument("key")
    showing.add_argument("--version", type=int, metavar="N", help="default: the latest")
    showing.set_defaults(run=_run_show)
    removing = actions.add_parser("remove", help="put a policy out of force")
    removing.add_argument("key")
    removing.set_defaults(run=_run_remove)
    for action in (loading, listing, showing, removing):
        add_workspace_option(action)


async def _run_load(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        print(await load(database, await team_of(settings, options), options.file))
    return 0


async def _run_list(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        zone = ZoneInfo(settings.time_zone)
        print(await list_(database, await team_of(settings, options), utc_now(), zone))
    return 0


async def _run_show(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        print(await show(database, await team_of(settings, options), options.key, options.version))
    return 0


async def _run_remove(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        print(await remove(database, await team_of(settings, options), options.key, utc_now()))
    return 0


async def load(database: Database, team_id: str, path: Path) -> str:
    """Load a policy into a team's workspace, all of it or nothing. Raises CommandFailed."""
    beside = path.with_suffix(CHECKS)
    try:
        document = _read(path, beside)
        async with database.transaction() as session:
            workspace_id = await workspaces.ensure(session, team_id)
            loaded = await PolicyService().load(session, workspace_id, document, audit.OPERATOR)
    except PolicyFaults as error:
        lines = policy_faults(error.faults, str(path), str(beside))
        raise CommandFailed("\n".join([*lines, "Nothing was loaded."])) from error
    return _loaded(team_id, document, loaded)


async def list_(database: Database, team_id: str, now: datetime, zone: ZoneInfo) -> str:
    """All policies of a team's workspace as a table, or how to add some. `zone`: where it has set none itself."""
    async with database.reading() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
        except NotFound:
            return _none(team_id)
        row = await session.get_one(Workspace, workspace_id)
        today = now.astimezone(ZoneInfo(row.settings.get("time_zone", zone.key))).date()
        lines = await PolicyService().list(session, workspace_id)
    if not lines:
        return _none(team_id)
    header = ("KEY", "VERSION", "NAME", "FROM", "UNTIL", "PASSAGES", "CHECKS", "LOADED", "BY", "STATE")
    return "\n".join(table([header, *(_row(line, today) for line in lines)]))


async def show(database: Database, team_id: str, key: str, version: int | None = None) -> str:
    """The text of a policy. Raises CommandFailed."""
    async with database.reading() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
            return (await PolicyService().source(session, workspace_id, key, version)).rstrip("\n")
        except NotFound:
            raise _unknown(team_id, key) from None


async def remove(database: Database, team_id: str, key: str, now: datetime) -> str:
    """Put a policy out of force. Raises CommandFailed."""
    async with database.transaction() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
            await PolicyService().remove(session, workspace_id, key, audit.OPERATOR, now)
        except NotFound:
            raise _unknown(team_id, key) from None
    return f"{team_id}: {key} is out of force. Plans that cite it can still be read."


def _read(path: Path, beside: Path) -> PolicyDocument:
    try:
        checks = _bytes(beside) if beside.exists() else None
        return parse_policy(_bytes(path), path.stem, checks)
    except OSError as error:
        raise CommandFailed(f"{error.filename or path}: {error.strerror or error}") from error


def _bytes(path: Path) -> bytes:
    """As much of a file as is enough to see that it is too large."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _loaded(team_id: str, document: PolicyDocument, loaded: LoadedPolicy) -> str:
    counts = f"{len(document.passages)} passages, {len(document.checks)} checks"
    is_now = f"version {loaded.version} of {document.name} ({counts})"
    lines = [f"{team_id}: {loaded.key} is {is_now if loaded.is_new else f'as it was: {is_now}'}."]
    if loaded.unknown:
        lines.append(f"Its checks name what this workspace does not have: {', '.join(loaded.unknown)}.")
    return "\n".join(lines)


def _row(line: PolicyLine, today: date) -> tuple[str, ...]:
    return (
        line.key,
        str(line.version),
        line.name,
        _day(line.effective_from),
        _day(line.effective_until),
        str(line.passages),
        str(line.checks),
        f"{line.loaded_at:%Y-%m-%d}",
        line.loaded_by,
        _state(line, today),
    )


def _state(line: PolicyLine, today: date) -> str:
    if line.removed_at is not None:
        return "removed"
    if line.effective_from is not None and line.effective_from > today:
        return "to come"
    if line.replaced:
        return "replaced"
    return "ended" if line.effective_until is not None and line.effective_until < today else "in force"


def _day(day: date | None) -> str:
    return "–" if day is None else f"{day:%Y-%m-%d}"


def _none(team_id: str) -> str:
    command = f"mudda policies load FILE --workspace {team_id}"
    return f"There are no policies in {team_id} yet. Add some with\n  {command}"


def _unknown(team_id: str, key: str) -> CommandFailed:
    return CommandFailed(f"{team_id} has no such policy: {key}. `mudda policies list` shows what there is.")
