"""Who is asked hears of it in a direct message, decides there, and the card and all other copies are locked."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.browser import opened_page
from tests.support.sandbox import ISSUE, sandbox, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RUN_MS = 90_000
"""For a run to come to its gate."""


async def become(page: Page, name: str) -> None:
    """Look at the page as another person."""
    await page.get_by_test_id("user-switch").get_by_role("button", name=name).click()
    await expect(page.get_by_test_id("current-user")).to_have_text(f"You are {name}")


async def name_approvers(page: Page, *names: str) -> None:
    """Say who may decide, in the form."""
    await say(page, "/mudda approvers")
    modal = page.get_by_test_id("modal")
    for name in names:
        await modal.get_by_label(name).check()
    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_have_count(0)


def direct(page: Page, words: str) -> Locator:
    """The direct messages that say this."""
    return page.get_by_test_id("messages").get_by_test_id("message").filter(has_text=words)


async def test_a_decision_in_a_direct_message_locks_the_card_and_the_other_copy(
    database_url: str, browser: Browser
) -> None:
    async with (
        sandbox(database_url) as (_, url),
        opened_page(browser, url) as marcos,
        opened_page(browser, url) as danas,
    ):
        await name_approvers(marcos, "Marco Bellini", "Dana Whitfield")
        await say(marcos, f"/mudda {ISSUE}")  # as Priya, whom the page begins with
        await become(danas, "Dana Whitfield")
        await become(marcos, "Marco Bellini")

        bell = danas.get_by_test_id("bell")
        await expect(danas.get_by_test_id("bell-count")).to_have_text("1", timeout=RUN_MS)
        await bell.click()
        await danas.get_by_test_id("ring").first.click()
        plan = direct(danas, "A plan waits for your approval")
        await expect(plan.get_by_role("link", name="Open the card")).to_be_visible()
        await plan.get_by_role("button", name="Approve and run").click()
        await danas.get_by_test_id("confirm-ok").click()

        hers = direct(danas, "A step waits for your approval").last
        await expect(hers.get_by_role("button", name="Approve step")).to_be_visible(timeout=RUN_MS)
        await expect(hers).to_contain_text("Approve to send this to")
        assert "{{" not in await hers.inner_text()
        card = marcos.get_by_test_id("messages").get_by_test_id("message").first
        await expect(card.get_by_role("button", name="Approve step").first).to_be_visible()
        step = re.search(r"Step (\d+)", await hers.inner_text())
        assert step is not None
        await hers.get_by_role("button", name="Approve step").click()

        ended = direct(danas, f"Step {step[1]} of plan #1")
        await expect(ended).to_contain_text("Approved by")
        await expect(ended).to_contain_text("Dana Whitfield")
        await expect(ended.get_by_role("button", name="step")).to_have_count(0)
        await expect(plan.get_by_role("button", name="Approve and run")).to_have_count(0)
        await expect(card.get_by_text(f"Step {step[1]}: ").first).to_have_count(0)
        await marcos.get_by_test_id("dm-mudda").click()
        his = direct(marcos, f"Step {step[1]} of plan #1")
        await expect(his).to_contain_text("Approved by")
        await expect(his.get_by_role("button", name="step")).to_have_count(0)
