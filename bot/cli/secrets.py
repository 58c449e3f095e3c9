"""`mudda secrets new-key | rotate`: the keys that bot tokens are sealed with."""

from __future__ import annotations

import argparse

from bot.cli.command import CommandFailed, Commands, open_database
from bot.config import Settings, keys_of
from bot.errors import SettingsError
from services.webhooks.service import WebhookService
from services.workspaces.installations import InstallationService
from services.workspaces.secrets import SealBroken, SecretBox, new_key


def add(commands: Commands) -> None:
    """Add the commands."""
    secrets = commands.add_parser("secrets", help="the keys that bot tokens are sealed with")
    actions = secrets.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("new-key", help="print a new key for MUDDA_SECRET_KEY").set_defaults(run=_new_key)
    rotate = actions.add_parser("rotate", help="seal everything with the first of the keys; then drop the others")
    rotate.set_defaults(run=_rotate)


async def _new_key(_: Settings, __: argparse.Namespace) -> int:
    print(new_key())
    return 0


async def _rotate(settings: Settings, _: argparse.Namespace) -> int:
    if settings.mudda_secret_key is None:
        raise SettingsError(["MUDDA_SECRET_KEY is missing: the new key, a comma, and the old one."])
    box = SecretBox(keys_of(settings.mudda_secret_key))
    async with open_database(settings) as database:
        try:
            async with database.transaction() as session:
                count = await InstallationService(box).reseal(session)
                count += await WebhookService(box).reseal(session)
        except SealBroken as error:
            raise CommandFailed("A token is sealed with a key that is not there. Nothing was changed.") from error
    print(f"{count:,} sealed with the first key. The others can be taken out of MUDDA_SECRET_KEY.")
    return 0
