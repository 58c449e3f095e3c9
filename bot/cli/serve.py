"""`mudda serve`: the bot, until it is told to stop."""

from __future__ import annotations

import argparse
import logging
from datetime import UTC, datetime

from bot.cli.command import Commands, told_to_stop
from bot.config import Settings, check_serve
from bot.startup.model import end_of_model

logger = logging.getLogger("mudda")


def add(commands: Commands) -> None:
    """Add the command."""
    serve = commands.add_parser("serve", help="run the bot: web and worker in one process")
    serve.add_argument("--only", choices=["web", "worker"], help="run just one of the two")
    serve.set_defaults(run=run)


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Serve. Raises SettingsError if what is set can't be used."""
    check_serve(settings)
    if told := end_of_model(settings.gemini_model, datetime.now(UTC).date()):
        logger.warning("Gemini: %s", told)
    # Here and not above: the model's SDK takes a second to import, and `--help` should not wait for it.
    from bot.serve import running_bot
    from bot.startup.garbage import settle_garbage

    async with running_bot(settings, only=options.only) as bot:
        settle_garbage()
        logger.info("Ready on port %d: %s", bot.port, bot.tenants)
        await told_to_stop()
    return 0
