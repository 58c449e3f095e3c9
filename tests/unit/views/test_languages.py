"""Runs and messages in other languages: numbers as people write them there, and words in their order."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from bot.languages import language_of, speaking
from bot.views.kit import blocks as kit
from bot.views.messages.answer import Known, answer_message
from bot.views.messages.facts import fact, said
from bot.views.run.answers import answer_summary
from bot.views.run.errors import explain_error
from services.queries.inquiries.asking import Answered
from services.queries.inquiries.notebook import shown, texts_of
from services.queries.lookups.components import _APPROVALS as APPROVALS
from services.queries.lookups.decisions import _WORDS as DECISIONS
from services.queries.lookups.plan import _STATES as STEPS
from services.queries.lookups.plan_rows import _PLANS as PLANS
from services.queries.lookups.plan_rows import RUNS
from services.queries.lookups.rows import Month, Row, RowKind, Said, Scope, Several, StepError
from services.queries.lookups.waiting import ANSWER, CHECK, DECISION, STEP_APPROVAL


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
    ],
)
def test_what_rows_say_in_words_of_ours_is_said_in_the_language_of_whoever_asks(text: str) -> None:
    assert fact(text) == text
    with speaking(language_of("de-DE")):
        assert fact(text) != text


@pytest.mark.parametrize("words", [STEP_APPROVAL, ANSWER, DECISION, CHECK])
def test_what_a_plan_waits_for_is_said_with_the_names_of_its_steps(words: str) -> None:
    row = Said(words, {"title": "Close {the} road"})
    assert str(row) == words.replace("{title}", "Close {the} road")
    with speaking(language_of("de-DE")):
        assert said(row) != str(row)
        assert "Close {the} road" in said(row)


def test_several_waits_and_the_error_of_a_step_are_said_in_the_language_of_whoever_asks() -> None:
    waits = Several((Said(STEP_APPROVAL, {"title": "Close a road"}), Said(ANSWER, {"title": "Ask a person"})))
    error = StepError({"code": "http_status", "status": 409, "message": "No crew is free"}, "Assign a crew")
    plan = Row("R1", RowKind.PLAN, {"number": 9, "state": "waiting for a person", "waits_for": waits})
    step = Row("R2", RowKind.STEP, {"step": 4, "title": "done", "state": "failed", "error": error})
    answered = Answered(rows=(plan, step))
    english = json.dumps(answer_message(answered, Known(), UUID(int=1)).blocks, ensure_ascii=False)
    assert "waits for approval of “Close a road” and an answer to “Ask a person”" in english
    assert "“Assign a crew” refused it: “No crew is free” (409, conflict)." in english
    with speaking(language_of("de-DE")):
        german = json.dumps(answer_message(answered, Known(), UUID(int=1)).blocks, ensure_ascii=False)
    assert "Close a road" in german
    assert "No crew is free" in german
    assert not any(words in german for words in ("approval of", "an answer to", "refused it", "http_status"))
    # What others wrote is not ours to translate, whatever it says.
    assert ", done" in german


@pytest.mark.parametrize(
    ("locale", "month"), [("en-US", "March 2026"), ("de-DE", "März 2026"), ("hi-IN", "मार्च 2026")]
)
def test_a_month_is_said_in_the_language_of_whoever_asks(locale: str, month: str) -> None:
    row = Row("R1", RowKind.COUNT, {"month": Month(date(2026, 3, 1)), "plans": 4})
    with speaking(language_of(locale)):
        blocks = answer_message(Answered(rows=(row,)), Known(), UUID(int=1)).blocks
    assert month in json.dumps(blocks, ensure_ascii=False)
    scope = Scope(UUID(int=1), "U1", datetime(2026, 11, 24, tzinfo=UTC), "UTC")
    assert shown(row, scope)["month"] == "2026-03"
    assert list(texts_of(row, scope)) == ["2026-03"]


def test_a_row_reads_for_the_model_as_it_did() -> None:
    scope = Scope(UUID(int=1), "U1", datetime(2026, 11, 24, tzinfo=UTC), "UTC")
    error = StepError({"code": "http_status", "status": 409, "message": "No crew is free"}, "Assign a crew")
    waits = Several((Said(STEP_APPROVAL, {"title": "A"}), Said(ANSWER, {"title": "B"})))
    row = Row("R1", RowKind.STEP, {"waits_for": waits, "error": error})
    assert shown(row, scope) == {
        "id": "R1",
        "row": "step",
        "waits_for": "approval of “A”; an answer to “B”",
        "error": "http_status 409 No crew is free",
    }
    assert list(texts_of(row, scope)) == ["approval of “A”; an answer to “B”", "http_status 409 No crew is free"]
