"""`mudda webhooks add | list | remove | deliveries | retry`: who is told of plans and runs over HTTP."""

from __future__ import annotations

import argparse
from uuid import UUID

from yarl import URL

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
from bot.config import Settings, keys_of
from bot.errors import SettingsError
from db.session import Database
from services.errors import MoveNotAllowed, NotFound
from services.webhooks.service import DEAD, DELIVERED, EVENTS, PENDING, WebhookExists, WebhookService
from services.workspaces.secrets import SecretBox

MAX_URL = 2_000


def add(commands: Commands) -> None:
    """Add the commands."""
    parser = commands.add_parser("webhooks", help="who is told of plans and runs over HTTP")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    adding = actions.add_parser("add", help="have a URL told, and show once what signs")
    adding.add_argument("url", metavar="URL")
    adding.add_argument("--events", default=",".join(EVENTS), help=f"of {', '.join(EVENTS)} (default: all)")
    listing = actions.add_parser("list", help="which URLs are told, and of what")
    removing = actions.add_parser("remove", help="tell a URL of nothing more")
    removing.add_argument("url", metavar="URL")
    deliveries = actions.add_parser("deliveries", help="the last deliveries, and what came of each")
    deliveries.add_argument("--state", choices=(PENDING, DELIVERED, DEAD))
    retrying = actions.add_parser("retry", help="deliver once more what is dead")
    retrying.add_argument("delivery", metavar="ID", help="of one delivery, or: all")
    runs = (
        (adding, _run_add),
        (listing, _run_list),
        (removing, _run_remove),
        (deliveries, _run_deliveries),
        (retrying, _run_retry),
    )
    for action, run in runs:
        add_workspace_option(action)
        action.set_defaults(run=run)


async def _run_add(settings: Settings, options: argparse.Namespace) -> int:
    if settings.mudda_secret_key is None:
        raise SettingsError(
            ["MUDDA_SECRET_KEY is missing: `mudda secrets new-key` makes one, to seal what signs."]
        )
    box = SecretBox(keys_of(settings.mudda_secret_key))
    team = await team_of(settings, options)
    async with open_database(settings) as database:
        print(await add_(database, team, options.url, options.events, box))
    print("This signs what is sent, and is shown once. Keep it where secrets are kept.")
    return 0


async def _run_list(settings: Settings, options: argparse.Namespace) -> int:
    return await print_of(settings, options, list_)


async def _run_remove(settings: Settings, options: argparse.Namespace) -> int:
    return await print_of(settings, options, remove, options.url)


async def _run_deliveries(settings: Settings, options: argparse.Namespace) -> int:
    return await print_of(settings, options, deliveries_, options.state)


async def _run_retry(settings: Settings, options: argparse.Namespace) -> int:
    return await print_of(settings, options, retry, options.delivery)


async def add_(database: Database, team: str, url: str, events: str, box: SecretBox) -> str:
    """Have a URL told; the secret that signs. Raises CommandFailed."""
    _check(url)
    wanted = [event.strip() for event in events.split(",") if event.strip()]
    if not wanted or not set(wanted) <= set(EVENTS):
        raise CommandFailed(f"--events are of {', '.join(EVENTS)}, comma separated.")
    workspace_id = await workspace_of(database, team)
    async with database.transaction() as session:
        try:
            return await WebhookService(box).add(session, workspace_id, url, set(wanted))
        except WebhookExists:
            raise CommandFailed("This URL is told already: remove it first.") from None


def _check(url: str) -> None:
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.user or len(url) > MAX_URL:
        raise CommandFailed("URL is an address that begins with https://, without a user and a password in it.")


async def list_(database: Database, team: str) -> str:
    """The webhooks of a workspace, as a table. Raises CommandFailed."""
    workspace_id = await workspace_of(database, team)
    async with database.reading() as session:
        found = await WebhookService(None).listed(session, workspace_id)
    if not found:
        return "Nobody is told; `mudda webhooks add URL` changes that."
    rows = [(each.url, ",".join(each.events), f"{each.created_at:%Y-%m-%d}") for each in found]
    return "\n".join(table([("URL", "EVENTS", "ADDED"), *rows]))


async def remove(database: Database, team: str, url: str) -> str:
    """Tell a URL of nothing more. Raises CommandFailed."""
    workspace_id = await workspace_of(database, team)
    async with database.transaction() as session:
        try:
            await WebhookService(None).remove(session, workspace_id, url)
        except NotFound:
            raise CommandFailed("This URL is not told; `mudda webhooks list` shows which are.") from None
    return "Removed."


async def deliveries_(database: Database, team: str, state: str | None) -> str:
    """The last deliveries, as a table. Raises CommandFailed."""
    workspace_id = await workspace_of(database, team)
    async with database.reading() as session:
        found = await WebhookService(None).deliveries(session, workspace_id, state)
    if not found:
        return "There are none."
    header = ("ID", "EVENT", "HAPPENED", "STATE", "ATTEMPTS", "LAST", "URL")
    rows = [
        (
            str(row.id),
            row.event,
            f"{row.happened_at:%Y-%m-%d %H:%M:%S}",
            row.state,
            str(row.attempts),
            row.outcome or "–",
            url,
        )
        for row, url in found
    ]
    return "\n".join(table([header, *rows]))


async def retry(database: Database, team: str, delivery: str) -> str:
    """Deliver what is dead once more. Raises CommandFailed."""
    workspace_id = await workspace_of(database, team)
    service = WebhookService(None)
    async with database.transaction() as session:
        try:
            if delivery == "all":
                ids = [row.id for row, _ in await service.deliveries(session, workspace_id, DEAD)]
            else:
                ids = [UUID(delivery)]
            for each in ids:
                await service.retry(session, workspace_id, each)
        except (ValueError, NotFound):
            raise CommandFailed("There is no such delivery; `mudda webhooks deliveries` shows them.") from None
        except MoveNotAllowed as error:
            raise CommandFailed(f"This delivery is {error.state}: only one that is dead is tried again.") from None
    return f"{len(ids):,} tried again now."
