"""Every reason of the Gemini API for not answering, as number and word: which error, which sentence."""

from __future__ import annotations

from typing import Any

import pytest

from bot.jobs.workflows.reasons import failure_of
from bot.views.plan.failures import HINTS, SENTENCES, WORDS, sentence
from services.ai.errors import (
    DraftFailed,
    GeminiBlocked,
    GeminiEmpty,
    GeminiRefused,
    GeminiTruncated,
    GeminiUnavailable,
)
from services.ai.gemini_answers import BLOCK_REASONS, FINISH_REASONS, reason_of, text_of
from services.states import FailureCode
from services.workflows.drafts import Failure, failure_from_json, failure_to_json

FINISHED = {
    GeminiBlocked: (
        "SAFETY BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION "
        "IMAGE_OTHER MODEL_ARMOR ESCALATION"
    ),
    GeminiEmpty: (
        "RECITATION LANGUAGE MALFORMED_FUNCTION_CALL MALFORMED_RESPONSE UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS "
        "MISSING_THOUGHT_SIGNATURE NO_IMAGE"
    ),
    GeminiTruncated: "MAX_TOKENS CONTINUATION",
    GeminiRefused: "PUP_LIMITED_DISABLED",
}
"""What an answer that ends for such a reason is, whatever text it has."""

TEXT_COUNTS = ("STOP", "OTHER", "FINISH_REASON_UNSPECIFIED", "A_WORD_OF_TOMORROW", 99)

BLOCKED = "SAFETY OTHER BLOCKLIST PROHIBITED_CONTENT IMAGE_SAFETY MODEL_ARMOR JAILBREAK BLOCK_REASON_UNSPECIFIED"

CASES = [(word, kind) for kind, words in FINISHED.items() for word in words.split()]
NUMBERS = {word: number for number, word in FINISH_REASONS.items()}


def answered(reason: object, text: str = "{}") -> dict[str, Any]:
    content = {"parts": [{"thought": True, "text": "Let me see. "}, {"text": text}]}
    return {"candidates": [{"finish_reason": reason, "content": content}]}


def failed(response: dict[str, Any]) -> DraftFailed:
    with pytest.raises(DraftFailed) as caught:
        text_of(response)
    return caught.value


@pytest.mark.parametrize(("word", "kind"), CASES)
def test_a_finish_reason_is_an_error_with_a_sentence(word: str, kind: type[DraftFailed]) -> None:
    for reason in filter(None, (word, word.lower(), NUMBERS.get(word))):
        error = failed(answered(reason))
        assert type(error) is kind
        failure = failure_of(error)
        assert sentence(failure) == WORDS.get(word, SENTENCES[failure.code])
        assert failure_from_json(failure_to_json(failure)) == failure
    if kind is not GeminiTruncated:
        assert failure.word == word
        assert word in WORDS


@pytest.mark.parametrize("reason", TEXT_COUNTS)
def test_other_reasons_leave_the_text_to_speak(reason: object) -> None:
    assert text_of(answered(reason)) == "{}"
    error = failed(answered(reason, " "))
    assert type(error) is GeminiEmpty
    assert sentence(failure_of(error)) == SENTENCES[FailureCode.GEMINI_EMPTY]


@pytest.mark.parametrize("word", BLOCKED.split())
def test_a_blocked_prompt_has_a_sentence(word: str) -> None:
    numbers = [number for number, name in BLOCK_REASONS.items() if name == word and number]
    for reason in (word, *numbers):
        error = failed({"prompt_feedback": {"block_reason": reason}})
        assert isinstance(error, GeminiBlocked)
        assert (error.where, error.reason) == ("prompt", word)
        assert sentence(failure_of(error)) == WORDS.get(word, SENTENCES[FailureCode.GEMINI_BLOCKED])


