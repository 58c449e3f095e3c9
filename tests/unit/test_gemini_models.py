"""Names of models: releases of one are the same, others are not; those that end are named with their day."""

from __future__ import annotations

from datetime import date

import pytest

from bot.config import Settings
from bot.startup.model import end_of_model
from services.ai.models import RETIREMENTS, is_same_model, retirement


@pytest.mark.parametrize(
    "answered",
    [
        "gemini-3.8-flash",
        "models/gemini-3.8-flash",
        "gemini-3.8-flash-001",
        "gemini-3.8-flash-09-2026",
        "gemini-3.8-flash-09-02",
        "gemini-3.8-flash-09-02-2026",
        "gemini-3.8-flash-20260902",
        "gemini-3.8-flash-2026-09-02",
        "Gemini-3.8-Flash-Latest",
        "",
    ],
)
def test_a_release_of_a_model_is_that_model(answered: str) -> None:
    assert is_same_model("gemini-3.8-flash", answered)
    if answered:
        assert is_same_model(answered, "models/gemini-3.8-flash")


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gemini-3.8-flash", "gemini-3.5-flash-lite"),
        ("gemini-2.5-flash", "gemini-3.5-flash-lite"),
        ("gemini-3.5-flash", "gemini-3.5-flash-lite"),
        ("gemini-3.8-flash", "gemini-3.8-flash-preview"),
        ("gemini-2.5-pro", "gemini-3.8-flash"),
        ("gemini-3.8-flash", "rule-based-stand-in"),
        ("gemini-1.5-flash-8b", "gemini-1.5-flash"),
    ],
)
def test_another_model_is_another(asked: str, answered: str) -> None:
    assert not is_same_model(asked, answered)


def test_the_latest_is_whichever_it_is() -> None:
    assert is_same_model("gemini-flash-latest", "gemini-3.8-flash")


@pytest.mark.parametrize("name", ["gemini-2.5-flash", "models/gemini-2.5-flash", "gemini-2.5-flash-001"])
def test_a_model_that_ends_is_named_with_its_day(name: str) -> None:
    ends = retirement(name)
    assert ends is not None
    assert (ends.on, ends.use) == (date(2026, 12, 1), "gemini-3.8-flash")
    assert [ends.is_over(date(2026, month, 1)) for month in (11, 12)] == [False, True]


def test_what_is_set_unless_another_is_and_what_is_advised_do_not_end() -> None:
    for name in {Settings.model_fields["gemini_model"].default, *(each.use for each in RETIREMENTS.values())}:
        assert retirement(name) is None
    assert retirement("gemini-2.5-flash-lite") is None


def test_the_end_of_a_model_is_a_sentence_before_and_after_its_day() -> None:
    before, after = (end_of_model("gemini-2.5-flash", date(2026, 11, day)) for day in (1, 30))
    assert before == after
    assert "gemini-2.5-flash (GEMINI_MODEL) ends on 2026-12-01" in before
    assert before.endswith("Set gemini-3.8-flash.")
    assert "has ended on 2026-12-01" in end_of_model("gemini-2.5-flash-001", date(2026, 12, 1))
    assert end_of_model("gemini-3.8-flash", date(2030, 1, 1)) == ""
