"""What the transports share: a request, what may come of it, and how an error of the API is read."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from services.ai.errors import GeminiError, GeminiRefused, GeminiUnavailable
from services.ai.gemini_answers import QUOTA_EXHAUSTED, reason_of, retry_delay

GOOGLE = "https://generativelanguage.googleapis.com"

CONNECT_SECONDS = 5.0
"""How long a connection may take to come about; no more of a deadline is spent on a host that is away."""

_RETRYABLE = frozenset({408, 429, 499, 500, 502, 503, 504})
_DETAIL_LIMIT = 300

PICTURE = "image/jpeg"
"""What all pictures are that a model is shown."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to ask: a model, at an endpoint (a URL), with a key; `connections` is how many may be open at once.

    `thinking` is "low", "medium" or "high"; None: as the model has it.
    """

    api_key: str
    model: str
    endpoint: str = GOOGLE
    connections: int = 64
    thinking: str | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether the endpoint is this machine, which no proxy can reach."""
        host = urlsplit(self.endpoint).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, and the response schema of the answer. `pictures` are JPEGs, and stand before the prompt."""

    system: str
    prompt: str
    schema: Mapping[str, Any]
    pictures: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt came to nothing, whether another may help, and how long the server asks to wait."""

    error: GeminiError
    again: bool = False
    asked_for: float | None = None


Outcome = Mapping[str, Any] | Failure
"""The API's response, its members in snake case, or why there is none."""


class Transport(Protocol):
    """Sends requests. What goes wrong with one is its outcome; exceptions of an SDK hold the key, and end here."""

    def start(self, request: Request, limit: float) -> asyncio.Future[Outcome]:
        """Send a request that may take `limit` seconds; the future is done when nothing of it runs any more."""

    def abandon(self, outcome: asyncio.Future[Outcome]) -> None:
        """Nobody waits for this outcome any longer: end its request, if that can be done."""

    def cut(self) -> None:
        """End every request under way; each has an outcome very soon after."""

    async def aclose(self) -> None:
        """Free what is held. No request is under way any more."""


def unreadable(exc: Exception) -> Failure:
    """The answer is none of the API's: a proxy's page, half a document."""
    return Failure(GeminiUnavailable("unreadable", detail=type(exc).__name__), again=True)


def no_connection(exc: Exception) -> Failure:
    """Nobody was reached, or the connection was lost."""
    return Failure(GeminiUnavailable("connection", detail=type(exc).__name__), again=True)


def api_failure(code: int, body: object, message: str, api_key: str) -> Failure:
    """An error of the API by its HTTP status and its JSON, `{"error": {"status": …, "details": […]}}`."""
    error = body.get("error") if isinstance(body, Mapping) else None
    error = error if isinstance(error, Mapping) else {}
    listed = error.get("details")
    details = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    reason = reason_of(details, str(error.get("status", "")))
    text = message.replace(api_key, "[key]")[:_DETAIL_LIMIT]
    if code not in _RETRYABLE or reason == QUOTA_EXHAUSTED:
        return Failure(GeminiRefused(status=code, reason=reason, detail=text))
    unavailable = GeminiUnavailable("status", status=code, detail=text)
    return Failure(unavailable, again=True, asked_for=retry_delay(details))
