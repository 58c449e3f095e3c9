"""The page, as people talk in it: a thread that is planned, and a policy that is sent to the bot."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, FilePayload, expect

from tests.support.browser import opened_page
from tests.support.town_hall import town_hall

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LONG_MS = 90_000
ROADS = b"# Roads\n\n## Closing\n\nA road is closed only after its residents were told.\n"


async def test_a_thread_is_planned(database_url: str, browser: Browser) -> None:
    async with town_hall(database_url) as hall:
        slack = hall.slack
        root, _ = slack.post_user_message("dana", "works", "Brown water comes out of every tap on Elm Street")
        slack.post_user_message("marco", "works", "Same at number 12", root.ts)
        url = f"{slack.url}/#/{slack.user('priya').id}/{slack.channel('works').id}"
        async with opened_page(browser, url) as page:
            await page.get_by_test_id("messages").get_by_test_id("thread-link").click()
            thread = page.locator("#thread")
            reply = thread.get_by_test_id("thread-composer")
            await reply.fill("@mudda please handle this")
            await reply.press("Enter")

            card = thread.get_by_test_id("message").filter(has_text="Asked for by").first
            await expect(card).to_contain_text("Reported by @Dana Whitfield", timeout=LONG_MS)
            await expect(card).to_contain_text("Asked for by @Priya Raman")
            await expect(card).to_contain_text("Brown water comes out of every tap on Elm Street")
            await expect(card).to_contain_text("marco: Same at number 12")
            await expect(card.get_by_role("button", name="Discard")).to_be_visible(timeout=LONG_MS)

            await reply.fill("looks good, go")
            await reply.press("Enter")
            await expect(thread).to_contain_text("Nothing is decided by words alone.", timeout=LONG_MS)


async def test_a_policy_is_sent_to_the_bot(database_url: str, browser: Browser) -> None:
    async with town_hall(database_url) as hall:
        slack = hall.slack
        url = f"{slack.url}/#/{slack.user('marco').id}/{slack.dm('marco').id}"
        async with opened_page(browser, url) as page:
            file = FilePayload(name="roads.md", mimeType="text/markdown", buffer=ROADS)
            await page.get_by_test_id("composer-files").set_input_files(file)
            await expect(page.get_by_test_id("attached")).to_have_text("roads.md")
            await page.get_by_test_id("send").click()

            messages = page.get_by_test_id("messages")
            await expect(messages.get_by_test_id("attached-file")).to_contain_text("roads.md")
            await messages.get_by_test_id("thread-link").click(timeout=LONG_MS)
            await expect(page.locator("#thread")).to_contain_text(
                "Version 1 of “Roads” is in force now (1 passage, 0 checks).", timeout=LONG_MS
            )
