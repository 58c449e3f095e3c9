"""What nobody else listens to: acked, so that Slack does not send it again. Registered last."""

from __future__ import annotations

import logging
import re

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps

logger = logging.getLogger("mudda.unhandled")

ANY = re.compile("")


def register(app: AsyncApp, deps: Deps) -> None:
    """Add a listener for all that is left of each kind."""
    for kind in (app.event, app.command, app.action, app.view, app.view_closed, app.shortcut, app.options):
        kind(ANY)(ignore)


async def ignore(ack: AsyncAck) -> None:
    """Ack it, and do nothing."""
    logger.debug("Nothing listens to this")
    await ack()
