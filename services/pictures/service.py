"""Pictures and reports, made off the event loop: each in a process of its own, its time and size limited."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from services.pictures.model import PICTURE, REPORT, TOO_LARGE, Graph, PictureError, Report, TooLarge

SECONDS = 15.0
"""A picture that takes longer is given up: 30 steps take a fifth of a second."""

AT_ONCE = 2
"""How many are made at once by one replica; others wait for their turn."""

MAX_BYTES = 20_000_000

_ROOT = Path(__file__).parents[2]
_NEEDED = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
_COMMAND = (sys.executable, "-m", "services.pictures.drawing")


@dataclass(frozen=True, slots=True)
class PictureService:
    """Draws. The process that does it is given what is to be drawn, and nothing else: no secret, no database."""

    seconds: float = SECONDS
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def picture(self, graph: Graph) -> bytes:
        """The graph as PNG. Raises TooLarge where nobody could read it, PictureError where none was made."""
        return await self._made(PICTURE, graph)

    async def report(self, document: Report) -> bytes:
        """The report as PDF. Raises PictureError."""
        return await self._made(REPORT, document)

    async def _made(self, kind: str, data: Graph | Report) -> bytes:
        asked = await asyncio.to_thread(_as_json, kind, data)
        async with self._turns:
            return await self._drawn(asked)

    async def _drawn(self, asked: bytes) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
            cwd=_ROOT,
        )
        try:
            async with asyncio.timeout(self.seconds):
                content, said = await process.communicate(asked)
        except TimeoutError as error:
            raise PictureError(f"not made within {self.seconds:g} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == TOO_LARGE:
            raise TooLarge("too many steps for one picture")
        if process.returncode != 0 or not content:
            # The last line only: what is above it may quote what was to be drawn.
            raise PictureError(f"exit {process.returncode}: {_last_line(said)}")
        if len(content) > MAX_BYTES:
            raise PictureError(f"{len(content)} bytes")
        return content


def _as_json(kind: str, data: Graph | Report) -> bytes:
    return json.dumps({"kind": kind, "data": asdict(data)}, ensure_ascii=False).encode(errors="replace")


def _environment() -> Mapping[str, str]:
    """Of the bot's own environment, in which tokens stand, no more than Python itself needs to start."""
    needed = {name: value for name in _NEEDED if (value := os.environ.get(name))}
    return {**needed, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "nothing was said"
