"""The names of people, groups and channels in what somebody wrote: Slack often sends no more than their ids."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from services.mentions import Part, PartKind, parts_of, trimmed

logger = logging.getLogger("mudda.naming")

MAX_LOOK_UPS = 30
"""As many as are looked up in one text; the rest keep what Slack wrote."""


async def named_parts(markup: str, deps: Deps) -> tuple[Part, ...]:
    """The parts of Slack's markup, by the names that people see. Raises what passes: a rate limit, an outage."""
    found = {part.id: part for part in parts_of(markup) if part.id}
    wanted = list(found.values())[:MAX_LOOK_UPS]
    names = await asyncio.gather(*(_name(part, deps) for part in wanted))
    return trimmed(parts_of(markup, {part.id: name for part, name in zip(wanted, names, strict=True) if name}))


async def _name(part: Part, deps: Deps) -> str | None:
    """The name of it; None where Slack does not tell, and what Slack wrote in the text is all there is."""
    try:
        return await _asked(part, deps)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("A name is not known: %s", error)
        return None


def _asked(part: Part, deps: Deps) -> Awaitable[str | None]:
    if part.kind == PartKind.PERSON:
        return deps.slack.person_name(part.id)
    if part.kind == PartKind.CHANNEL:
        return deps.slack.channel_name(part.id)
    return deps.slack.group_handle(part.id)
