"""In Chromium: a message is planned from its menu and by an emoji, and the form opens from anywhere."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from tests.support.browser import messages, opened_page
from tests.support.photos import of_camera
from tests.support.sandbox import ISSUE, sandbox, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def choose(page: Page, text: str, opener: str, item: str) -> None:
    """Open a menu of the message with this text, and choose from it."""
    message = messages(page).filter(has_text=text).first
    await message.hover()
    await message.get_by_test_id(opener).click()
    await message.get_by_test_id(item).click()


async def become(page: Page, name: str) -> None:
    await page.get_by_test_id(f"user-{name}").click()
    await expect(page.get_by_test_id(f"user-{name}")).to_have_attribute("aria-pressed", "true")


async def test_a_message_is_planned_from_its_menu_by_an_emoji_and_a_form_opens(
    database_url: str, browser: Browser
) -> None:
    async with sandbox(database_url) as (_, url), opened_page(browser, url) as page:
        await become(page, "dana")
        await page.get_by_test_id("composer-files").set_input_files(
            [FilePayload(name="IMG_1.jpg", mimeType="image/jpeg", buffer=of_camera())]
        )
        await expect(page.get_by_test_id("attached")).to_have_count(1)
        await say(page, ISSUE)
        await expect(messages(page).get_by_test_id("attached-picture")).to_have_count(1)
        await become(page, "priya")
        await choose(page, ISSUE, "message-menu", "shortcut-message.plan")
        thread = messages(page).filter(has_text=ISSUE).first.get_by_test_id("thread-link")
        await thread.click()
        card = page.get_by_test_id("thread-messages").get_by_test_id("message").nth(1)
        await expect(card).to_contain_text("Approve and run")
        await expect(card).to_contain_text("Reported by @Dana Whitfield · Asked for by @Priya Raman")
        await expect(card.get_by_role("link", name="The message")).to_have_count(1)
        await choose(page, ISSUE, "message-menu", "shortcut-message.plan")
        private = messages(page).filter(has_text="planned already")
        await expect(private).to_contain_text("Only visible to you")
        await page.get_by_test_id("thread-close").click()

        lamp = "The street lamp at 9 Elm Street is dark"
        await say(page, lamp)
        await choose(page, lamp, "add-reaction", "react-mudda")
        await expect(messages(page).filter(has_text=lamp).get_by_test_id("reaction-mudda")).to_contain_text("1")
        await expect(messages(page).filter(has_text=lamp).first.get_by_test_id("thread-link")).to_have_count(1)

        await page.get_by_test_id("shortcuts").click()
        await page.get_by_test_id("shortcut-issue.report").click()
        await expect(page.get_by_test_id("modal")).to_contain_text("What has happened?")


async def test_where_the_bot_is_not_the_menu_answers_what_to_do(database_url: str, browser: Browser) -> None:
    async with sandbox(database_url) as (_, url), opened_page(browser, url) as page:
        await page.get_by_test_id("channel-town-square").click()
        await say(page, ISSUE)
        await choose(page, ISSUE, "message-menu", "shortcut-message.plan")
        await expect(messages(page).last).to_contain_text("I am not in this conversation")
        await expect(messages(page).last.get_by_test_id("message-menu")).to_have_count(0)
