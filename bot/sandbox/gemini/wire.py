"""The Gemini API on the wire, in the forms of both of Google's SDKs: what a request says, and what is answered.

`google-generativeai` speaks /v1beta with enums as numbers, `google-genai` /v1 with names. Members are in camel
case, but for nested ones that a caller wrote in snake case.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.gemini.faults import Blocked, Fault, Finished, NoCandidates, Truncated
from services.ai.gemini_answers import BLOCK_REASONS, FINISH_REASONS

_OBJECT = frozenset({"OBJECT", "object", 6})
_FINISH_NUMBERS = {word: number for number, word in FINISH_REASONS.items()}
_BLOCK_NUMBERS = {word: number for number, word in BLOCK_REASONS.items()}


def member(of: Mapping[str, Any], name: str, default: Any) -> Any:
    """A member by its name in camel case, or in snake case."""
    return of.get(name, of.get(re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name), default))


def text_of(content: Mapping[str, Any]) -> str:
    """The text of all parts of a content."""
    return "".join(part.get("text", "") for part in content["parts"])


_SIGNATURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/webp": (b"RIFF",),
    "image/heic": (b"\x00\x00\x00",),
    "image/heif": (b"\x00\x00\x00",),
}
"""How a picture of each kind that the API takes begins."""

MAX_INLINE = 20 * 2**20
"""Bytes of a request, with what is sent inside of it."""


@dataclass(frozen=True, slots=True)
class Inline:
    """Data that was sent inside of a request."""

    mime_type: str
    data: bytes


class InlineRefused(ValueError):
    """What was sent inside of a request is none that the API takes; the error's text is the API's."""


def inline_of(content: Mapping[str, Any]) -> Iterator[Inline]:
    """What was sent inside of a content beside its text. Raises InlineRefused."""
    for part in content["parts"]:
        given = member(part, "inlineData", None)
        if given is None:
            continue
        if "text" in part:
            raise InlineRefused(
                "Invalid value at 'contents[0].parts[0]' (oneof), oneof field 'data' is already set."
            )
        mime_type = member(given, "mimeType", "")
        if mime_type not in _SIGNATURES:
            raise InlineRefused(f"Unsupported MIME type: {mime_type}")
        try:
            # One SDK writes the letters that fit into a URL; the API takes either.
            data = b64decode(given["data"].translate(str.maketrans("-_", "+/")), validate=True)
        except (ValueError, TypeError, AttributeError):
            raise InlineRefused("Invalid value (TYPE_BYTES), Base64 decoding failed") from None
        if not data.startswith(_SIGNATURES[mime_type]):
            raise InlineRefused("Unable to process input image. Please retry or report in troubleshooting.")
        yield Inline(mime_type, data)


def schema_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The response schema of a `generationConfig`, in either of its two forms."""
    schema: Mapping[str, Any] = member(config, "responseSchema", None) or member(config, "responseJsonSchema", {})
    return schema


def free_form(schema: Mapping[str, Any], where: str) -> Iterator[str]:
    """Where a response schema has an object without properties, which the API refuses."""
    properties = schema.get("properties", {})
    if schema.get("type") in _OBJECT and not properties:
        yield where
    for name, each in properties.items():
        yield from free_form(each, f"{where}.properties[{name}]")
    if "items" in schema:
        yield from free_form(schema["items"], f"{where}.items")


def response(fault: Fault, prompt: str, text: str, model: str, *, numbers: bool) -> dict[str, Any]:
    """A response with that text, or without one if that is the fault; `numbers`: enums are numbers."""
    usage = {"promptTokenCount": _tokens(prompt)}
    answer: dict[str, Any] = {"usageMetadata": usage, "modelVersion": model}
    if without_text := _without_text(fault, numbers=numbers):
        usage["totalTokenCount"] = usage["promptTokenCount"]
        return answer | without_text
    if isinstance(fault, NoCandidates):
        usage["totalTokenCount"] = usage["promptTokenCount"]
        return answer
    usage["candidatesTokenCount"] = _tokens(text)
    usage["totalTokenCount"] = usage["promptTokenCount"] + usage["candidatesTokenCount"]
    finish = _finish("MAX_TOKENS" if isinstance(fault, Truncated) else "STOP", numbers=numbers)
    content = {"role": "model", "parts": [{"text": text}]}
    return answer | {"candidates": [{"content": content, "finishReason": finish, "index": 0}]}


def _without_text(fault: Fault, *, numbers: bool) -> dict[str, Any]:
    match fault:
        case Blocked("prompt", reason):
            return {"promptFeedback": {"blockReason": _BLOCK_NUMBERS.get(reason, reason) if numbers else reason}}
        case Blocked(_, reason) | Finished(reason):
            return {"candidates": [{"finishReason": _finish(reason, numbers=numbers), "index": 0}]}
        case _:
            return {}


def _finish(reason: str | int, *, numbers: bool) -> str | int:
    return _FINISH_NUMBERS.get(str(reason), reason) if numbers else reason


def _tokens(text: str) -> int:
    """About four characters to a token, as Google's own rule of thumb has it."""
    return -(-len(text) // 4)
