"""What the process that reads a document says to the one that asked: lines of JSON, one document or a refusal.

First the document, then each operation as it is done: a line about it, and one for each of its large members.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from services.components.openapi.model import (
    ApiDocument,
    Cut,
    CutCode,
    DocumentFaultCode,
    DocumentRefused,
    Operation,
    Reason,
    Refused,
)
from services.components.written import LARGE, WrittenDefinition

_OF_DOCUMENT = ("title", "version", "openapi", "source", "digest", "notes")
_OF_OPERATION = ("id", "tags", "operation_id", "summary", "key", "spare_key", "origin")


def lines_of(document: ApiDocument, operations: Iterable[Operation]) -> Iterator[bytes]:
    """A document and its operations as lines."""
    yield _line({name: getattr(document, name) for name in _OF_DOCUMENT})
    for operation in operations:
        yield from _lines_of(operation)


def line_of(error: DocumentRefused) -> bytes:
    """A refusal as a line."""
    return _line({"fault": error.code, "detail": dict(error.detail)})


async def document_of(lines: AsyncIterator[bytes]) -> ApiDocument:
    """The document that lines say. Raises DocumentRefused."""
    document: ApiDocument | None = None
    operations = []
    async for line in lines:
        members = json.loads(_whole(line))
        if "fault" in members:
            raise DocumentRefused(DocumentFaultCode(members["fault"]), **members["detail"])
        if document is None:
            document = ApiDocument(**{**members, "notes": tuple(members["notes"]), "operations": ()})
            continue
        texts, digests = members.pop("texts"), members.pop("digests")
        if texts is not None:
            texts |= {name: _whole(await anext(lines, b"")).decode() for name in LARGE}
        operations.append(_operation(members, texts and WrittenDefinition(texts, digests)))
    if document is None:
        raise _cut_off()
    return replace(document, operations=tuple(operations))


def _whole(line: bytes) -> bytes:
    if not line.endswith(b"\n"):
        raise _cut_off()
    return line[:-1]


def _cut_off() -> DocumentRefused:
    return DocumentRefused(DocumentFaultCode.UNREADABLE, problem="the process ended before it was done")


def _lines_of(operation: Operation) -> Iterator[bytes]:
    made = operation.definition
    yield _line(
        {
            **{name: getattr(operation, name) for name in _OF_OPERATION},
            "refused": [(each.reason, each.about) for each in operation.refused],
            "cuts": [(each.code, each.where, each.about) for each in operation.cuts],
            "texts": None if made is None else {name: made.texts[name] for name in made if name not in LARGE},
            "digests": None if made is None else made.digests,
        }
    )
    if made is not None:
        for name in LARGE:
            yield made.texts[name].encode() + b"\n"


def _operation(members: Mapping[str, Any], definition: WrittenDefinition | None) -> Operation:
    return Operation(
        **{
            **members,
            "tags": tuple(members["tags"]),
            "refused": tuple(Refused(Reason(reason), about) for reason, about in members["refused"]),
            "cuts": tuple(Cut(CutCode(code), where, about) for code, where, about in members["cuts"]),
            "definition": definition,
        }
    )


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"
