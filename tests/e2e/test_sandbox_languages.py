"""A clerk has Slack in German, in the sandbox's page: their Home and their cards are German from then on."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from bot.languages import _, language_of, speaking
from tests.support.browser import opened_page
from tests.support.sandbox import ISSUE, sandbox, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LONG_MS = 90_000

with speaking(language_of("de-DE")):
    WELCOME, APPROVE, REPORTS = _("Welcome to Mudda"), _("Approve and run"), _("Your reports")


async def home(page: Page) -> Locator:
    """Go to the bot's Home."""
    await page.get_by_test_id("dm-mudda").click()
    await page.get_by_test_id("tab-home").click()
    return page.locator("#home")


async def test_a_german_clerk_sees_a_german_home_and_a_german_card(database_url: str, browser: Browser) -> None:
    async with sandbox(database_url) as (_bot, url), opened_page(browser, url) as page:
        mine = await home(page)
        await expect(mine).to_contain_text("Welcome to Mudda", timeout=LONG_MS)
        await page.get_by_test_id("language").select_option(label="Deutsch")
        await expect(mine).to_contain_text(WELCOME, timeout=LONG_MS)
        await page.get_by_test_id("channel-works").click()
        await say(page, f"/mudda {ISSUE}")
        button = page.get_by_role("button", name=APPROVE)
        await expect(button).to_be_visible(timeout=LONG_MS)
        mine = await home(page)
        await expect(mine).to_contain_text(REPORTS, timeout=LONG_MS)
        await page.get_by_test_id("language").select_option(label="English")
        await expect(mine).to_contain_text("Your reports", timeout=LONG_MS)
