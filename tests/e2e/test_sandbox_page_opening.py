"""The sandbox's page as it opens, and as it comes back."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser, Route, expect

from bot.sandbox.slack import SlackStandIn
from tests.support.browser import messages, opened_page, say
from tests.support.waiting import happened

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_nothing_is_typed_before_it_is_known_who_writes_and_where(
    browser: Browser, slack: SlackStandIn
) -> None:
    async with opened_page(browser, "about:blank") as page:
        known = asyncio.Event()

        async def held_back(route: Route) -> None:
            await happened(known)
            await route.continue_()

        await page.route("**/ui/state*", held_back)
        await page.goto(slack.url)
        for testid in ("composer", "composer-files", "send"):
            await expect(page.get_by_test_id(testid)).to_be_disabled()
        typing = asyncio.create_task(say(page, "Road closed"))
        known.set()
        await typing
        await expect(messages(page)).to_contain_text("Road closed")


async def test_a_page_that_lost_its_server_comes_back_with_what_it_missed(browser: Browser) -> None:
    async with AsyncExitStack() as first_life:
        slack = await first_life.enter_async_context(SlackStandIn())
        port = int(slack.url.rsplit(":", 1)[1])
        slack.post_user_message("marco", "works", "Before")
        async with opened_page(browser, slack.url) as page:
            await expect(messages(page)).to_contain_text("Before")
            await first_life.aclose()
            await expect(page.get_by_test_id("connection")).to_be_visible()
            async with SlackStandIn(port=port) as restarted:
                restarted.post_user_message("marco", "works", "After")
                await expect(page.get_by_test_id("connection")).to_be_hidden()
                await expect(messages(page)).to_have_count(1)
                await expect(messages(page)).to_contain_text("After")
                restarted.post_user_message("marco", "works", "Live again")
                await expect(messages(page)).to_have_count(2)
