"""How the bot's sessions as an agent stand: a thread in a direct message says when a person is awaited there."""

from __future__ import annotations

import logging

from bot.deps import Deps
from bot.errors import SlackError, SurfaceRefused
from bot.slack.client.agents import SessionStatus
from bot.slack.surfaces import Surface
from bot.views.messages.place import is_direct
from services.queries.snapshots import PlanSnapshot
from services.states import PlanState, RunState

logger = logging.getLogger("mudda.sessions")


async def show_awaited(channel: str, thread_ts: str | None, snapshot: PlanSnapshot, deps: Deps) -> None:
    """Say in the thread of a card in a direct message whether it waits for a person."""
    if thread_ts is not None and is_direct(channel):
        await show_session(channel, thread_ts, "suspended" if _awaits(snapshot) else "active", deps)


async def show_session(channel: str, thread_ts: str, status: SessionStatus, deps: Deps) -> None:
    """Show how a session stands. A sign that can't be given is no lost work."""
    if not deps.surfaces.is_open(Surface.SESSIONS, deps.now()):
        return
    try:
        await deps.slack.set_session(channel, thread_ts, status)
    except SurfaceRefused as error:
        logger.info("There are no sessions of agents here: %s", error)
        deps.surfaces.refused(Surface.SESSIONS, deps.now())
    except SlackError as error:
        logger.info("Could not show how a session stands: %s", error)


def _awaits(snapshot: PlanSnapshot) -> bool:
    if snapshot.run is not None:
        return snapshot.run.state in (RunState.WAITING, RunState.FAILED)
    return snapshot.state == PlanState.DRAFT
