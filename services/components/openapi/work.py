"""The process in which a document is read: its options and its bytes come in, lines of JSON go out."""

from __future__ import annotations

import gc
import json
import resource
import sys
from contextlib import suppress

from services.components.openapi.apart import line_of, lines_of
from services.components.openapi.model import DocumentRefused, ReadingOptions
from services.components.openapi.operations import read_document

MEMORY_BYTES = 1_500_000_000
"""Of addresses; a document that takes more is a bomb. What is really used is a tenth of it."""


def main() -> None:
    """Read one document from standard input."""
    with suppress(
        ValueError, OSError
    ):  # not every system has this limit, and a container may have set a lower one
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    # Nothing that is made here is garbage before the end, and to look for some takes a third of the time.
    gc.disable()
    options, _, source = sys.stdin.buffer.read().partition(b"\n")
    try:
        lines = lines_of(read_document(source, ReadingOptions(**json.loads(options))))
    except DocumentRefused as error:
        lines = iter([line_of(error)])
    sys.stdout.buffer.writelines(line + b"\n" for line in lines)


if __name__ == "__main__":
    main()
