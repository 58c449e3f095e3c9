"""Bodies with files in them (RFC 7578), written out: their parts are few, and what is signed must be known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from secrets import token_hex
from typing import Any

from services.connectors.errors import RequestRefused

MAX_FILE_BYTES = 10 * 2**20
"""Of one file; so large is what people can answer a question with."""

_MIMETYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}", re.IGNORECASE)
_ESCAPED = {'"': "%22", "\r": "%0D", "\n": "%0A"}


def file_ids(body: Any, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The files that a body takes under these `names`: the input of each, and its id. Raises RequestRefused."""
    for name in names:
        for value in _listed(body.get(name) if isinstance(body, Mapping) else None):
            if not isinstance(value, Mapping) or not isinstance(value.get("id"), str):
                raise RequestRefused(f"body.{name}", "not_a_file")
            yield f"body.{name}", value["id"]


def encode_multipart(body: Any, names: Sequence[str], contents: Mapping[str, bytes]) -> tuple[bytes, str]:
    """The bytes of a body whose members under `names` are files with these `contents` by id, and their type."""
    if not isinstance(body, Mapping):
        raise RequestRefused("body", "not_an_object")
    boundary = f"mudda-{token_hex(16)}"
    parts = bytearray()
    for head, content in _parts(body, frozenset(names), contents):
        parts += f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"
    return bytes(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _parts(
    body: Mapping[str, Any], names: frozenset[str], contents: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    for name, value in body.items():
        for item in _listed(value):
            if name in names:
                said = str(item.get("mimetype") or "")
                kind = said if _MIMETYPE.fullmatch(said) else "application/octet-stream"
                file = f'; filename="{_quoted(str(item.get("name") or "file"))}"'
                yield f"{_disposition(name)}{file}\r\nContent-Type: {kind}", contents.get(item["id"], b"")
            elif isinstance(item, Mapping | list):
                yield f"{_disposition(name)}\r\nContent-Type: application/json", json.dumps(item).encode()
            else:
                text = item if isinstance(item, str) else json.dumps(item)
                yield _disposition(name), text.encode("utf-8", "replace")


def _disposition(name: str) -> str:
    return f'Content-Disposition: form-data; name="{_quoted(name)}"'


def _listed(value: Any) -> list[Any]:
    """A list is a field that is repeated; null is none."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _quoted(text: str) -> str:
    return "".join(_ESCAPED.get(each, each) for each in text).encode("utf-8", "replace").decode()
