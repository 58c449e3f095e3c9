"""`mudda secrets`: the keys that secrets are sealed with, and the secrets of components.

A value is read from standard input, and never shown.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import UTC, datetime

from bot.cli.command import CommandFailed, Commands, add_workspace_option, open_database, team_of
from bot.cli.table import table
from bot.config import Settings, keys_of
from bot.errors import SettingsError
from db.session import Database
from services import workspaces
from services.audit import OPERATOR
from services.errors import NotFound
from services.webhooks.service import WebhookService
from services.workspaces.component_secrets import ComponentSecrets, NoSecretKey, SecretRefused
from services.workspaces.installations import InstallationService
from services.workspaces.renewed_tokens import RenewedTokens
from services.workspaces.secrets import SealBroken, SecretBox, new_key

_REFUSALS = {
    "name": "A name has letters, digits and “_”, and begins with no digit.",
    "empty": "There was nothing to keep: the value is read from standard input.",
    "too_long": "That is too long for a secret.",
}


def add(commands: Commands) -> None:
    """Add the commands."""
    secrets = commands.add_parser("secrets", help="the keys that secrets are sealed with, and components' secrets")
    actions = secrets.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("new-key", help="print a new key for MUDDA_SECRET_KEY").set_defaults(run=_new_key)
    rotate = actions.add_parser("rotate", help="seal everything with the first of the keys; then drop the others")
    rotate.set_defaults(run=_rotate)
    setting = actions.add_parser("set", help="keep a secret that a component names as secret:NAME")
    setting.set_defaults(run=_run_set)
    removing = actions.add_parser("remove", help="forget one")
    removing.set_defaults(run=_run_remove)
    listing = actions.add_parser("list", help="show which there are, without their values")
    listing.set_defaults(run=_run_list)
    for action in (setting, removing):
        action.add_argument("component", help="the key of the component")
        action.add_argument("name", metavar="NAME", help="as the component has it after “secret:”")
    for action in (setting, removing, listing):
        add_workspace_option(action)


async def _new_key(_: Settings, __: argparse.Namespace) -> int:
    print(new_key())
    return 0


async def _rotate(settings: Settings, _: argparse.Namespace) -> int:
    if settings.mudda_secret_key is None:
        raise SettingsError(["MUDDA_SECRET_KEY is missing: the new key, a comma, and the old one."])
    async with open_database(settings) as database:
        count = await rotate(database, SecretBox(keys_of(settings.mudda_secret_key)))
    print(f"{count:,} sealed with the first key. The others can be taken out of MUDDA_SECRET_KEY.")
    return 0


async def _run_set(settings: Settings, options: argparse.Namespace) -> int:
    if sys.stdin.isatty():
        value = getpass.getpass("The secret (it is not shown): ")
    else:
        # The end of the last line is the shell's, and no part of it.
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    async with open_database(settings) as database:
        team = await team_of(settings, options)
        await set_(database, secrets_of(settings), team, options.component, options.name, value)
    print(f"{options.component}: secret:{options.name} is set.")
    return 0


async def _run_remove(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        team = await team_of(settings, options)
        async with database.transaction() as session:
            try:
                workspace_id = await workspaces.by_team(session, team)
                await secrets_of(settings).remove(session, workspace_id, options.component, options.name, OPERATOR)
            except NotFound as error:
                raise CommandFailed(f"There is no {error.kind} {error.key} in {team}.") from None
    print(f"{options.component}: secret:{options.name} is forgotten.")
    return 0


async def _run_list(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        print(await list_(database, secrets_of(settings), await team_of(settings, options)))
    return 0


def secrets_of(settings: Settings) -> ComponentSecrets:
    """What keeps components' secrets with these settings."""
    return ComponentSecrets(_box(settings))


def tokens_of(settings: Settings) -> RenewedTokens:
    """What keeps tokens that were renewed with these settings."""
    return RenewedTokens(_box(settings))


def _box(settings: Settings) -> SecretBox | None:
    key = settings.mudda_secret_key
    return SecretBox(keys_of(key)) if key else None


async def set_(
    database: Database, secrets: ComponentSecrets, team: str, component: str, name: str, value: str
) -> None:
    """Keep a secret. Raises CommandFailed; what it says has no value in it."""
    async with database.transaction() as session:
        try:
            workspace_id = await workspaces.by_team(session, team)
            await secrets.set(session, workspace_id, component, name, value, OPERATOR, datetime.now(UTC))
        except NoSecretKey:
            raise CommandFailed("MUDDA_SECRET_KEY is missing: `mudda secrets new-key` makes one.") from None
        except SecretRefused as error:
            raise CommandFailed(_REFUSALS[error.reason]) from None
        except NotFound:
            raise CommandFailed(f"There is no component {component} in {team}.") from None


async def list_(database: Database, secrets: ComponentSecrets, team: str) -> str:
    """Which secrets a team's components have, as a table."""
    async with database.reading() as session:
        try:
            lines = await secrets.list(session, await workspaces.by_team(session, team))
        except NotFound:
            lines = []
    if not lines:
        return f"No secrets are kept in {team}. “mudda secrets set COMPONENT NAME” keeps one."
    header = ("COMPONENT", "NAME", "KEY", "SET BY", "SET AT", "STATE")
    rows = [
        (
            line.component,
            line.name,
            line.key_id,
            line.set_by,
            f"{line.set_at:%Y-%m-%d %H:%M}",
            "ok" if line.opens else "can't be opened",
        )
        for line in lines
    ]
    return "\n".join(table([header, *rows]))


async def rotate(database: Database, box: SecretBox) -> int:
    """Seal everything with the first key; how many there are. Raises CommandFailed, and changes nothing then."""
    try:
        async with database.transaction() as session:
            parts = (InstallationService(box), ComponentSecrets(box), RenewedTokens(box), WebhookService(box))
            return sum([await part.reseal(session) for part in parts])
    except SealBroken as error:
        raise CommandFailed("A secret is sealed with a key that is not there. Nothing was changed.") from error
