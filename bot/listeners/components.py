"""`/components [search]`: which APIs a plan may use, privately and in pages."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.listeners.guard import guard
from bot.listeners.paging import buttons_of, turn_page
from bot.slack import ids, payloads
from bot.views.private.lists import components_list


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.command(ids.COMMAND_COMPONENTS)(guard(payloads.command, list_components))
    app.action(buttons_of(ids.ACTION_COMPONENTS_PAGE))(guard(payloads.click, turn_page))


async def list_components(command: payloads.Command, deps: Deps, ack: AsyncAck) -> None:
    """The first page; further ones are jobs that replace it."""
    search = command.text[: ids.SEARCH_LENGTH]
    async with deps.database.reading() as session:
        page = await deps.components.list(session, deps.workspace.id, search=search)
    message = components_list(page, search)
    await ack(text=message.text, blocks=message.blocks)
