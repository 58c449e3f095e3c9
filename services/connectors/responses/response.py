"""What a component answered, as a value that can be kept: JSON, text or nothing."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from services.connectors.responses.loose import loose_json, xml_fields
from services.formats import strict_json
from services.formats.storable import postgres_safe

MAX_RESPONSE_BYTES = 1_048_576
"""Bytes of an answer that are read, packed and unpacked alike."""

_JSON_TYPE = re.compile(r"(application|text)/(json|[\w.+-]+\+json|x-json)")
# Codecs that are no character sets: slow, or with escapes of their own. Each has many names; these are their own.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
_ESCAPED_UNSTORABLE = re.compile(r"\\u0000|\\u[dD][89a-fA-F]")
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


class WarningCode(StrEnum):
    """What can be odd about an answer."""

    NOT_JSON = "not_json"
    TOO_LARGE = "too_large"
    BINARY = "binary"
    BAD_TEXT = "bad_text"
    BAD_ENCODING = "bad_encoding"
    CUT = "cut"
    NOT_STRICT = "not_strict"
    MISMATCH = "mismatch"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True)
class ResponseWarning:
    """One odd thing about an answer; for a MISMATCH where it is, and what of the schema it fails."""

    code: WarningCode
    at: str = ""
    keyword: str = ""
    expected: str = ""

    def to_dict(self) -> dict[str, str]:
        """As JSON."""
        return {"code": self.code.value, "at": self.at, "keyword": self.keyword, "expected": self.expected}


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. `body` is a JSON value, a text or None; `size` is in bytes as they came over the wire.

    `seconds` is how long the call took, `retry_after` how long the other side asks us to wait. `headers` are those
    that were asked for, by their names in lower case.
    """

    status: int
    content_type: str
    body: Any
    seconds: float
    size: int
    warnings: tuple[ResponseWarning, ...] = ()
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def read_body(
    data: bytes, *, content_type: str = "", content_encoding: str = "", cut: bool = False
) -> tuple[Any, tuple[ResponseWarning, ...]]:
    """The value of a body, and what is odd about it. `cut`: there was more than is here.

    A body that is not what its type says is kept as text; one that can't be text is not kept.
    """
    mime, charset = _parsed(content_type)
    unpacked, codes = _unpacked(data, content_encoding.strip().lower())
    if len(unpacked) > MAX_RESPONSE_BYTES:
        unpacked, cut = unpacked[:MAX_RESPONSE_BYTES], True
    codes += [WarningCode.TOO_LARGE] if cut else []
    cut = cut or WarningCode.CUT in codes
    decoded = _decoded(unpacked, charset, cut=cut)
    # Some codecs make of bytes what no database keeps.
    text = None if decoded is None else postgres_safe(decoded)
    is_json, is_textual = _JSON_TYPE.fullmatch(mime) is not None, mime.startswith("text/") or "xml" in mime
    if text is None and not (is_json or is_textual):
        return None, _warnings(*codes, WarningCode.BINARY)
    if text is None:
        codes.append(WarningCode.BAD_TEXT)
        text = postgres_safe(unpacked.decode("utf-8", "replace"))
    if not text.strip():
        return None, _warnings(*codes)
    first = text.lstrip()[0]
    if is_json or first in "[{":
        value, more = _json(text)
        if WarningCode.NOT_JSON not in more:
            return value, _warnings(*codes, *more)
        codes += more if is_json else []
    elif "xml" in mime or first == "<":
        try:
            return xml_fields(text.lstrip()), _warnings(*codes)
        except strict_json.NotJson:
            pass  # a page, most likely
    return text, _warnings(*codes)


def _json(text: str) -> tuple[Any, list[WarningCode]]:
    """The value of a text that should be JSON, and what is odd about it."""
    odd: list[WarningCode] = []
    try:
        value = strict_json.loads(text)
    except strict_json.NotJson:
        try:
            value, odd = loose_json(text), [WarningCode.NOT_STRICT]
        except strict_json.NotJson:
            return None, [WarningCode.NOT_JSON]
    # To walk a megabyte takes long, and hardly any needs it.
    return postgres_safe(value) if _ESCAPED_UNSTORABLE.search(text) else value, odd


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After asks for, be it a number or a date; None if it says nothing of use."""
    text = (value or "").strip()
    if not text:
        return None
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now.timestamp())
    except (ValueError, OverflowError):
        return None


def media_type(content_type: str) -> str:
    """The type without its parameters, in lower case; empty if there is none."""
    return _parsed(content_type)[0]


def _parsed(content_type: str) -> tuple[str, str]:
    """The type in lower case, and its charset."""
    # To read one takes longer than the call's whole answer, and nearly all say the same.
    return _parsed_once(content_type) if len(content_type) <= _SHORT else _parsed_anew(content_type)


def _parsed_anew(content_type: str) -> tuple[str, str]:
    if not content_type.strip():
        return "", "utf-8"
    message = Message()
    message["Content-Type"] = content_type.encode("ascii", "replace").decode()
    try:
        return message.get_content_type(), message.get_content_charset("utf-8")
    except ValueError:  # a charset that is written in a charset, and wrongly
        return message.get_content_type(), "utf-8"


_SHORT = 100
_parsed_once = lru_cache(maxsize=256)(_parsed_anew)


def _unpacked(data: bytes, encoding: str) -> tuple[bytes, list[WarningCode]]:
    """The bytes without their compression, one more than MAX_SIZE at most, and what was odd about it.

    What is not packed as it says is taken as it is: many a server states an encoding that it does not use.
    """
    if encoding in ("", "identity") or not data:
        return data, []
    if encoding not in ("gzip", "x-gzip", "deflate"):
        return data, [WarningCode.BAD_ENCODING]
    # 32: gzip or zlib, as its first bytes say. Some servers leave zlib's wrapping off a "deflate": -MAX_WBITS.
    windows = (32 + zlib.MAX_WBITS, -zlib.MAX_WBITS)
    for window in windows if encoding == "deflate" else windows[:1]:
        try:
            return _decompressed(data, window)
        except zlib.error:
            continue
    return data, [WarningCode.BAD_ENCODING]


def _decompressed(data: bytes, window: int) -> tuple[bytes, list[WarningCode]]:
    """All members of a compressed body, one after the other. Raises zlib.error if not even the first is one."""
    unpacked = b""
    while data:
        packed = zlib.decompressobj(window)
        try:
            unpacked += packed.decompress(data, MAX_RESPONSE_BYTES + 1 - len(unpacked))
        except zlib.error:
            if not unpacked:
                raise
            return unpacked, [WarningCode.CUT]
        if len(unpacked) > MAX_RESPONSE_BYTES:
            break
        if not packed.eof:
            return unpacked, [WarningCode.CUT]
        data = packed.unused_data
    return unpacked, []


def _decoded(data: bytes, charset: str, *, cut: bool) -> str | None:
    if cut:
        # The cut may have gone through a character.
        return data.decode("utf-8", "ignore")
    try:
        text = data.decode(_codec(charset))
    except UnicodeError:
        return None
    except LookupError:  # a codec of something else than text
        return _decoded(data, "utf-8", cut=cut)
    return text.removeprefix("\ufeff")


def _codec(charset: str) -> str:
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):  # the latter of a name that could be none
        return "utf-8"
    return "utf-8" if name in _NO_CHARSETS else name


def _warnings(*codes: WarningCode) -> tuple[ResponseWarning, ...]:
    return tuple(map(ResponseWarning, codes))
