"""The process in which a document is read: its options and its bytes come in, lines of JSON go out."""

from __future__ import annotations

import gc
import json
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress

from services.components.openapi.model import DocumentRefused, ReadingOptions
from services.components.openapi.operations import begin_reading
from services.components.openapi.wire import line_of, lines_of

MEMORY_BYTES = 1_500_000_000
"""Of addresses; a document that takes more is a bomb. What is really used is a fifth of it."""


def main() -> None:
    """Read one document from standard input."""
    with suppress(
        ValueError, OSError
    ):  # not every system has this limit, and a container may have set a lower one
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    # Nothing that is made here is garbage before the end, and to look for some takes a third of the time.
    gc.disable()
    options = ReadingOptions(**json.loads(sys.stdin.buffer.readline()))
    try:
        sys.stdout.buffer.writelines(_said(options))
    except DocumentRefused as error:
        sys.stdout.buffer.write(line_of(error))


def _said(options: ReadingOptions) -> Iterator[bytes]:
    # Nobody holds the bytes any longer than it takes to read them.
    return lines_of(*begin_reading(sys.stdin.buffer.read(), options))


if __name__ == "__main__":
    main()
