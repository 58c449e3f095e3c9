"""Draws docs/gallery.md and its pictures: a card in each of its states, as the sandbox's page shows it.

Run `python -m tests.e2e.gallery` after a change of the views. It needs a Chromium, and a font with emoji in it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from playwright.async_api import Page
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn
from bot.slack.messages import Message
from bot.views.card import card
from services.queries.snapshots import PlanSnapshot, RunSnapshot
from tests.support import answer_samples, run_samples, samples
from tests.support.browser import launched_chromium, opened_page

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "images" / "gallery"
CHANNEL = "works"
WIDTH, HEIGHT = 1_060, 2_600
"""Of the window: high enough for the longest card."""

INTRODUCTION = """\
# Gallery

A card in each of its states, as the sandbox's page shows it. The pictures are drawn from the samples that the
tests of the views use (`samples.py` and `run_samples.py` in `tests/support/`), by `python -m tests.e2e.gallery`.
"""

STATES: Mapping[str, PlanSnapshot] = {**samples.GALLERY, **run_samples.GALLERY}
MESSAGES: Mapping[str, Message] = answer_samples.MESSAGES
NAMES = (*STATES, *MESSAGES)
"""All that has a picture: cards, and other messages."""


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
            for name, message in MESSAGES.items():
                await _take(page, slack, message, picture(name))


def _peopled(snapshot: PlanSnapshot, slack: SlackStandIn) -> PlanSnapshot:
    """The snapshot with people of this workspace in it."""
    reporter, decider = slack.user("priya").id, slack.user("marco").id

    def person(user_id: str | None) -> str | None:
        return decider if user_id == samples.DECIDER else None

    def run(was: RunSnapshot) -> RunSnapshot:
        steps = tuple(replace(step, decided_by=person(step.decided_by)) for step in was.steps)
        return replace(was, started_by=decider, ended_by=person(was.ended_by), steps=steps)

    return replace(
        snapshot,
        issue=replace(snapshot.issue, reporter=reporter),
        decided_by=person(snapshot.decided_by),
        run=run(snapshot.run) if snapshot.run else None,
    )


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


if __name__ == "__main__":
    asyncio.run(draw())
