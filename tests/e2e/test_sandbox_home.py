"""The Home in the sandbox's page: a clerk and an approver look at theirs, and each sees what the other does."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.browser import opened_page
from tests.support.sandbox import ISSUE, sandbox, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LONG_MS = 90_000


async def become(page: Page, name: str) -> None:
    """Look at the page as another person."""
    await page.get_by_test_id("user-switch").get_by_role("button", name=name).click()
    await expect(page.get_by_test_id("current-user")).to_have_text(f"You are {name}")


async def home(page: Page) -> Locator:
    """Go to the bot's Home."""
    await page.get_by_test_id("dm-mudda").click()
    await page.get_by_test_id("tab-home").click()
    return page.locator("#home")


async def works(page: Page) -> Locator:
    """Go to #works, where the last message is."""
    await page.get_by_test_id("channel-works").click()
    return page.get_by_test_id("messages").get_by_test_id("message").last


async def confirm(page: Page, button: Locator) -> None:
    await button.click()
    await page.get_by_test_id("confirm-ok").click()


async def test_what_is_approved_on_one_home_is_seen_on_the_other_and_on_the_card(
    database_url: str, browser: Browser
) -> None:
    async with (
        sandbox(database_url) as (_, url),
        opened_page(browser, url) as clerk,
        opened_page(browser, url) as approver,
    ):
        mine = await home(clerk)
        await expect(mine).to_contain_text("Welcome to Mudda", timeout=LONG_MS)
        await expect(mine).not_to_contain_text("Setup")
        await become(approver, "Marco Bellini")
        his = await home(approver)
        await expect(his).to_contain_text("Setup", timeout=LONG_MS)

        await works(clerk)
        await say(clerk, f"/mudda {ISSUE}")
        await expect(his.get_by_role("button", name="Approve and run")).to_be_visible(timeout=LONG_MS)
        mine = await home(clerk)
        await expect(mine).to_contain_text("To be reviewed")

        await confirm(approver, his.get_by_role("button", name="Approve and run"))
        await expect(mine).to_contain_text(re.compile(r"Running|Waiting"), timeout=LONG_MS)
        await expect(his).to_contain_text("Running now · 1", timeout=LONG_MS)
        card = await works(clerk)
        await expect(card.get_by_role("button", name="Approve and run")).to_have_count(0)

        await expect(his.get_by_role("button", name="Approve step").first).to_be_visible(timeout=LONG_MS)
        await his.get_by_role("button", name="Reject step").first.click()
        await approver.get_by_test_id("modal").get_by_role("textbox").fill("Not at night")
        await approver.get_by_test_id("modal-submit").click()
        await expect(his).to_contain_text("Not at night", timeout=LONG_MS)
        await expect(card).to_contain_text("Not at night", timeout=LONG_MS)


async def test_settings_are_changed_on_the_home_and_hold_at_once(database_url: str, browser: Browser) -> None:
    async with sandbox(database_url) as (_, url), opened_page(browser, url) as page:
        await become(page, "Marco Bellini")
        his = await home(page)
        await his.get_by_role("button", name="Change settings").click(timeout=LONG_MS)
        modal = page.get_by_test_id("modal")
        who = modal.get_by_label("Who may have plans drafted?")
        await who.select_option(label="Approvers, and the people named below")
        await page.get_by_test_id("modal-submit").click()
        await expect(modal).to_contain_text("Name somebody")
        await modal.get_by_label("Marco Bellini").check()
        await page.get_by_test_id("modal-submit").click()
        await expect(his).to_contain_text("Saved.")
        await become(page, "Priya Raman")
        await works(page)
        await say(page, f"/mudda {ISSUE}")
        await expect(page.get_by_test_id("messages")).to_contain_text("Ask @Marco Bellini")


async def test_plans_are_filtered_and_a_card_comes_to_where_it_is_asked_for(
    database_url: str, browser: Browser
) -> None:
    async with sandbox(database_url) as (_, url), opened_page(browser, url) as page:
        await page.get_by_test_id("dm-mudda").click()
        await say(page, f"/mudda {ISSUE}")
        card = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(card).to_contain_text("Where should others see it", timeout=LONG_MS)
        await page.get_by_test_id("channel-water").click()
        await say(page, "/workflows open")
        shown = page.get_by_test_id("messages").get_by_test_id("message").last
        await expect(shown).to_contain_text("To be reviewed")
        await shown.locator("select").first.select_option(label="Waiting for me")
        await expect(shown).to_contain_text("1 plan for “waiting”")
        await shown.locator("select").last.select_option(index=1)
        here = page.get_by_test_id("messages").get_by_test_id("message").filter(has_text="Approve and run")
        await expect(here).to_be_visible(timeout=LONG_MS)
        await page.get_by_test_id("dm-mudda").click()
        await expect(card).to_contain_text("is now in")
