"""Reading what the Gemini API answers, as plain data: the text, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.ai.errors import GeminiBlocked, GeminiEmpty, GeminiMalformed, GeminiRefused, GeminiTruncated
from services.formats import loose_json
from services.formats.strict_json import NotJson

Details = Sequence[Mapping[str, Any]]
"""The `details` of an API error: messages of google.rpc, each with its "@type"."""

QUOTA_EXHAUSTED = "QUOTA_EXHAUSTED"
"""Our own word beside those of the API: the day's quota is used up, and the server's retry delay of no use."""

FAILED_PRECONDITION = "FAILED_PRECONDITION"
"""The API's status where it serves no such account: from that country, or not without billing."""

FINISH_REASONS: Mapping[int, str] = {
    0: "FINISH_REASON_UNSPECIFIED",
    1: "STOP",
    2: "MAX_TOKENS",
    3: "SAFETY",
    4: "RECITATION",
    5: "OTHER",
    6: "LANGUAGE",
    7: "BLOCKLIST",
    8: "PROHIBITED_CONTENT",
    9: "SPII",
    10: "MALFORMED_FUNCTION_CALL",
    11: "IMAGE_SAFETY",
    12: "UNEXPECTED_TOOL_CALL",
    13: "TOO_MANY_TOOL_CALLS",
    14: "IMAGE_PROHIBITED_CONTENT",
    15: "IMAGE_OTHER",
    16: "NO_IMAGE",
    17: "IMAGE_RECITATION",
}
"""The API's numbers of the reasons why an answer ends. The reasons that came later have no number here: the API
names them, or their number is kept as it is.
"""

BLOCK_REASONS: Mapping[int, str] = {
    0: "BLOCK_REASON_UNSPECIFIED",
    1: "SAFETY",
    2: "OTHER",
    3: "BLOCKLIST",
    4: "PROHIBITED_CONTENT",
    5: "IMAGE_SAFETY",
}
"""The API's numbers of the reasons why a prompt is not answered."""

WITHHELD = frozenset(
    {
        "SAFETY",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_OTHER",
        "MODEL_ARMOR",
        "ESCALATION",
    }
)
"""Finish reasons of a filter: the same question gets the same answer."""

OF_CHANCE = frozenset(
    {
        "RECITATION",
        "LANGUAGE",
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "NO_IMAGE",
    }
)
"""Why an answer may be withheld or spoilt that has nothing to do with safety, and may be right the next time."""

CUT = frozenset({"MAX_TOKENS", "CONTINUATION"})
"""The answer had not come to its end."""

ACCOUNT_DISABLED = "PUP_LIMITED_DISABLED"
"""Google has limited or closed the account for what it was used for: nothing that is asked will be answered."""


def text_of(response: Mapping[str, Any]) -> str:
    """The text of the first candidate, thoughts left out.

    Enums may be numbers or names. Raises GeminiBlocked, GeminiTruncated, GeminiEmpty, or GeminiRefused for an
    account that is no longer served.
    """
    blocked = (response.get("prompt_feedback") or {}).get("block_reason")
    if blocked:
        raise GeminiBlocked(where="prompt", reason=_name(BLOCK_REASONS, blocked))
    candidate: Mapping[str, Any] = next(iter(response.get("candidates") or ()), {})
    finish = _name(FINISH_REASONS, candidate.get("finish_reason") or 0)
    parts = (candidate.get("content") or {}).get("parts") or ()
    text = "".join(part.get("text") or "" for part in parts if not part.get("thought"))
    if finish in WITHHELD:
        raise GeminiBlocked(where="answer", reason=finish)
    if finish == ACCOUNT_DISABLED:
        raise GeminiRefused(status=200, reason=finish)
    if finish in CUT:
        raise GeminiTruncated(characters=len(text))
    if finish in OF_CHANCE or not text.strip():
        raise GeminiEmpty(finish_reason=finish)
    return text


def parse(text: str) -> Any:
    """The JSON document in the text. Raises GeminiMalformed, for what PostgreSQL can't keep too."""
    if "\\u0000" in text:
        raise GeminiMalformed("nul_character")
    try:
        return loose_json.loads(text)
    except NotJson as exc:
        raise GeminiMalformed(exc.reason) from None


def tokens_of(response: Mapping[str, Any]) -> tuple[int, int, int]:
    """Prompt, output and total tokens. What the model thought counts as output, as it is charged."""
    usage = response.get("usage_metadata") or {}
    prompt = int(usage.get("prompt_token_count", 0))
    total = int(usage.get("total_token_count", 0))
    return prompt, max(total - prompt, int(usage.get("candidates_token_count", 0))), total


def retry_delay(details: Details) -> float | None:
    """The seconds in google.rpc.RetryInfo, which JSON writes as "27s"."""
    for info in _of_type(details, "RetryInfo"):
        try:
            return float(str(info.get("retryDelay", "")).removesuffix("s"))
        except ValueError:
            continue
    return None


def reason_of(details: Details, status: str = "") -> str:
    """The word in google.rpc.ErrorInfo, QUOTA_EXHAUSTED if what is used up comes back tomorrow only, or
    FAILED_PRECONDITION if that is the error's `status`.
    """
    violations = [each for failure in _of_type(details, "QuotaFailure") for each in failure.get("violations", ())]
    if any("PerDay" in str(violation.get("quotaId", "")) for violation in violations):
        return QUOTA_EXHAUSTED
    word = next((str(info.get("reason", "")) for info in _of_type(details, "ErrorInfo")), "")
    return word or (status if status == FAILED_PRECONDITION else "")


def _of_type(details: Details, name: str) -> list[Mapping[str, Any]]:
    return [detail for detail in details if str(detail.get("@type", "")).endswith(f"google.rpc.{name}")]


def _name(names: Mapping[int, str], given: int | str) -> str:
    """The API's word, given as such or by its number; a number newer than the table stays one."""
    return names.get(given, str(given)) if isinstance(given, int) else given.upper()
