"""The sandbox as a process, and its page."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page

from tests.support.bot_process import BotProcess, bot_process

ISSUE = "Water is coming up through the road at 5th and Main"


@asynccontextmanager
async def sandbox(home: str = "", *arguments: str) -> AsyncIterator[tuple[BotProcess, str]]:
    """A sandbox in a directory of its own, and the URL that it printed."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-sandbox-") as own:
        async with bot_process("sandbox", *arguments, env={"MUDDA_HOME": home or own}) as bot:
            yield bot, (await bot.line(r"ready: (http://127\.0\.0\.1:\d+)"))[1]
            if bot.process.returncode is None:
                # Asked, not killed: it has to end the PostgreSQL that it started.
                bot.send_signal(signal.SIGINT)
                await bot.finished()


async def say(page: Page, text: str) -> None:
    """Type a message and send it."""
    await page.get_by_test_id("composer").fill(text)
    await page.get_by_test_id("composer").press("Enter")
