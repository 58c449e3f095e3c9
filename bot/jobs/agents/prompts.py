"""What somebody may want to write to the bot is suggested when they open their direct message with it."""

from __future__ import annotations

import logging

from bot.deps import Deps
from bot.errors import SlackError, SurfaceRefused
from bot.jobs.registry import Handler, Lane
from bot.slack.surfaces import Surface
from bot.views.messages.prompts import prompts
from services import homes
from services.jobs import SuggestPrompts
from services.queries import home

logger = logging.getLogger("mudda.prompts")


async def suggest_prompts(job: SuggestPrompts, deps: Deps) -> None:
    """Suggest what fits the person: a clerk, somebody who is awaited, an admin."""
    if not deps.surfaces.is_open(Surface.PROMPTS, deps.now()):
        return
    async with deps.database.searching() as session:
        viewer = await deps.queries.viewer(session, job.workspace, job.user, now=deps.now())
        waiting = await home.waiting_for(session, job.workspace, viewer)
        is_admin = job.user in viewer.rules.approvers or await homes.is_admin(session, job.workspace, job.user)
    try:
        await deps.slack.suggest(job.channel, prompts(waiting=waiting, is_admin=is_admin))
    except SurfaceRefused as error:
        logger.info("Nothing can be suggested here: %s", error)
        deps.surfaces.refused(Surface.PROMPTS, deps.now())
    except SlackError as error:
        logger.info("Could not suggest anything: %s", error)


HANDLERS = (Handler(SuggestPrompts, Lane.QUICK, suggest_prompts),)
