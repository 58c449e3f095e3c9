"""Why there is no plan: what went wrong with the model, as a code that the card has words for."""

from __future__ import annotations

from collections.abc import Mapping

from services.ai.errors import (
    DraftFailed,
    GeminiBlocked,
    GeminiEmpty,
    GeminiMalformed,
    GeminiRefused,
    GeminiTimeout,
    GeminiTruncated,
    GeminiUnavailable,
    NothingFits,
    PlanRejected,
)
from services.ai.gemini_answers import ACCOUNT_DISABLED, FAILED_PRECONDITION
from services.states import FailureCode
from services.workflows.drafts import Failure

CODES: Mapping[type[DraftFailed], FailureCode] = {
    NothingFits: FailureCode.NOTHING_FITS,
    PlanRejected: FailureCode.REJECTED,
    GeminiUnavailable: FailureCode.GEMINI_UNAVAILABLE,
    GeminiTimeout: FailureCode.GEMINI_TIMEOUT,
    GeminiRefused: FailureCode.GEMINI_REFUSED,
    GeminiBlocked: FailureCode.GEMINI_BLOCKED,
    GeminiEmpty: FailureCode.GEMINI_EMPTY,
    GeminiTruncated: FailureCode.GEMINI_TRUNCATED,
    GeminiMalformed: FailureCode.GEMINI_MALFORMED,
}

_ACCOUNT = frozenset(
    {
        ACCOUNT_DISABLED,
        FAILED_PRECONDITION,
        "BILLING_DISABLED",
        "CONSUMER_INVALID",
        "CONSUMER_SUSPENDED",
        "LOCATION_POLICY_VIOLATED",
        "SERVICE_DISABLED",
        "SERVICE_NOT_AVAILABLE",
    }
)
"""Refusals that no other key of the same account would change."""

_BUSY = frozenset({429, 503})


def failure_of(error: DraftFailed) -> Failure:
    """The failure to keep: its code, the faults of a plan, and the API's own word where it gave one."""
    faults = error.faults if isinstance(error, PlanRejected) else ()
    return Failure(code_of(error), faults, _word(error))


def code_of(error: DraftFailed) -> FailureCode:
    """Of what Gemini refuses, the key, the model's name, the account and the quota are for people to mend."""
    if isinstance(error, GeminiRefused):
        return _refused(error)
    if isinstance(error, GeminiUnavailable) and (error.cause == "busy" or error.status in _BUSY):
        return FailureCode.GEMINI_BUSY
    return CODES[type(error)]


def _refused(error: GeminiRefused) -> FailureCode:
    if error.reason in _ACCOUNT:
        return FailureCode.GEMINI_ACCOUNT
    if error.status in (401, 403) or error.reason.startswith("API_KEY_"):
        return FailureCode.GEMINI_KEY
    match error.status:
        case 404:
            return FailureCode.GEMINI_MODEL
        case 429:
            return FailureCode.GEMINI_QUOTA
        case _:
            return FailureCode.GEMINI_REFUSED


def _word(error: DraftFailed) -> str:
    if isinstance(error, GeminiBlocked | GeminiRefused):
        return error.reason
    return error.finish_reason if isinstance(error, GeminiEmpty) else ""
