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
from typing import TextIO

BEFORE_SECONDS = 5.0
"""So long before the process is ended its tasks are told."""


@contextmanager
def tasks_told(test: str, limit: float) -> Iterator[None]:
    """While this is entered: tell what the event loop's tasks wait for if that takes nearly `limit` seconds."""
    timer = threading.Timer(max(limit - BEFORE_SECONDS, limit / 2), _tell, [test])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _tell(test: str) -> None:
    # Not sys.stderr: what a test writes there is kept with its report, and there will be none.
    with os.fdopen(os.dup(2), "w") as told:
        _write(test, told)


def _write(test: str, told: TextIO) -> None:
    print(f"\n{test} does not end. Its tasks:", file=told)
    for task in [each for each in gc.get_objects() if isinstance(each, asyncio.Task)]:
        if not task.done():
            task.print_stack(limit=12, file=told)
