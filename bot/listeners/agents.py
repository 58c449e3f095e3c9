"""The bot as an agent: somebody presses Stop."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.listeners.guard import guard
from bot.slack import payloads
from services.jobs import StopAnswer


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.event("agent_session_stopped")(guard(payloads.session_stopped, stop))


async def stop(stopped: payloads.SessionStopped, deps: Deps, ack: AsyncAck) -> None:
    """Handed over: who may stop what is decided there."""
    job = StopAnswer(
        workspace=deps.workspace.id, user=stopped.user, channel=stopped.channel, thread_ts=stopped.thread_ts
    )
    await deps.intake.put(stopped.key, job)
    await ack()
