"""The pictures of an issue, for the agents: fetched for each draft, with the bot's token, and then forgotten.

None of what can go wrong with a picture keeps a plan from being drafted.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from bot.deps import Deps
from bot.errors import FileRefused, RateLimited, SlackError, SlackUnavailable
from services.pictures.unseen import PictureRefused, Unseen
from services.plans.attached import AttachedPicture
from services.plans.model import Issue

logger = logging.getLogger("mudda.drafts")

MOST = 4
"""So many pictures of an issue the agents are shown."""

MOST_TRIED = 8
"""So many files are fetched for that: not all of a thread full of what is no picture."""

FILE_BYTES = 20 * 2**20
LOOK_SECONDS = 30.0
"""As long as all of it may take; a draft has less than two minutes."""

_GONE = ("file_not_found", "file_deleted")


async def with_pictures(issue: Issue, deps: Deps) -> Issue:
    """The issue with the pictures that could be looked at, and which of the others could not be, and why."""
    shown: list[bytes] = []
    known: list[AttachedPicture] = []
    until = asyncio.get_running_loop().time() + LOOK_SECONDS
    for number, picture in enumerate(issue.attached):
        if len(shown) == MOST or number == MOST_TRIED:
            known += [replace(each, unseen=Unseen.TOO_MANY) for each in issue.attached[number:]]
            break
        found = await _looked_at(picture, until, deps)
        if isinstance(found, Unseen):
            known.append(replace(picture, unseen=found))
        else:
            shown.append(found)
            known.append(replace(picture, unseen=None))
    return replace(issue, attached=tuple(known), pictures=tuple(shown))


async def _looked_at(picture: AttachedPicture, until: float, deps: Deps) -> bytes | Unseen:
    async def fetch() -> bytes:
        return (await deps.slack.file(picture.id, limit=FILE_BYTES)).content

    try:
        async with asyncio.timeout_at(until):
            return await deps.photos.read(fetch)
    except PictureRefused as error:
        return error.why
    except TimeoutError:
        return Unseen.UNAVAILABLE
    except SlackError as error:
        logger.info("A picture can't be had: %s", error)
        return _why(error)


def _why(error: SlackError) -> Unseen:
    if isinstance(error, RateLimited | SlackUnavailable):
        return Unseen.UNAVAILABLE
    if error.code in _GONE:
        return Unseen.GONE
    too_large = isinstance(error, FileRefused) and error.code == "too_large"
    return Unseen.TOO_LARGE if too_large else Unseen.REFUSED
