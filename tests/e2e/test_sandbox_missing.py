"""What an issue does not say, asked for and answered in the sandbox's page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import opened_page
from tests.support.sandbox import ISSUE, sandbox, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DRAFT_MS = 90_000


async def test_a_report_without_a_place_is_asked_for_one_and_planned_with_it(
    database_url: str, browser: Browser, tmp_path: Path
) -> None:
    async with sandbox(database_url) as (_, url), opened_page(browser, url, height=1_400) as page:
        await say(page, "/mudda The street light is broken and it is dark")
        card = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(card).to_contain_text("Where is it?", timeout=DRAFT_MS)
        await expect(card.get_by_role("button", name="Plan anyway")).to_be_visible()
        await page.screenshot(path=tmp_path / "asked.png")

        await card.get_by_role("button", name="Answer").click()
        form = page.get_by_test_id("modal")
        await form.get_by_label("Where is it?").fill("Elm Street, in front of the school")
        await page.screenshot(path=tmp_path / "form.png")
        await form.get_by_test_id("modal-submit").click()
        await expect(card).to_contain_text("Place: Elm Street, in front of the school", timeout=DRAFT_MS)
        await expect(card.get_by_role("button", name="Approve and run")).to_be_visible(timeout=DRAFT_MS)
        await page.screenshot(path=tmp_path / "planned.png")


async def test_what_is_planned_already_is_put_away_as_the_same_issue(
    database_url: str, browser: Browser, tmp_path: Path
) -> None:
    async with sandbox(database_url) as (_, url), opened_page(browser, url, height=1_400) as page:
        await say(page, f"/mudda {ISSUE}")
        messages = page.get_by_test_id("messages").get_by_test_id("message")
        await expect(messages.first.get_by_role("button", name="Approve and run")).to_be_visible(timeout=DRAFT_MS)

        await page.get_by_role("button", name="Dana Whitfield").last.click()
        await say(page, "/mudda There is a burst water main at 5th and Main")
        card = messages.nth(1)
        await expect(card).to_contain_text("Is this the same as #1?", timeout=DRAFT_MS)
        await page.screenshot(path=tmp_path / "same_asked.png")

        await card.get_by_role("button", name="Same issue").click()
        await expect(card).to_contain_text("Same as #1", timeout=DRAFT_MS)
        await expect(card.get_by_role("button", name="Plan it anyway")).to_be_visible()
        await expect(messages.first).to_contain_text("2 people reported this")
        await page.screenshot(path=tmp_path / "same.png")