def test_a_thought_is_not_the_answer() -> None:
    assert text_of(answered("STOP", '{"a": 1}')) == '{"a": 1}'
    content = {"parts": [{"thought": True, "text": "Hm."}]}
    assert type(failed({"candidates": [{"finish_reason": 1, "content": content}]})) is GeminiEmpty


def test_the_old_sdks_numbers_are_those_of_the_table() -> None:
    from services.ai.transports.generativeai import sdk  # it silences what the SDK says of its end

    candidate, feedback = sdk.protos.Candidate, sdk.protos.GenerateContentResponse.PromptFeedback
    for enum, table in ((candidate.FinishReason, FINISH_REASONS), (feedback.BlockReason, BLOCK_REASONS)):
        assert {each.value: each.name for each in enum}.items() <= table.items()


def test_each_reason_that_the_new_sdk_knows_is_in_a_table() -> None:
    from google.genai import types

    named = {each.value for each in types.FinishReason}
    assert named == {*(word for word, _ in CASES), "STOP", "OTHER", "FINISH_REASON_UNSPECIFIED"}
    assert {each.value for each in types.BlockedReason} - {"BLOCKED_REASON_UNSPECIFIED"} <= set(BLOCKED.split())


C = FailureCode

REFUSALS = [
    (GeminiRefused(status=400, reason="API_KEY_INVALID"), C.GEMINI_KEY),
    (GeminiRefused(status=400, reason="FAILED_PRECONDITION"), C.GEMINI_ACCOUNT),
    (GeminiRefused(status=400), C.GEMINI_REFUSED),
    (GeminiRefused(status=401), C.GEMINI_KEY),
    (GeminiRefused(status=403), C.GEMINI_KEY),
    (GeminiRefused(status=403, reason="API_KEY_SERVICE_BLOCKED"), C.GEMINI_KEY),
    (GeminiRefused(status=403, reason="SERVICE_DISABLED"), C.GEMINI_ACCOUNT),
    (GeminiRefused(status=403, reason="BILLING_DISABLED"), C.GEMINI_ACCOUNT),
    (GeminiRefused(status=403, reason="CONSUMER_SUSPENDED"), C.GEMINI_ACCOUNT),
    (GeminiRefused(status=404), C.GEMINI_MODEL),
    (GeminiRefused(status=413), C.GEMINI_REFUSED),
    (GeminiRefused(status=429, reason="QUOTA_EXHAUSTED"), C.GEMINI_QUOTA),
    (GeminiUnavailable("status", status=429), C.GEMINI_BUSY),
    (GeminiUnavailable("status", status=503), C.GEMINI_BUSY),
    (GeminiUnavailable("busy"), C.GEMINI_BUSY),
    (GeminiUnavailable("status", status=500), C.GEMINI_UNAVAILABLE),
    (GeminiUnavailable("connection"), C.GEMINI_UNAVAILABLE),
]


@pytest.mark.parametrize(("error", "code"), REFUSALS, ids=str)
def test_a_refusal_names_what_is_to_be_mended(error: DraftFailed, code: FailureCode) -> None:
    failure = failure_of(error)
    assert failure.code is code
    told = f"{sentence(failure)} {HINTS[code]}"
    assert ("key" in told.lower()) == (code is C.GEMINI_KEY)
    assert ("GEMINI_MODEL" in told) == (code is C.GEMINI_MODEL)
    assert ("busy" in told) == (code is C.GEMINI_BUSY)
    assert ("quota" in told) == (code is C.GEMINI_QUOTA)


def test_a_status_counts_as_a_reason_where_it_says_more_than_its_number() -> None:
    assert reason_of([], "FAILED_PRECONDITION") == "FAILED_PRECONDITION"
    assert reason_of([], "INVALID_ARGUMENT") == ""


def test_a_failure_of_an_older_version_is_read() -> None:
    assert failure_from_json({"code": "gemini_blocked", "faults": []}) == Failure(FailureCode.GEMINI_BLOCKED)
