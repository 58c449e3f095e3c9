"""The whole story in the sandbox's page: an issue, a plan, two people, a gate, and the word to its reporter."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.browser import opened_page
from tests.support.sandbox import ISSUE, sandbox, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RUN_MS = 90_000
"""For a run to come to its gate, or to its end: the card is redrawn every two seconds at most."""


async def become(page: Page, name: str) -> None:
    """Look at the page as another person."""
    await page.get_by_test_id("user-switch").get_by_role("button", name=name).click()
    await expect(page.get_by_test_id("current-user")).to_have_text(f"You are {name}")


async def press(page: Page, card: Locator, label: str) -> None:
    """Press a button of the card, and say yes if it asks."""
    await card.get_by_role("button", name=label).first.click()
    ok = page.get_by_test_id("confirm-ok")
    if await ok.is_visible():
        await ok.click()


KNOWN_PERHAPS = "The streetlight on Oak Street is out again"


async def test_either_way_of_a_condition_is_taken(database_url: str, browser: Browser) -> None:
    """A report that may be known already is filed if none is found, and else its reporter is told of that one."""
    async with sandbox(database_url) as (_, url), opened_page(browser, url) as page:
        why = r"step \d gave no service request id", r"the service request id from step \d is “101”"
        for number, reason in enumerate(why):
            await become(page, "Priya Raman")
            await say(page, f"/mudda {KNOWN_PERHAPS}")
            card = page.get_by_test_id("messages").get_by_test_id("message").nth(number)
            await expect(card).to_contain_text(
                re.compile(r"Only if step \d gives no service request id"), timeout=RUN_MS
            )
            await become(page, "Marco Bellini")
            await press(page, card, "Approve and run")
            if number == 0:
                await expect(card.get_by_role("button", name="Approve step").first).to_be_visible(timeout=RUN_MS)
                await press(page, card, "Approve step")
            await expect(card).to_contain_text(re.compile(r"Done in .+, \d+ steps, \d skipped"), timeout=RUN_MS)
            await expect(card).to_contain_text(re.compile(f"Not needed: {reason}"))


async def test_a_plan_is_approved_by_one_and_its_gate_by_another(database_url: str, browser: Browser) -> None:
    async with (
        sandbox(database_url) as (_, url),
        opened_page(browser, url) as marcos,
        opened_page(browser, url) as danas,
    ):
        await say(marcos, f"/mudda {ISSUE}")  # as Priya, whom the page begins with
        card = marcos.get_by_test_id("messages").get_by_test_id("message").first
        await expect(card.get_by_role("button", name="Approve and run")).to_be_visible(timeout=RUN_MS)

        await become(marcos, "Marco Bellini")
        await card.get_by_role("button", name="Approve and run").click()
        await expect(marcos.get_by_test_id("confirm")).to_be_visible()
        await marcos.get_by_test_id("confirm-ok").click()

        await become(danas, "Dana Whitfield")
        hers = danas.get_by_test_id("messages").get_by_test_id("message").first
        await expect(hers.get_by_role("button", name="Approve step").first).to_be_visible(timeout=RUN_MS)
        await expect(hers.get_by_role("button", name="Reject step").first).to_be_visible()
        await expect(hers).to_contain_text("Approve to send this to")
        assert not [word for word in ("{{", "POST", "127.0.0.1", "See below") if word in await hers.inner_text()]
        await press(danas, hers, "Approve step")

        await expect(hers).to_contain_text(re.compile(r"Done in .+, \d+ steps"), timeout=RUN_MS)
        await expect(hers).to_contain_text("Dana Whitfield")
        await expect(hers.get_by_role("button", name="Approve step")).to_have_count(0)
        await expect(card).to_contain_text(re.compile(r"Done in .+, \d+ steps"))
        await marcos.get_by_test_id("thread-link").click()
        reply = marcos.get_by_test_id("thread-pane").get_by_test_id("message").last
        await expect(reply).to_contain_text("Priya Raman")
        await expect(reply).to_contain_text("Done in")
