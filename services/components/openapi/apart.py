"""Documents are read in a process of their own: it takes seconds, and a document is a stranger's.

A thread would hold Python's lock for all of that time, and Slack waits three seconds for an ack. The process has
its own memory, which is given back, and a limit to it; what crashes or hangs a parser ends there. It is given the
document and nothing else: no secret, no database.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from services.components.openapi.model import (
    ApiDocument,
    DocumentFaultCode,
    DocumentRefused,
    ReadingOptions,
)
from services.components.openapi.reading import MAX_JSON_BYTES
from services.components.openapi.wire import document_of

SECONDS = 60.0
"""A document that takes longer is given up: GitHub's 1,223 operations take three."""

_ROOT = Path(__file__).parents[3]
# Nothing that is made there is garbage before the end, and to look for some takes a third of the time.
_COMMAND = (
    sys.executable,
    "-c",
    "import gc; gc.disable(); from services.components.openapi.work import main; main()",
)
_LONGEST_LINE = 64 * 1024 * 1024
"""A schema has 32 KB at most, and what was cut of it may be named at length."""

_PIECE = 1 << 18
"""Bytes of a document that are handed over at once."""

_NEEDED = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """Reads documents, one at a time. Made anywhere, used in one event loop."""

    seconds: float = SECONDS
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def read(self, source: bytes, options: ReadingOptions) -> ApiDocument:
        """What a document says. Raises DocumentRefused."""
        if len(source) > MAX_JSON_BYTES:
            raise DocumentRefused(DocumentFaultCode.TOO_LARGE, limit=MAX_JSON_BYTES)
        async with self._turn:
            return await self._read(json.dumps(asdict(options)).encode() + b"\n", source)

    async def _read(self, options: bytes, source: bytes) -> ApiDocument:
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _NEEDED if name in os.environ},
            cwd=_ROOT,
            limit=_LONGEST_LINE,
        )
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            async with asyncio.timeout(self.seconds):
                await _give(process.stdin, options, source)
                document = await document_of(process.stdout)
                await process.wait()
        except TimeoutError:
            raise DocumentRefused(DocumentFaultCode.TOO_SLOW, limit=self.seconds) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise DocumentRefused(DocumentFaultCode.UNREADABLE, problem=f"exit {process.returncode}")
        return document


async def _give(stdin: asyncio.StreamWriter, options: bytes, source: bytes) -> None:
    """Hand all of it over, a piece at a time. If the process has ended, why it has shows in what it says."""
    with suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(options)
        for start in range(0, len(source), _PIECE):
            stdin.write(source[start : start + _PIECE])
            await stdin.drain()
    stdin.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await stdin.wait_closed()
