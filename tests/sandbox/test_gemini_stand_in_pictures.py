"""What is sent inside of a request is taken in the forms of both SDKs, and refused as the API refuses it."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from bot.sandbox.gemini import wire
from bot.sandbox.gemini.server import GeminiStandIn
from tests.support.photos import photo

JPEG = photo("JPEG")
TEXT = {"text": '<data name="issue">\n{"text":"A leak"}\n</data>'}


@pytest.fixture
async def gemini() -> AsyncIterator[GeminiStandIn]:
    async with GeminiStandIn() as running:
        yield running


async def asked(gemini: GeminiStandIn, *parts: dict[str, Any]) -> tuple[int, str]:
    """The status of an answer, and what is wrong if anything is."""
    body = BytesIO(json.dumps({"contents": [{"role": "user", "parts": list(parts)}]}).encode())
    url = f"{gemini.url}/v1/models/gemini-3.8-flash:generateContent"
    headers = {"x-goog-api-key": "a", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        said = await answer.json() if answer.content_type == "application/json" else {}
        return answer.status, said.get("error", {}).get("message", "")


@pytest.mark.parametrize(
    "inline",
    [
        {"inlineData": {"mimeType": "image/jpeg", "data": b64encode(JPEG).decode()}},
        {"inlineData": {"mime_type": "image/jpeg", "data": urlsafe_b64encode(JPEG).decode()}},
        {"inline_data": {"mime_type": "image/jpeg", "data": b64encode(JPEG).decode()}},
    ],
)
async def test_either_sdks_form_is_taken(gemini: GeminiStandIn, inline: dict[str, Any]) -> None:
    assert await asked(gemini, inline, TEXT) == (200, "")
    assert gemini.transcript[-1].pictures == (wire.Inline("image/jpeg", JPEG),)
    assert gemini.transcript[-1].prompt == TEXT["text"]


@pytest.mark.parametrize(
    ("mime_type", "data", "words"),
    [
        ("image/gif", b64encode(JPEG).decode(), "Unsupported MIME type: image/gif"),
        ("", b64encode(JPEG).decode(), "Unsupported MIME type"),
        ("image/jpeg", "not base64!", "Base64 decoding failed"),
        ("image/jpeg", None, "Base64 decoding failed"),
        ("image/jpeg", b64encode(b"not a picture").decode(), "Unable to process input image"),
    ],
)
async def test_what_the_api_does_not_take_is_refused(
    gemini: GeminiStandIn, mime_type: str, data: Any, words: str
) -> None:
    status, message = await asked(gemini, {"inlineData": {"mimeType": mime_type, "data": data}}, TEXT)
    assert status == 400
    assert words in message


async def test_a_part_is_one_thing(gemini: GeminiStandIn) -> None:
    both = {**TEXT, "inlineData": {"mimeType": "image/jpeg", "data": b64encode(JPEG).decode()}}
    status, message = await asked(gemini, both)
    assert status == 400
    assert "already set" in message


async def test_a_request_that_is_too_large_is_refused(gemini: GeminiStandIn) -> None:
    large = {"inlineData": {"mimeType": "image/jpeg", "data": "A" * wire.MAX_INLINE}}
    assert (await asked(gemini, large, TEXT))[0] == 413
