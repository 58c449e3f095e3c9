"""Previous and Next under a private list, and the choice of what is on it."""

from __future__ import annotations

import re

from slack_bolt.async_app import AsyncAck

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.slack import ids, payloads
from services.jobs import Listing, TurnPage

LISTINGS: dict[str, Listing] = {
    ids.ACTION_COMPONENTS_PAGE: "components",
    ids.ACTION_WORKFLOWS_PAGE: "workflows",
    ids.ACTION_NOTES_PAGE: "notes",
    ids.ACTION_WORKFLOWS_FILTER: "workflows",
}


def buttons_of(action: str) -> re.Pattern[str]:
    """The action ids of the two buttons under a list."""
    return re.compile(rf"^{re.escape(action)}\.(previous|next)$")


async def turn_page(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """Hand the turn over: only the response URL can change a private message, and that is a call."""
    if click.response_url is None:
        raise MalformedPayload("a page turned without a response URL")
    await deps.intake.put(click.key, _turn(click, click.response_url, deps))
    await ack()


def _turn(click: payloads.Click, response_url: str, deps: Deps) -> TurnPage:
    page = _page(click)
    return TurnPage(
        workspace=deps.workspace.id,
        listing=LISTINGS.get(click.action) or LISTINGS[click.action.rpartition(".")[0]],
        search=page.search,
        page=page.page,
        user=click.user,
        channel=click.channel,
        response_url=response_url,
    )


def _page(click: payloads.Click) -> ids.PageRef:
    try:
        return ids.PageRef.decode(click.value)
    except ValueError as error:
        raise MalformedPayload("a button's value that we did not write") from error
