"""The sandbox and its page: in this process, and as a process of its own, as people start it."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page

from bot.config import Settings
from bot.sandbox.run import Sandbox, running_sandbox
from tests.support.bot_process import BotProcess, bot_process

ISSUE = "Water is coming up through the road at 5th and Main"


@asynccontextmanager
async def sandbox(database_url: str, *, workspaces: int = 1) -> AsyncIterator[tuple[Sandbox, str]]:
    """A sandbox in this process, on a database of the test's own; and its page's URL."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-sandbox-") as home:
        nothing = dict.fromkeys(("database_url", "database_direct_url", "gemini_api_key", "slack_client_id"))
        settings = Settings(_env_file=None, mudda_home=Path(home), card_interval_seconds=0.3, **nothing)
        async with running_sandbox(settings, workspaces=workspaces, database_url=database_url) as running:
            yield running, running.slacks[0].url


@asynccontextmanager
async def sandbox_process(home: str = "", *arguments: str) -> AsyncIterator[tuple[BotProcess, str]]:
    """`mudda sandbox`, in a directory of its own, and the URL that it printed."""
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
