"""What people change of themselves in Slack: the language in which they read it."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.listeners.guard import guard
from bot.slack import payloads


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.event("user_change")(guard(payloads.user_changed, changed))


async def changed(event: payloads.UserChanged, deps: Deps, ack: AsyncAck) -> None:
    """Slack does not say what has changed, so the language is asked for when something is to be said next."""
    deps.slack.forget_locale(event.user)
    await ack()
