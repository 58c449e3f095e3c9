"""`mudda sandbox --workspaces 2`: two towns side by side, each with its own page, people, plans and cards."""

from __future__ import annotations

import re
import tempfile

import aiohttp
import pytest
from playwright.async_api import Browser, expect

from bot.workspaces.oauth import INSTALL_PATH
from tests.support.browser import opened_page
from tests.support.sandbox import ISSUE, sandbox, sandbox_process, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_two_towns_side_by_side(browser: Browser) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-sandbox-") as home:
        async with sandbox_process(home, "--workspaces", "2") as (bot, springfield):
            ogdenville = (await bot.line(r"Ogdenville: +(http://127\.0\.0\.1:\d+)"))[1]
            async with opened_page(browser, springfield) as first, opened_page(browser, ogdenville) as second:
                await expect(first.get_by_test_id("banner")).to_contain_text("Springfield, one of 2 towns")
                await expect(second.get_by_test_id("banner")).to_contain_text("Ogdenville, one of 2 towns")
                await say(first, f"/mudda {ISSUE}")
                card = first.get_by_test_id("messages").get_by_test_id("message")
                await expect(card).to_contain_text("Approve and run")
                await expect(second.get_by_test_id("messages").get_by_test_id("message")).to_have_count(0)
                await say(second, "/workflows")
                listing = second.get_by_test_id("messages").get_by_test_id("message")
                await expect(listing).to_contain_text("There are no plans yet")
                await say(second, f"/mudda {ISSUE}")
                await expect(second.get_by_test_id("messages")).to_contain_text("#1 Water is coming up")
                await expect(first.get_by_test_id("messages").get_by_test_id("message")).to_have_count(1)


async def test_the_page_that_installs_it_can_be_read(database_url: str, browser: Browser) -> None:
    async with sandbox(database_url, workspaces=2) as (running, _):
        address = f"http://127.0.0.1:{running.bot.port}{INSTALL_PATH}"
        assert address in running.greeting
        async with opened_page(browser, address) as page:
            await expect(page.get_by_role("heading")).to_have_text("Add Mudda to Slack")
            await expect(page.get_by_text("ask a person in a direct message")).to_be_visible()
            await page.get_by_role("link", name="Add to Slack").click()
            await page.get_by_label("Workspace").select_option("Ogdenville")
            await page.get_by_role("button", name="Allow").click()
            await expect(page.get_by_role("heading")).to_have_text("Mudda is in Ogdenville")
            # The same answer of Slack's a second time, as a reload sends it.
            await page.reload()
            await expect(page.get_by_role("heading")).to_have_text("Start again")
            async with aiohttp.ClientSession() as http, http.get(address) as answer:
                assert re.search("script", await answer.text()) is None
