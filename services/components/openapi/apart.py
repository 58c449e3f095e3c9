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
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from services.components.openapi.model import (
    ApiDocument,
    Cut,
    CutCode,
    DocumentFaultCode,
    DocumentRefused,
    Operation,
    ReadingOptions,
    Reason,
    Refused,
)
from services.components.openapi.reading import MAX_JSON_BYTES

SECONDS = 60.0
"""A document that takes longer is given up: GitHub's 1,223 operations take three."""

_ROOT = Path(__file__).parents[3]
_COMMAND = (sys.executable, "-m", "services.components.openapi.work")
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
            said = await self._said(json.dumps(asdict(options)).encode() + b"\n" + source)
        return await asyncio.to_thread(_document, said)

    async def _said(self, asked: bytes) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _NEEDED if name in os.environ},
            cwd=_ROOT,
        )
        try:
            async with asyncio.timeout(self.seconds):
                said, _ = await process.communicate(asked)
        except TimeoutError:
            raise DocumentRefused(DocumentFaultCode.TOO_SLOW, limit=self.seconds) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0 or not said:
            raise DocumentRefused(DocumentFaultCode.UNREADABLE, problem=f"exit {process.returncode}")
        return said


def lines_of(document: ApiDocument) -> Iterator[bytes]:
    """A document as lines of JSON: the document, then each of its operations, so that none takes long to read."""
    head = {name: getattr(document, name) for name in ("title", "version", "openapi", "source", "digest", "notes")}
    yield json.dumps(head).encode()
    for operation in document.operations:
        # asdict would copy the whole definition, member by member.
        members = {**asdict(replace(operation, definition=None)), "definition": operation.definition}
        yield json.dumps(members).encode()


def line_of(error: DocumentRefused) -> bytes:
    """A refusal as a line of JSON."""
    return json.dumps({"refused": error.code, "detail": dict(error.detail)}).encode()


def _document(said: bytes) -> ApiDocument:
    head, *rest = said.splitlines()
    members = json.loads(head)
    if "refused" in members:
        raise DocumentRefused(DocumentFaultCode(members["refused"]), **members["detail"])
    operations = tuple(_operation(json.loads(line)) for line in rest)
    return ApiDocument(**{**members, "notes": tuple(members["notes"]), "operations": operations})


def _operation(members: dict[str, Any]) -> Operation:
    return Operation(
        **{
            **members,
            "tags": tuple(members["tags"]),
            "refused": tuple(Refused(Reason(each["reason"]), each["about"]) for each in members["refused"]),
            "cuts": tuple(Cut(CutCode(each["code"]), each["where"], each["about"]) for each in members["cuts"]),
        }
    )
