"""Fixtures for tests of the sandbox's page: one Chromium a process, a stand-in and an app of a few lines a test.

They live in the session's event loop, so tests that use them are marked `asyncio(loop_scope="session")`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.sandbox.slack import SlackStandIn
from tests.support.browser import launched_chromium, opened_page
from tests.support.tiny_bot import TinyBot

# Of Slack's three seconds a busy machine may need a few more; that the ack is timed is tested elsewhere.
ACK_SECONDS = 30.0


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium; skips, or fails where one is required, if none is installed."""
    async with launched_chromium() as chromium:
        yield chromium


@pytest_asyncio.fixture(loop_scope="session")
async def slack() -> AsyncIterator[SlackStandIn]:
    """A workspace with nothing in it yet."""
    async with SlackStandIn(banner="A rule-based stand-in plans here.", ack_seconds=ACK_SECONDS) as stand_in:
        yield stand_in


@pytest_asyncio.fixture(loop_scope="session")
async def bot(slack: SlackStandIn) -> AsyncIterator[TinyBot]:
    """The app in that workspace."""
    async with TinyBot(slack) as tiny_bot:
        yield tiny_bot


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, slack: SlackStandIn, bot: TinyBot) -> AsyncIterator[Page]:
    """The page as priya, the first person, sees it."""
    async with opened_page(browser, slack.url) as priyas:
        await expect(priyas.get_by_test_id("current-user")).to_have_text("You are Priya Raman")
        yield priyas
