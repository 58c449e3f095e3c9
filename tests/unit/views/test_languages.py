"""Runs and messages in other languages: numbers as people write them there, and words in their order."""

from __future__ import annotations

import pytest

from bot.languages import language_of, speaking
from bot.views.kit import blocks as kit
from bot.views.messages.facts import fact
from bot.views.run.answers import answer_summary
from bot.views.run.errors import explain_error
from services.queries.lookups.components import _APPROVALS as APPROVALS
from services.queries.lookups.decisions import _WORDS as DECISIONS
from services.queries.lookups.plan import _STATES as STEPS
from services.queries.lookups.plan_rows import _PLANS as PLANS
from services.queries.lookups.plan_rows import RUNS


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en-US", "1,234 results"),
        ("de-DE", "1.234 Ergebnisse"),
        ("hi-IN", "1,234 परिणाम"),
        ("fr-FR", "1,234 results"),
    ],
)
def test_numbers_are_written_as_people_write_them(locale: str, said: str) -> None:
    with speaking(language_of(locale)):
        assert answer_summary([{}] * 1_234, None) == said


def test_an_error_is_explained_with_its_reason() -> None:
    error = {"code": "too_many_people", "people": 1_021, "most": 1_000}
    with speaking(language_of("de-DE")):
        assert "1.021, höchstens 1.000" in explain_error(error, "Trupps", {})
        assert explain_error({"code": "not_sent", "reason": "dns"}, "Trupps", {}) == (
            "„Trupps“ war nicht erreichbar: der Name ist unbekannt. Es wurde nichts gesendet."
        )


def test_people_stand_where_the_language_has_them() -> None:
    who = kit.person("U0MARCO001")
    with speaking(language_of("hi-IN")):
        assert kit.runs("{who} ने मंज़ूर किया: {words}", who=who, words="{who}") == [
            who,
            kit.span(" ने मंज़ूर किया: {who}"),
        ]
        acting = kit.acting([("U0DANA0001", "U0MARCO001")])
        assert [run.get("user_id") or run["text"].strip() for run in acting][-2:] == ["U0MARCO001", "की ओर से"]


@pytest.mark.parametrize(
    "text",
    [
        *PLANS.values(),
        *RUNS.values(),
        *STEPS.values(),
        *DECISIONS.values(),
        *APPROVALS.values(),
        "approval of “Close the road”",
        "an answer to “Close the road”",
        "a decision about “Close the road”, which failed",
        "somebody to check “Close the road”, which may have arrived or not",
    ],
)
def test_what_rows_say_in_words_of_ours_is_said_in_the_language_of_whoever_asks(text: str) -> None:
    assert fact(text) == text
    with speaking(language_of("de-DE")):
        assert fact(text) != text
        assert ("Close the road" in fact(text)) == ("Close the road" in text)
