"""Reading what the Gemini API answers, as plain data: the text, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.ai.errors import GeminiBlocked, GeminiEmpty, GeminiMalformed, GeminiTruncated
from services.formats import loose_json
from services.formats.strict_json import NotJson

Details = Sequence[Mapping[str, Any]]
"""The `details` of an API error: messages of google.rpc, each with its "@type"."""

QUOTA_EXHAUSTED = "QUOTA_EXHAUSTED"
"""Our own word beside those of the API: the day's quota is used up, and the server's retry delay of no use."""

KEY_INVALID = "API_KEY_INVALID"
"""The API's own word for a key that it does not know; it comes with status 400."""

# Both in the order of the API's numbers.
_FINISH_REASONS = (
    "FINISH_REASON_UNSPECIFIED",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
    "IMAGE_SAFETY",
)
_BLOCK_REASONS = (
    "BLOCK_REASON_UNSPECIFIED",
    "SAFETY",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "IMAGE_SAFETY",
)

_WITHHELD = frozenset({"SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"})
_OF_CHANCE = frozenset({"RECITATION", "LANGUAGE", "MALFORMED_FUNCTION_CALL"})
"""Why an answer may be withheld or spoilt that has nothing to do with safety, and may be right the next time."""


def text_of(response: Mapping[str, Any]) -> str:
    """The text of the first candidate, thoughts left out. Raises GeminiBlocked, GeminiTruncated or GeminiEmpty."""
    blocked = (response.get("prompt_feedback") or {}).get("block_reason")
    if blocked:
        raise GeminiBlocked(where="prompt", reason=_name(_BLOCK_REASONS, blocked))
    candidate: Mapping[str, Any] = next(iter(response.get("candidates") or ()), {})
    finish = _name(_FINISH_REASONS, candidate.get("finish_reason", 0))
    parts = (candidate.get("content") or {}).get("parts") or ()
    text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
    if finish in _WITHHELD:
        raise GeminiBlocked(where="answer", reason=finish)
    if finish == "MAX_TOKENS":
        raise GeminiTruncated(characters=len(text))
    if finish in _OF_CHANCE or not text.strip():
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


def reason_of(details: Details) -> str:
    """The word in google.rpc.ErrorInfo, or QUOTA_EXHAUSTED if what is used up comes back tomorrow only."""
    violations = [each for failure in _of_type(details, "QuotaFailure") for each in failure.get("violations", ())]
    if any("PerDay" in str(violation.get("quotaId", "")) for violation in violations):
        return QUOTA_EXHAUSTED
    return next((str(info.get("reason", "")) for info in _of_type(details, "ErrorInfo")), "")


def _of_type(details: Details, name: str) -> list[Mapping[str, Any]]:
    return [detail for detail in details if str(detail.get("@type", "")).endswith(f"google.rpc.{name}")]


def _name(names: Sequence[str], number: int) -> str:
    """The API's word for a number; one newer than this table stays a number."""
    return names[number] if number < len(names) else str(number)
