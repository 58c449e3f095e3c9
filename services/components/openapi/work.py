"""The process in which a document is read: its options and its bytes come in, lines of JSON go out."""

from __future__ import annotations

import json
import os
import resource
import sys
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
    options = ReadingOptions(**json.loads(sys.stdin.buffer.readline()))
    try:
        # Nobody holds the bytes any longer than it takes to read them.
        document, operations = begin_reading(sys.stdin.buffer.read(), options)
        sys.stdout.buffer.writelines(lines_of(document, operations))
    except DocumentRefused as error:
        sys.stdout.buffer.write(line_of(error))
    sys.stdout.buffer.flush()
    # To give back a hundred megabytes piece by piece takes a tenth of the time, and they wait for the end.
    os._exit(0)
