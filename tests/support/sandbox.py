"""The sandbox and its page: in this process, and as a process of its own, as people start it."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from playwright.async_api import Page

from bot.config import Settings
from bot.sandbox.run import Sandbox, running_sandbox
from db.embedded import embedded_postgres
from db.migrate import migrate
from tests.support.bot_process import BotProcess, bot_process

ISSUE = "Water is coming up through the road at 5th and Main"

_NO_DISK = "fsync = off\nfull_page_writes = off\nautovacuum = off\n"


@asynccontextmanager
async def sandbox() -> AsyncIterator[tuple[Sandbox, str]]:
    """A sandbox in this process, on a PostgreSQL of its own that was prepared for all; and its page's URL."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-sandbox-") as home:
        await asyncio.to_thread(_copy_of_database, Path(home) / "sandbox" / "postgres")
        nothing = dict.fromkeys(("database_url", "database_direct_url", "gemini_api_key", "slack_client_id"))
        settings = Settings(_env_file=None, mudda_home=Path(home), card_interval_seconds=0.3, **nothing)
        async with running_sandbox(settings) as running:
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


def _copy_of_database(directory: Path) -> None:
    directory.parent.mkdir(parents=True)
    # With its owner: a PostgreSQL that is started by root runs as another user.
    subprocess.run(["cp", "-a", _migrated(), directory], check=True, timeout=60)


@cache
def _migrated() -> Path:
    """The directory of a PostgreSQL that has all tables: to make one takes longer than all that a test does."""
    folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="mudda-sandbox-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    async def make() -> None:
        async with embedded_postgres(folder / "postgres") as url:
            await migrate(url)

    asyncio.run(make())
    with (folder / "postgres" / "postgresql.auto.conf").open("a") as settings:
        settings.write(_NO_DISK)
    return folder / "postgres"


async def say(page: Page, text: str) -> None:
    """Type a message and send it."""
    await page.get_by_test_id("composer").fill(text)
    await page.get_by_test_id("composer").press("Enter")
