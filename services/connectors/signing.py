"""Requests that are signed: an HMAC of what is sent, made when all else of it is settled."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime

from yarl import URL

from services.components.definitions import SignedAuth


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs requests with a secret, as `auth` has it."""

    auth: SignedAuth
    secret: str = field(repr=False)
    now: datetime

    def headers(self, method: str, url: URL, data: bytes | None) -> dict[str, str]:
        """The signature of a request, and the time that is part of it."""
        time = str(int(self.now.timestamp()))
        parts = {
            "method": method.encode(),
            "path": url.raw_path.encode(),
            "query": url.raw_query_string.encode(),
            "timestamp": time.encode(),
            "body": data or b"",
        }
        signed = self.auth.separator.encode().join(parts[name] for name in self.auth.signs)
        digest = hmac.digest(self.secret.encode(), signed, self.auth.algorithm)
        text = digest.hex() if self.auth.encoding == "hex" else base64.b64encode(digest).decode()
        made = {self.auth.header: f"{self.auth.prefix}{text}"}
        return made | ({self.auth.timestamp_header: time} if "timestamp" in self.auth.signs else {})
