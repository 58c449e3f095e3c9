"""Whether a request really comes from Slack.

The SDK's verifier raises, and so answers 500, on a timestamp that is no number, a signature outside ASCII or a
body that is not UTF-8. Here anything but a good signature is a plain no, whatever the headers hold.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

# Slack's advice against replays (docs: "Verifying requests from Slack").
MAX_AGE_SECONDS = 300


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's v0 signature: HMAC-SHA256 over `v0:timestamp:body`."""
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return f"v0={digest.hexdigest()}"


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, *, now: float) -> bool:
    """True if the headers hold a good signature of `body` that is not older than five minutes."""
    timestamp = headers.get("X-Slack-Request-Timestamp", "")
    signature = headers.get("X-Slack-Signature", "")
    if re.fullmatch(r"[0-9]{1,12}", timestamp) is None or abs(now - int(timestamp)) > MAX_AGE_SECONDS:
        return False
    return hmac.compare_digest(
        sign(secret, timestamp, body).encode(), signature.encode("utf-8", "surrogateescape")
    )
