"""One delivery over HTTP: signed, to an address that may be called, and what came of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from yarl import URL

from services.connectors.errors import CallError
from services.connectors.network.transport import SendProgress, Transport

TIMEOUT_SECONDS = 15.0
"""For the look-up, the connection and the answer together."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is to be sent. `secret` is what it is signed with; None: it can't be opened."""

    event_id: UUID
    event: str
    url: str
    secret: str | None
    document: Mapping[str, Any]

    def __repr__(self) -> str:
        """Without the secret, and without the URL, which may hold one: this may get into a log."""
        return f"Outgoing({self.event_id})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: a status, or the code of why there is none."""

    code: str
    is_delivered: bool = False


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over `timestamp.body`, as the header has it."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1={digest.hexdigest()}"


async def send(transport: Transport, outgoing: Outgoing, timestamp: int) -> Outcome:
    """Send it once. `timestamp` is the time in seconds since 1970."""
    if outgoing.secret is None:
        return Outcome("no_key")
    body = json.dumps(outgoing.document, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Mudda-Event": outgoing.event,
        "X-Mudda-Event-Id": str(outgoing.event_id),
        "X-Mudda-Timestamp": str(timestamp),
        "X-Mudda-Signature": signature(outgoing.secret, timestamp, body),
    }
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            answer = await transport.send(
                "POST", URL(outgoing.url), headers=headers, data=body, progress=SendProgress()
            )
    except TimeoutError:
        return Outcome("timeout")
    except CallError as error:
        return Outcome(str(error.to_dict().get("reason", error.code)))
    return Outcome(str(answer.status), is_delivered=200 <= answer.status < 300)
