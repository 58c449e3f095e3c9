"""`python -m bot` as a process of its own, to be killed, stopped and started again."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bot.sandbox.slack import SlackStandIn
from services.ai.usage import STAND_IN_MODEL
from tests.support.waiting import ended

ROOT = Path(__file__).parents[2]

CHUNK_BYTES = 65_536


class BotProcess:
    """A started process. What it says is read as it comes: one that nobody listens to would stop and wait."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._said = bytearray()
        self._seen = 0
        self._has_more = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @property
    def output(self) -> str:
        """What it has said so far, on both streams."""
        return self._said.decode(errors="replace")

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while more := await self.process.stdout.read(CHUNK_BYTES):
            self._said += more
            self._has_more.set()

    @classmethod
    async def start(cls, *arguments: str, env: Mapping[str, str], module: str = "bot") -> BotProcess:
        """Start `python -m MODULE ARGUMENTS` with `env` and next to nothing else in its environment."""
        base = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            # Not in the checkout: a developer's own .env lies there.
            cwd="/",
            env={**base, "PYTHONPATH": str(ROOT), "MUDDA_HOME": "/tmp/mudda-none", **env},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return cls(process)

    async def line(self, pattern: str, timeout: float = 90) -> re.Match[str]:  # noqa: ASYNC109
        """Wait for a line that matches, after the one that was waited for last.

        Raises AssertionError with all output if it ends before.
        """
        async with asyncio.timeout(timeout):
            while not self._reading.done():
                self._has_more.clear()
                if match := self._next_line(pattern):
                    return match
                more = asyncio.create_task(self._has_more.wait())
                await asyncio.wait({more, self._reading}, return_when=asyncio.FIRST_COMPLETED)
                more.cancel()
        if match := self._next_line(pattern):
            return match
        raise AssertionError(f"no line like {pattern}:\n{self.output}")

    def _next_line(self, pattern: str) -> re.Match[str] | None:
        while (end := self._said.find(b"\n", self._seen) + 1) > 0:
            line, self._seen = self._said[self._seen : end].decode(errors="replace"), end
            if match := re.search(pattern, line):
                return match
        return None

    async def port(self) -> int:
        """Wait until it serves; the port that it took."""
        return int((await self.line(r"Ready on port (\d+)"))[1])

    async def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        await self.finished()

    async def finished(self, timeout: float = 90) -> int:  # noqa: ASYNC109
        """Wait until it ends by itself, and all that it said is read; its exit status."""
        status = await ended(self.process, timeout)
        async with asyncio.timeout(timeout):
            await self._reading
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send SIGTERM, SIGSTOP, …"""
        self.process.send_signal(number)


@asynccontextmanager
async def bot_process(*arguments: str, env: Mapping[str, str], module: str = "bot") -> AsyncIterator[BotProcess]:
    """Start one; it is gone when the block ends."""
    bot = await BotProcess.start(*arguments, env=env, module=module)
    try:
        yield bot
    finally:
        if bot.process.returncode is None:
            bot.process.kill()
        await bot.finished()


def serve_env(slack: SlackStandIn, gemini_url: str, database_url: str) -> dict[str, str]:
    """The environment of a bot between the stand-ins, on any free port."""
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "GEMINI_API_KEY": "stand-in",
        "GEMINI_MODEL": STAND_IN_MODEL,
        "GEMINI_API_ENDPOINT": gemini_url,
        "DATABASE_URL": database_url,
        "HOST": "127.0.0.1",
        "PORT": "0",
        # Kills and storms state one issue many times, and are not about whether that is the same one.
        "CLARIFY_MINUTES": "0",
    }
