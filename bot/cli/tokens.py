"""`mudda tokens create | list | revoke`: who may use the HTTP API and the MCP server."""

from __future__ import annotations

import argparse
import re
from datetime import datetime, timedelta

from bot.cli.command import (
    CommandFailed,
    Commands,
    add_workspace_option,
    open_database,
    print_of,
    team_of,
    workspace_of,
)
from bot.cli.table import table
from bot.config import Settings
from bot.deps import utc_now
from db.session import Database
from services.access import tokens
from services.access.tokens import Right, TokenExists
from services.errors import NotFound

MAX_DAYS = 3_650
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PERSON = re.compile(r"[UW][A-Z0-9]{2,30}")


def add(commands: Commands) -> None:
    """Add the commands."""
    parser = commands.add_parser("tokens", help="who may use the HTTP API")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make a token, and show it once")
    create.add_argument("name", metavar="NAME", help="what it is for: letters, digits, . _ and -")
    create.add_argument("--rights", default="read", help="of read, draft and cancel (default: read)")
    create.add_argument("--person", metavar="USER_ID", help="in whose name it drafts and cancels (Slack's U…)")
    create.add_argument("--days", type=int, default=90, help="how long it is good, 0 for ever (default: 90)")
    create.add_argument("--private", action="store_true", help="it also sees what is in no public channel")
    listing = actions.add_parser("list", help="which there are, and when each was used last")
    revoke = actions.add_parser("revoke", help="take one back, at once")
    revoke.add_argument("name", metavar="NAME")
    for action, run in ((create, _run_create), (listing, _run_list), (revoke, _run_revoke)):
        add_workspace_option(action)
        action.set_defaults(run=run)


async def _run_create(settings: Settings, options: argparse.Namespace) -> int:
    team = await team_of(settings, options)
    async with open_database(settings) as database:
        token = await create(
            database,
            team,
            options.name,
            options.rights,
            person=options.person,
            days=options.days,
            sees_private=options.private,
            now=utc_now(),
        )
    print(token)
    print("This is shown once. Keep it where secrets are kept.")
    return 0


async def _run_list(settings: Settings, options: argparse.Namespace) -> int:
    return await print_of(settings, options, list_)


async def _run_revoke(settings: Settings, options: argparse.Namespace) -> int:
    return await print_of(settings, options, revoke, options.name, utc_now())


async def create(
    database: Database,
    team: str,
    name: str,
    rights: str,
    *,
    person: str | None,
    days: int,
    sees_private: bool,
    now: datetime,
) -> str:
    """Make a token; what to present. Raises CommandFailed."""
    if _NAME.fullmatch(name) is None:
        raise CommandFailed("NAME has letters, digits, dots, dashes and underscores, 64 at most.")
    found = [right.strip() for right in rights.split(",") if right.strip()]
    if not found or not set(found) <= set(Right):
        raise CommandFailed(f"--rights are of {', '.join(Right)}, comma separated.")
    if person is not None and _PERSON.fullmatch(person) is None:
        raise CommandFailed("--person is Slack's id of a person: U… or W….")
    if person is None and set(found) - {Right.READ}:
        raise CommandFailed("A token that drafts or cancels acts in somebody's name: say whose with --person U….")
    if not 0 <= days <= MAX_DAYS:
        raise CommandFailed(f"--days is a number from 0 to {MAX_DAYS:,}.")
    workspace_id = await workspace_of(database, team)
    async with database.transaction() as session:
        try:
            return await tokens.create(
                session,
                workspace_id,
                name,
                [Right(right) for right in found],
                user=person,
                sees_private=sees_private,
                expires_at=now + timedelta(days=days) if days else None,
            )
        except TokenExists:
            raise CommandFailed(f"There is a token {name} already: revoke it first.") from None


async def list_(database: Database, team: str) -> str:
    """The tokens of a workspace, as a table. Raises CommandFailed."""
    workspace_id = await workspace_of(database, team)
    async with database.reading() as session:
        found = await tokens.listed(session, workspace_id)
    if not found:
        return "There are no tokens; `mudda tokens create NAME` makes one."
    header = ("NAME", "RIGHTS", "PERSON", "SEES", "MADE", "GOOD UNTIL", "LAST USED")
    rows = [
        (
            each.name,
            ",".join(each.rights),
            each.user_id or "–",
            "all" if each.sees_private else "public",
            f"{each.created_at:%Y-%m-%d}",
            "for ever" if each.expires_at is None else f"{each.expires_at:%Y-%m-%d}",
            "never" if each.last_used_at is None else f"{each.last_used_at:%Y-%m-%d %H:%M}",
        )
        for each in found
    ]
    return "\n".join(table([header, *rows]))


async def revoke(database: Database, team: str, name: str, now: datetime) -> str:
    """Take a token back. Raises CommandFailed."""
    workspace_id = await workspace_of(database, team)
    async with database.transaction() as session:
        try:
            await tokens.revoke(session, workspace_id, name, now)
        except NotFound:
            raise CommandFailed(f"There is no token {name}; `mudda tokens list` shows which there are.") from None
    return f"{name} is revoked."
