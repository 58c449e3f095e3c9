"""Documents of components that people give to the bot, and what it shows of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot.sandbox.slack import Message
from bot.sandbox.slack.outbound.delivery import Delivery
from bot.sandbox.slack.state.files import file_object
from bot.slack import ids
from bot.views.importing.form import OPENAPI
from db.models import Component
from tests.support.talk import answered
from tests.support.town_hall import TownHall, card_text


async def sent_file(hall: TownHall, user: str, name: str, content: bytes) -> Message:
    """Send a file to the bot in a direct message, and wait for its answer."""
    slack = hall.slack
    file = file_object(slack.upload(user, name, content), slack.workspace.team, slack.url)
    message, _ = slack.post_user_message(user, slack.dm(user).id, "", subtype="file_share", files=(file,))
    return await answered(hall, message.channel, message.ts)


async def add(
    hall: TownHall, user: str, *, kind: str = OPENAPI, url: str = "", preset: str | None = None, api_key: str = ""
) -> Delivery:
    """Type `/mudda components add`, and submit its form."""
    await hall.slack.send_command(user, "works", "/mudda", "components add")
    view = hall.slack.views(user)[-1]
    values: dict[str, dict[str, Any]] = {
        ids.BLOCK_ADD_KIND: {ids.INPUT_ADD_KIND: kind},
        ids.BLOCK_ADD_URL: {ids.INPUT_ADD_URL: url},
        ids.BLOCK_ADD_PRESET: {ids.INPUT_ADD_PRESET: preset},
        ids.BLOCK_ADD_KEY: {ids.INPUT_ADD_KEY: api_key},
    }
    return await hall.slack.submit_view(view.id, values)


async def previews(hall: TownHall, user: str, count: int) -> list[Message]:
    """Wait for so many messages about documents in somebody's direct message."""

    def found() -> list[Message] | None:
        messages = hall.slack.dm(user).messages.values()
        mine = [each for each in messages if (each.metadata or {}).get("event_type") == ids.METADATA_IMPORT]
        return mine if len(mine) >= count else None

    return await hall.slack.wait_for(found)


async def shown(hall: TownHall, preview: Message, words: str) -> Message:
    """Wait until a preview has become something else, with these words in it."""

    def found() -> Message | None:
        message = hall.slack.channel(preview.channel).messages[preview.ts]
        return message if words in card_text(message) else None

    return await hall.slack.wait_for(found)


async def components(hall: TownHall, prefix: str) -> list[str]:
    """The keys of all components that begin like this, in order."""
    async with hall.database.reading() as session:
        keys = await session.scalars(select(Component.key).where(Component.key.startswith(prefix)))
        return sorted(keys)
