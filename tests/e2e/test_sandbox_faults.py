"""The fault switch of the sandbox's page: a step is refused, then cut off, and a person decides."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.browser import opened_page
from tests.support.sandbox import ISSUE, sandbox, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

REPORT = "open311.create_request"
"""It is not safe to send twice, so a call that breaks off may have arrived or not."""


async def test_a_step_is_refused_and_cut_off_and_skipped(database_url: str, browser: Browser) -> None:
    async with sandbox(database_url) as (_, url), opened_page(browser, url) as page:
        switch = page.get_by_test_id("faults")
        await expect(switch).to_have_text("Town: all works")
        await _set(page, REPORT, "refuse")
        await expect(switch).to_have_text("Town: 1 fault set")
        card = await _approved(page)
        await expect(card.get_by_role("button", name="Skip step")).to_be_visible()
        await expect(card).to_contain_text("422")

        # While the run goes on the same API breaks off its calls: whether that arrived, nobody can tell.
        await _set(page, REPORT, "reset")
        await _press(page, card, "Retry")
        await expect(card.get_by_role("button", name="Mark done")).to_be_visible()
        await _set(page, REPORT, "")
        await expect(switch).to_have_text("Town: all works")
        await _press(page, card, "Retry")
        await expect(card.get_by_role("button", name="Retry")).to_have_count(0)


async def _set(page: Page, route: str, kind: str) -> None:
    await page.get_by_test_id("faults").click()
    await page.get_by_test_id("faults-route").select_option(route)
    await page.get_by_test_id("faults-kind").select_option(kind)
    await expect(page.get_by_test_id("faults-set")).to_have_count(1 if kind else 0)
    await page.get_by_test_id("faults").click()
    await expect(page.get_by_test_id("faults-panel")).to_have_count(0)


async def _approved(page: Page) -> Locator:
    await say(page, f"/mudda {ISSUE}")
    card = page.get_by_test_id("messages").get_by_test_id("message").first
    await _press(page, card, "Approve and run")
    return card


async def _press(page: Page, card: Locator, name: str) -> None:
    await card.get_by_role("button", name=name).click()
    confirm = page.get_by_test_id("confirm-ok")
    await confirm.click()
