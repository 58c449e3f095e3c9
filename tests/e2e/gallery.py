"""Draws docs/gallery.md and its pictures: a card in each of its states, as the sandbox's page shows it.

Run `python -m tests.e2e.gallery` after a change of the views. It needs a Chromium, and a font with emoji in it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from playwright.async_api import Page
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn
from bot.slack.messages import Message, View
from bot.views.card import card
from bot.views.home import home_view
from bot.views.messages.place import moved
from bot.views.modals.settings import settings_modal
from bot.views.private.lists import workflows_list
from services.pages import Page as ListPage
from services.queries.filters import PlanFilter
from services.queries.snapshots import HomeSnapshot, PlanSnapshot, RunSnapshot
from services.workspaces.settings import Defaults
from tests.support import (
    answer_samples,
    clarify_samples,
    home_samples,
    import_samples,
    notification_samples,
    refine_samples,
    registry_samples,
    run_samples,
    samples,
)
from tests.support.browser import launched_chromium, opened_page

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "images" / "gallery"
CHANNEL = "works"
WIDTH, HEIGHT = 1_060, 2_600
"""Of the window: high enough for the longest card."""

INTRODUCTION = """\
# Gallery

A card in each of its states, lists and Homes, as the sandbox's page shows them. The pictures are drawn from the
samples that the tests of the views use (`samples.py`, `run_samples.py` and `home_samples.py` in `tests/support/`),
by `python -m tests.e2e.gallery`.
"""

STATES: Mapping[str, PlanSnapshot] = {
    **samples.GALLERY,
    **clarify_samples.GALLERY,
    **refine_samples.GALLERY,
    **run_samples.GALLERY,
}
MESSAGES: Mapping[str, Message] = {
    **notification_samples.MESSAGES,
    **answer_samples.MESSAGES,
    **registry_samples.MESSAGES,
    **import_samples.MESSAGES,
}
VIEWS: Mapping[str, View] = {
    **notification_samples.VIEWS,
    **registry_samples.VIEWS,
    **import_samples.VIEWS,
}
HOMES: Mapping[str, HomeSnapshot] = home_samples.GALLERY

LISTS: Mapping[str, Message] = {
    "A list of plans": workflows_list(ListPage(home_samples.LINES, 1, 10, 24), PlanFilter("open", days=30)),
    "A list of plans, with nothing on it": workflows_list(ListPage((), 1, 10, 0), PlanFilter("mine")),
    "A card that was moved": moved(12, samples.CHANNEL, home_samples.LINK),
}

SETTINGS = "The form of settings"

NAMES = (*STATES, *MESSAGES, *VIEWS, *HOMES, *LISTS, SETTINGS)
"""All that is drawn, in its order."""


def picture(name: str) -> Path:
    """Where the picture of a state is."""
    return PICTURES / f"{re.sub('[^a-z0-9]+', '-', name.lower())}.png"


def page_text() -> str:
    """The text of docs/gallery.md."""
    sections = [f"\n## {name}\n\n![{name}]({picture(name).relative_to(DOCS)})\n" for name in NAMES]
    return INTRODUCTION + "".join(sections)


async def draw() -> None:
    """Write the page and all of its pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    (DOCS / "gallery.md").write_text(page_text(), encoding="utf-8")
    async with SlackStandIn() as slack, launched_chromium() as browser:
        url = f"{slack.url}/#/{slack.user('priya').id}/{slack.channel(CHANNEL).id}"
        async with opened_page(browser, url, width=WIDTH, height=HEIGHT) as page:
            for name, snapshot in STATES.items():
                message = card(_peopled(snapshot, slack), card_id=samples.CARD_ID)
                await _take(page, slack, message, picture(name))
            for name, message in {**MESSAGES, **LISTS}.items():
                await _take(page, slack, message, picture(name))
            for name, view in VIEWS.items():
                await _take_view(page, slack, view, picture(name))
            await _take_homes(page, slack)


def _peopled(snapshot: PlanSnapshot, slack: SlackStandIn) -> PlanSnapshot:
    """The snapshot with people of this workspace in it."""
    reporter, decider = slack.user("priya").id, slack.user("marco").id

    def person(user_id: str | None) -> str | None:
        return decider if user_id == samples.DECIDER else None

    def run(was: RunSnapshot) -> RunSnapshot:
        steps = tuple(
            replace(step, decided_by=person(step.decided_by), request=_addressed(step.request, reporter))
            for step in was.steps
        )
        return replace(was, started_by=decider, ended_by=person(was.ended_by), steps=steps)

    return replace(
        snapshot,
        issue=replace(snapshot.issue, reporter=reporter),
        decided_by=person(snapshot.decided_by),
        requester=person(snapshot.requester),
        version=replace(snapshot.version, made_by=person(snapshot.version.made_by)) if snapshot.version else None,
        change=replace(snapshot.change, by=person(snapshot.change.by) or "") if snapshot.change else None,
        run=run(snapshot.run) if snapshot.run else None,
        look_alike=replace(snapshot.look_alike, reporter=decider) if snapshot.look_alike else None,
    )


def _addressed(request: Mapping[str, Any] | None, reporter: str) -> Mapping[str, Any] | None:
    """What a step sends, to the reporter of this workspace."""
    body = (request or {}).get("body")
    if request is None or not isinstance(body, dict) or body.get("to") != samples.REPORTER:
        return request
    return {**request, "body": {**body, "to": reporter}}


async def _take_view(page: Page, slack: SlackStandIn, view: View, path: Path) -> None:
    workspace = slack.workspace
    workspace.open_view(workspace.new_view(slack.user("priya").id, view))
    shown = page.get_by_test_id("modal")
    await shown.wait_for()
    await shown.screenshot(path=path, animations="disabled")
    workspace.close_views(slack.user("priya").id)
    await shown.wait_for(state="detached")


async def _take(page: Page, slack: SlackStandIn, message: Message, path: Path) -> None:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    posted = await client.chat_postMessage(
        channel=slack.channel(CHANNEL).id, text=message.text, blocks=message.blocks, metadata=message.metadata
    )
    shown = page.get_by_test_id("messages").get_by_test_id("message").last
    await shown.wait_for()
    await shown.screenshot(path=path, animations="disabled")
    await client.chat_delete(channel=posted["channel"], ts=posted["ts"])
    await shown.wait_for(state="detached")


async def _take_homes(page: Page, slack: SlackStandIn) -> None:
    """The Homes as they are published for one person, and the form of settings on top of the last."""
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    user = slack.user("priya").id
    await page.goto(f"{slack.url}/#/{user}/{slack.dm('priya').id}")
    await page.get_by_test_id("tab-home").click()
    home = page.locator("#home")
    for name, snapshot in HOMES.items():
        view = home_view(snapshot, Defaults("Europe/Berlin", 2_000_000))
        await client.views_publish(user_id=user, view=view)
        shown = [block["block_id"] for block in view["blocks"] if block["type"] == "actions"]
        found = home.locator(f'[data-block-id="{shown[0]}"]').first if shown else home.get_by_text("Only people")
        await found.wait_for()
        await home.screenshot(path=picture(name), animations="disabled")
    form = settings_modal(home_samples.APPROVER.settings, home_samples.APPROVER.rules, Defaults("Europe/Berlin"))
    slack.workspace.open_view(slack.workspace.new_view(user, form))
    modal = page.get_by_test_id("modal")
    await modal.screenshot(path=picture(SETTINGS), animations="disabled")


if __name__ == "__main__":
    asyncio.run(draw())
