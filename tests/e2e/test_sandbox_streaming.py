"""The direct message in the page: what may be asked is suggested, the answer grows, and Stop stops it."""

from __future__ import annotations

import os

import pytest
from playwright.async_api import Browser, Page, expect

from bot.sandbox.gemini.faults import Hold
from tests.support.browser import opened_page
from tests.support.record import town
from tests.support.town_hall import TownHall, town_hall

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ANSWER_MS = 60_000


async def ask(page: Page, hall: TownHall) -> Hold:
    """Press what is suggested, and open the thread in which it is answered, while the model thinks."""
    held = Hold()
    hall.gemini.script(held, agent="inquiry")
    await page.get_by_test_id("prompt").filter(has_text="What is going on?").click()
    asked = page.get_by_test_id("messages").get_by_test_id("message").last
    await expect(asked.get_by_test_id("thread-link")).to_be_visible(timeout=ANSWER_MS)
    await asked.get_by_test_id("thread-link").click()
    return held


async def test_an_answer_grows_in_the_direct_message_and_may_be_stopped(
    database_url: str, browser: Browser
) -> None:
    async with town_hall(database_url) as hall:
        await town(hall.database, hall.deps.workspace.id)
        async with opened_page(browser, f"{hall.slack.url}/#/{hall.slack.user('priya').id}") as page:
            await page.get_by_test_id("dm-mudda").click()
            held = await ask(page, hall)
            thread = page.get_by_test_id("thread-pane")
            await expect(thread.get_by_text("Looking…")).to_be_visible()
            await expect(thread.get_by_test_id("session")).to_contain_text("Mudda works on it")
            if shots := os.environ.get("MUDDA_SHOTS"):
                await page.screenshot(path=f"{shots}/streaming.png")
            held.released.set()
            await expect(thread).to_contain_text("9 on record", timeout=ANSWER_MS)
            await expect(thread.get_by_text("Looking…")).to_have_count(0)
            await expect(thread.get_by_test_id("session")).to_have_count(0)
            if shots:
                await page.screenshot(path=f"{shots}/streamed.png")
            await page.get_by_test_id("thread-close").click()

            held = await ask(page, hall)
            await thread.get_by_test_id("session-stop").click()
            await expect(thread).to_contain_text("You stopped this answer.")
            held.released.set()
