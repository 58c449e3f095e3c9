"""Waiting for what may never come: with a limit, so that a fault is a red test, and not a run that never ends."""

from __future__ import annotations

import asyncio

SECONDS = 60.0
"""What a test waits for at most, unless it says more: what is to come comes at once, but for a loaded machine."""


async def happened(event: asyncio.Event, seconds: float = SECONDS) -> None:
    """Wait for an event. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        await event.wait()


async def ended(process: asyncio.subprocess.Process, seconds: float = SECONDS) -> int:
    """Wait until a process ends; its exit status. Raises TimeoutError."""
    # Until its pipes are closed, too: what it started and left behind may hold them for ever.
    async with asyncio.timeout(seconds):
        return await process.wait()


async def answered(process: asyncio.subprocess.Process, asked: bytes = b"", seconds: float = SECONDS) -> bytes:
    """Give a process what it reads; what it wrote. One that does not end in time is killed: TimeoutError."""
    try:
        async with asyncio.timeout(seconds):
            out, _ = await process.communicate(asked if process.stdin is not None else None)
    finally:
        if process.returncode is None:
            process.kill()
    return out


async def line_of(process: asyncio.subprocess.Process, seconds: float = SECONDS) -> str:
    """The next line that a process writes. Raises TimeoutError; AssertionError if it has ended."""
    assert process.stdout is not None
    async with asyncio.timeout(seconds):
        line = await process.stdout.readline()
    assert line, "it has ended"
    return line.decode().strip()
