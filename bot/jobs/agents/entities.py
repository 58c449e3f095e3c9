"""A card is a work object of Slack's, too, where the workspace has them."""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.deps import Deps
from bot.errors import MetadataRefused
from bot.slack.messages import Message
from bot.slack.surfaces import Surface
from bot.views.messages.entity import task
from services.queries.snapshots import PlanSnapshot

logger = logging.getLogger("mudda.entities")


def with_entity(message: Message, snapshot: PlanSnapshot, channel: str, deps: Deps) -> Message:
    """The card with the plan as a task; as it is, where Slack takes none."""
    if not deps.surfaces.is_open(Surface.WORK_OBJECTS, deps.now()):
        return message
    # Before it is posted nobody knows where it will be, but for the channel.
    address = snapshot.link or f"https://app.slack.com/client/{deps.workspace.team_id}/{channel}"
    return replace(message, entities=(task(snapshot, address, deps.zone, deps.now()),))


def without_entity(message: Message, error: MetadataRefused, deps: Deps) -> Message:
    """The card as it was before there were work objects. Raises `error` if it was not those that were refused."""
    if not message.entities:
        raise error
    logger.info("Cards are no work objects here: %s", error)
    deps.surfaces.refused(Surface.WORK_OBJECTS, deps.now())
    return replace(message, entities=())
