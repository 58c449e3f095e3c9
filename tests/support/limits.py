"""A test that never ends is ended: pytest's `faulthandler_timeout` does it, and what it waited for is told before.

pytest tells of threads. Of a coroutine that waits that says nothing: its thread runs the event loop.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

BEFORE_SECONDS = 5.0
"""So long before the process is ended its tasks are told."""


@contextmanager
def tasks_told(test: str, limit: float, stderr: int) -> Iterator[None]:
    """While this is entered: tell what the event loop's tasks wait for if that takes nearly `limit` seconds.

    `stderr` is a descriptor that goes past what pytest keeps for a test's report: there will be none.
    """
    timer = threading.Timer(max(limit - BEFORE_SECONDS, limit / 2), _tell, [test, stderr])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _tell(test: str, stderr: int) -> None:
    with os.fdopen(os.dup(stderr), "w") as told:
        _write(test, told)


def _write(test: str, told: TextIO) -> None:
    print(f"\n{test} does not end. Its tasks:", file=told)
    for task in [each for each in gc.get_objects() if isinstance(each, asyncio.Task)]:
        if not task.done():
            print(f"  {task.get_name()}", *_awaiting(task.get_coro()), sep="\n    ", file=told)


def _awaiting(awaited: Any) -> Iterator[str]:
    """Where a coroutine waits, and the one that it waits for, and so on: print_stack ends with the first."""
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        yield f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}" if frame else str(awaited)
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
