"""`mudda workspaces list | show | set | export | purge`: the workspaces of a deployment."""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

from bot.cli.command import CommandFailed, Commands, open_database
from bot.cli.export import as_json
from bot.cli.table import table
from bot.config import Settings
from bot.deps import utc_now
from bot.views.private.setting_faults import setting_fault
from db.models import Workspace
from db.session import Database
from services import audit, workspaces
from services.errors import NotFound
from services.queries.export import run_document
from services.queries.workspaces import WorkspaceDetails, documents, list_workspaces, run_ids, workspace_details
from services.retention import purge_removed
from services.workspaces import settings as workspace_settings
from services.workspaces.settings import READERS, SettingRefused

NONE = "There are no workspaces yet: one is made when the app is installed, or when components are loaded for it."


def add(commands: Commands) -> None:
    """Add the commands."""
    parser = commands.add_parser("workspaces", help="the workspaces that this deployment serves")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("list", help="which there are").set_defaults(run=_run_list)
    about = {
        "show": ("what is in one", _run_show),
        "set": ("change a setting of one: NAME=VALUE, or NAME= for that of the deployment", _run_set),
        "export": ("write all of one as lines of JSON", _run_export),
        "purge": ("forget all of one that removed the app, now and for good", _run_purge),
    }
    for name, (help_text, run) in about.items():
        action = actions.add_parser(name, help=help_text)
        action.add_argument("team", metavar="TEAM_ID")
        action.set_defaults(run=run)
        if name == "set":
            action.add_argument("change", metavar="NAME=VALUE", help=", ".join(READERS))


async def _run_list(settings: Settings, _: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        print(await list_(database))
    return 0


async def _run_show(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        print(await show(database, options.team, utc_now()))
    return 0


async def _run_set(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        print(await set_(database, options.team, options.change))
    return 0


async def _run_export(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        async for line in export(database, options.team):
            print(line)
    return 0


async def _run_purge(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        print(await purge(database, options.team))
    return 0


async def list_(database: Database) -> str:
    """All workspaces as a table."""
    async with database.reading() as session:
        lines = await list_workspaces(session)
    if not lines:
        return NONE
    header = ("TEAM", "NAME", "INSTALLED", "REMOVED", "PLANS")
    rows = [
        (line.team_id, line.name, _day(line.installed_at, "by token"), _day(line.removed_at), f"{line.plans:,}")
        for line in lines
    ]
    return "\n".join(table([header, *rows]))


async def show(database: Database, team_id: str, now: datetime) -> str:
    """One workspace. Raises CommandFailed."""
    async with database.reading() as session:
        try:
            found = await workspace_details(session, team_id, now - timedelta(days=30))
        except NotFound:
            raise _unknown(team_id) from None
    return "\n".join(table(list(_facts(found))))


def _facts(found: WorkspaceDetails) -> list[tuple[str, str]]:
    line = found.line
    own = [f"{name}={value}" for name, value in found.settings.items()]
    facts = [
        ("Team", f"{line.team_id} {line.name}".strip()),
        ("Installed", _day(line.installed_at, "by the bot token of the settings")),
        ("Removed", _day(line.removed_at)),
        ("Settings", ", ".join(own) or "as for the deployment"),
        ("Components", f"{found.components:,}"),
        ("Plans", _counted(found.plans)),
        ("Runs", _counted(found.runs)),
        ("Model", f"{found.tokens_in_30_days:,} tokens in 30 days"),
    ]
    if found.owner_id is not None:
        facts[2:2] = [("By", f"{found.installed_by} for {found.owner_id}"), ("Scopes", str(found.scopes))]
    return facts


async def set_(database: Database, team_id: str, change: str) -> str:
    """Change one setting of a workspace. Raises CommandFailed."""
    name, equals, text = change.partition("=")
    if not equals or name not in READERS:
        raise CommandFailed(f"{change}: it must be NAME=VALUE, and NAME one of {', '.join(READERS)}.")
    async with database.transaction() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
        except NotFound:
            raise _unknown(team_id) from None
        try:
            kept = await workspace_settings.change(session, workspace_id, {name: text}, audit.OPERATOR)
        except SettingRefused as error:
            raise CommandFailed(setting_fault(error)) from error
    return f"{team_id}: {name} is {kept.get(name, 'as for the deployment')}."


async def export(database: Database, team_id: str) -> AsyncIterator[str]:
    """All of a workspace, an object of one member to a line: {"plan": …}. Raises CommandFailed."""
    async with database.reading() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
        except NotFound:
            raise _unknown(team_id) from None
        async for kind, document in documents(session, workspace_id):
            yield json.dumps({kind: document}, default=as_json)
        for run_id in await run_ids(session, workspace_id):
            yield json.dumps({"run": await run_document(session, workspace_id, run_id)}, default=as_json)
            session.expunge_all()


async def purge(database: Database, team_id: str) -> str:
    """Forget all of a workspace from which the app was removed. Raises CommandFailed."""
    async with database.reading() as session:
        found = next((line for line in await list_workspaces(session) if line.team_id == team_id), None)
    if found is None:
        raise _unknown(team_id)
    if found.removed_at is None:
        raise CommandFailed(f"{team_id} still has the app. Remove it there first, in Slack; then purge.")
    rows = 1
    while rows:
        async with database.transaction() as session:
            rows = await purge_removed(session, Workspace.id == found.id)
    return f"{team_id}: {found.plans:,} plans, and all else that there was, are forgotten."


def _unknown(team_id: str) -> CommandFailed:
    return CommandFailed(f"There is no workspace {team_id}; `mudda workspaces list` shows which there are.")


def _day(moment: datetime | None, otherwise: str = "–") -> str:
    return otherwise if moment is None else f"{moment:%Y-%m-%d}"


def _counted(states: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {state.lower()}" for state, count in sorted(states.items())) or "none"
