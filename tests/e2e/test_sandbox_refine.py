"""A draft is changed in the sandbox's page: by Request changes, by hand, and back to its first version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.browser import opened_page
from tests.support.sandbox import ISSUE, sandbox, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DRAFT_MS = 90_000


async def chosen(page: Page, label: str) -> None:
    """Choose what the card's menu offers."""
    card = page.get_by_test_id("messages").get_by_test_id("message").first
    await card.get_by_test_id("overflow").click()
    await page.get_by_role("menuitem", name=label).click()


async def test_a_plan_is_changed_compared_and_brought_back(
    database_url: str, browser: Browser, tmp_path: Path
) -> None:
    async with sandbox(database_url) as (_, url), opened_page(browser, url, height=1_400) as page:
        await say(page, f"/mudda {ISSUE}")
        card = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(card.get_by_role("button", name="Request changes")).to_be_visible(timeout=DRAFT_MS)

        await card.get_by_role("button", name="Request changes").click()
        form = page.get_by_test_id("modal")
        await form.get_by_label("What should be different?").fill("Without the notice to residents")
        await page.screenshot(path=tmp_path / "request.png")
        await form.get_by_test_id("modal-submit").click()
        await expect(card).to_contain_text("Removed: Notify residents", timeout=DRAFT_MS)
        await expect(card).to_contain_text("Without the notice to residents")
        await expect(card).to_contain_text(re.compile("Changed by.*Priya Raman"))
        await page.screenshot(path=tmp_path / "changed.png")

        await chosen(page, "Edit step")
        option = form.get_by_test_id("select").locator("option", has_text="Assign a crew")
        await form.get_by_test_id("select").select_option(await option.get_attribute("value"))
        await form.get_by_test_id("modal-submit").click()
        await form.get_by_label("Ask a person just before this step").check()
        await page.screenshot(path=tmp_path / "edit.png")
        await form.get_by_test_id("modal-submit").click()
        await expect(card).to_contain_text(re.compile("Edited by.*Priya Raman"), timeout=DRAFT_MS)

        await chosen(page, "Versions")
        await page.screenshot(path=tmp_path / "versions.png")
        await form.get_by_role("button", name="Compare").last.click()
        await expect(page.get_by_text("Restore version 1")).to_be_visible()
        await page.screenshot(path=tmp_path / "compare.png")
        await page.get_by_test_id("modal-submit").last.click()
        await expect(card).to_contain_text("Version 1 brought back by", timeout=DRAFT_MS)
        await expect(card).to_contain_text("Added: Notify residents")
