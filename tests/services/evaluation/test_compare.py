"""The figures of evaluations, and two of them side by side."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.evaluation_text import STAND_IN, comparison, progress, report
from services.evaluation.compare import MEASURES, compare, paired, sign_test
from services.evaluation.figures import Share, Spread, figures, grouped
from services.evaluation.results import CaseResult, Evaluation

GOOD: dict[str, Any] = {"valid": True, "valid_at_first": True, "total_tokens": 900, "seconds": 3.0, "calls": 2}
MENDED: dict[str, Any] = {
    **GOOD,
    "valid_at_first": False,
    "repairs": 1,
    "faults_at_first": {"cycle": 2},
    "warnings": {"unused_selection": 3},
    "total_tokens": 1_500,
}
FAILED: dict[str, Any] = {"error": "malformed", "total_tokens": 100, "seconds": 1.0, "calls": 2}


def result(number: int, members: dict[str, Any]) -> CaseResult:
    return CaseResult(case=f"a-{number}", town="a", language="de" if number % 2 else "en", **members)


def evaluation(*kinds: dict[str, Any], **members: Any) -> Evaluation:
    head: dict[str, Any] = {
        "version": "1",
        "model": "m",
        "is_stand_in": False,
        "prompts": "p",
        "cases": "c",
        "begun_at": datetime(2026, 11, 25, tzinfo=UTC),
        "concurrency": 4,
    }
    results = tuple(result(number, kind) for number, kind in enumerate(kinds))
    return Evaluation(**{**head, **members}, results=results)


def test_figures() -> None:
    lacking = {**GOOD, "missing": ("x",), "seconds": 9.0}
    found = figures([result(number, kind) for number, kind in enumerate([GOOD, MENDED, lacking, FAILED])])
    assert (found.valid_at_first, found.valid, found.as_expected) == (Share(2, 4), Share(3, 4), Share(2, 4))
    assert found.without_warning == Share(2, 3)
    assert (found.errors, found.faults_at_first) == ({"malformed": 1}, {"cycle": 1})
    assert found.warnings == {"unused_selection": 1}
    assert (found.repairs, found.missing, found.avoided, found.calls) == (0.25, 1, 0, 8)
    assert found.tokens == Spread(median=900, p90=1_500, total=3_400)
    assert found.seconds == Spread(median=3.0, p90=9.0, total=16.0)


def test_no_results_have_figures_too() -> None:
    found = figures([])
    assert (found.valid, found.tokens, found.repairs) == (Share(0, 0), Spread(0, 0, 0), 0)
    assert found.valid.interval == (0, 1)


def test_groups_are_in_order() -> None:
    parts = grouped([result(number, GOOD) for number in range(3)], lambda each: each.language)
    assert {name: part.valid.of for name, part in parts.items()} == {"de": 1, "en": 2}
    assert list(parts) == ["de", "en"]


@pytest.mark.parametrize(
    ("share", "low", "high"),
    # As R's prop.test(correct = FALSE) has them.
    [(Share(0, 10), 0.0, 0.2775), (Share(5, 10), 0.2366, 0.7634), (Share(60, 60), 0.9398, 1.0)],
)
def test_wilsons_interval(share: Share, low: float, high: float) -> None:
    assert share.interval == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("one", "other", "p"), [(0, 0, 1.0), (3, 3, 1.0), (5, 0, 0.0625), (1, 9, 0.021484375), (0, 9, 0.00390625)]
)
def test_the_sign_test(one: int, other: int, p: float) -> None:
    assert sign_test(one, other) == p == sign_test(other, one)


@given(st.integers(0, 2_000), st.integers(0, 2_000))
def test_the_sign_test_is_a_probability(one: int, other: int) -> None:
    assert 0 <= sign_test(one, other) <= 1


def test_a_clear_difference_is_told_and_an_unclear_one_is_not() -> None:
    first, second = evaluation(*[GOOD] * 30), evaluation(*[FAILED] * 12, *[MENDED] * 2, *[GOOD] * 16)
    found = {each.measure.name: each for each in compare(paired(first, second))}
    assert set(found) == {measure.name for measure in MEASURES}
    assert (found["valid"].better, found["valid"].first_better, found["valid"].second_better) == (1, 12, 0)
    assert (found["valid"].first, found["valid"].second) == (1.0, 0.6)
    assert (found["repairs"].better, found["repairs"].first_better) == (0, 2)
    assert (found["warnings"].pairs, found["warnings"].second) == (18, 6 / 18)
    # What failed cost little: fewer tokens count as better, so it says nothing by itself.
    assert (found["tokens"].first_better, found["tokens"].second_better) == (2, 12)


def test_turned_round_the_other_one_is_better() -> None:
    one, other = evaluation(*[GOOD] * 30), evaluation(*[FAILED] * 12, *[GOOD] * 18)
    forth, back = compare(paired(one, other)), compare(paired(other, one))
    assert [(each.better, each.p) for each in forth] == [((0, 2, 1)[each.better], each.p) for each in back]


def test_seconds_are_shown_and_not_judged() -> None:
    slow = {**GOOD, "seconds": 9.0}
    [seconds] = [
        each
        for each in compare(paired(evaluation(*[GOOD] * 60), evaluation(*[slow] * 60)))
        if each.measure.name == "seconds"
    ]
    assert (seconds.first, seconds.second, seconds.first_better, seconds.better) == (3, 9, 60, 0)
    text = comparison(evaluation(*[GOOD] * 60), evaluation(*[slow] * 60))
    assert [line.split() for line in text.splitlines() if line.startswith("Seconds")] == [
        ["Seconds", "of", "an", "issue", "(median)", "60", "3.00", "9.00", "60", "0", "not", "tested"]
    ]


def test_only_issues_of_both_are_compared() -> None:
    assert len(paired(evaluation(GOOD, GOOD, GOOD), evaluation(GOOD, FAILED))) == 2
    nothing = evaluation(GOOD).model_copy(update={"results": ()})
    assert "Issues in both: 0" in comparison(nothing, evaluation(GOOD))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "what differs below is chance"),
        ({"model": "n"}, ""),
        ({"prompts": "q"}, ""),
        ({"model": "n", "prompts": "q"}, "can't be told from this"),
        ({"cases": "d"}, "The set has changed"),
        ({"is_stand_in": True}, "In B a stand-in answered"),
        ({"concurrency": 9}, "the seconds can't be compared"),
    ],
)
def test_what_keeps_two_from_being_compared_is_said(changed: dict[str, Any], said: str) -> None:
    notes = [
        "is chance, or the hour",
        "can't be told from this",
        "The set has changed",
        "a stand-in",
        "Not as many",
    ]
    text = comparison(evaluation(GOOD, MENDED), evaluation(GOOD, GOOD, **changed))
    assert said in text
    if not said:
        assert not [note for note in notes if note in text]


def test_the_comparison_is_a_table() -> None:
    text = comparison(evaluation(*[GOOD] * 20), evaluation(*[FAILED] * 12, *[GOOD] * 8, model="n"))
    lines = {line.partition("  ")[0]: " ".join(line.split()) for line in text.splitlines()}
    assert lines["Valid at first (share)"] == "Valid at first (share) 20 100 % 40 % 12 0 0.000 A is better"
    assert lines["Repairs of a plan (mean)"].endswith("0.00 0.00 0 0 1.000 can't tell")
    assert '"Can\'t tell" is not "the same"' in text


def test_a_report_begins_with_who_answered() -> None:
    assert report(evaluation(GOOD, is_stand_in=True)).startswith(STAND_IN)
    text = report(evaluation(GOOD, MENDED, FAILED))
    assert STAND_IN not in text
    assert "Asked: m" in text
    assert "Valid after repairs                      2 of 3  67 %   21 to 94 %" in text
    assert "No plan: malformed 1." in text


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (GOOD, "valid at first"),
        (MENDED, "valid after 1 repair"),
        ({**MENDED, "repairs": 2}, "valid after 2 repairs"),
        (FAILED, "no plan: malformed"),
    ],
)
def test_a_line_of_progress(members: dict[str, Any], said: str) -> None:
    line = progress(result(1, members), 3, 60)
    assert line.startswith("   3/60  a-1 ")
    assert line.endswith(said)
