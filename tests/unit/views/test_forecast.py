"""The line on the card that says what is to be expected of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.views.card import card
from bot.views.modals.plan import details_modal
from bot.views.plan.forecast import MAX_CHARACTERS
from bot.views.private.workflow import workflow_details
from services.plans.forecast import Forecast
from services.plans.model import Plan
from services.queries.snapshots import PlanSnapshot
from services.states import PlanState
from tests.support import samples
from tests.support.slack_rules import check_message, words

NO_HISTORY = tuple(samples.COMPONENTS)


def line(snapshot: PlanSnapshot) -> str:
    """The forecast of a card; empty if there is none."""
    message = card(snapshot, card_id=samples.CARD_ID)
    check_message(message)
    texts = [
        element["text"] for block in message.blocks if block["type"] == "context" for element in block["elements"]
    ]
    return next((text for text in texts if text.startswith("Forecast: ")), "").removeprefix("Forecast: ")


def told(**facts: Any) -> str:
    return line(replace(samples.DRAFT, forecast=Forecast(**facts)))


def test_a_forecast_is_one_line_above_the_buttons() -> None:
    snapshot = replace(samples.DRAFT, forecast=samples.FORECAST)
    assert line(snapshot) == (
        "usually about 40 s, seldom over 3 min · about 84 in 100 go through without help · "
        "plus the wait for 1 approval"
    )
    shown = words(card(snapshot, card_id=samples.CARD_ID).blocks)
    assert shown.index("Forecast: ") < shown.index("Approve and run")


@pytest.mark.parametrize(
    ("usual", "long", "words"),
    [
        (0, 0, "usually less than 1 s"),
        (0.04, 0.2, "usually less than 1 s, seldom over 1 s"),
        (1.2, 1.9, "usually about 1 s, seldom over 2 s"),
        (7, 7, "usually about 7 s"),
        (12, 12, "usually about 10 s, seldom over 15 s"),
        (38, 171, "usually about 40 s, seldom over 3 min"),
        (95, 301, "usually about 1 min 30 s, seldom over 5 min 30 s"),
        (900, 5_000, "usually about 15 min, seldom over 1 h 30 min"),
        (90_000, 200_000, "usually about 1 day 1 h, seldom over 2 days 8 h"),
    ],
)
def test_times_are_no_more_exact_than_they_are_known(usual: float, long: float, words: str) -> None:
    assert told(usual_seconds=usual, long_seconds=long) == words


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (1, "so far all such steps went through without help"),
        (0.9999, "about 99 in 100 go through without help"),
        (0.5, "about 50 in 100 go through without help"),
        (0.0001, "about 1 in 100 go through without help"),
        (0, "one of its steps has always needed help so far"),
    ],
)
def test_a_chance_is_never_said_to_be_a_certainty(chance: float, words: str) -> None:
    assert told(chance=chance) == words


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"approvals": 2}, "plus the wait for 2 approvals"),
        ({"approvals": 1, "answers": 1}, "plus the wait for 1 approval and 1 answer"),
        ({"wait_minutes": 45.5}, "plus 45 min 30 s that it is to wait"),
        ({"poll_minutes": 1_440}, "plus up to 1 day until something holds"),
        ({"open_waits": 1}, "plus 1 wait whose length only the run will tell"),
        ({"tokens": samples.VERSION.tokens}, ""),
        # What drafting has cost stands in the details.
        ({"tokens": samples.VERSION.tokens + 1_000}, ""),
        ({}, ""),
    ],
)
def test_what_it_waits_for_and_what_it_cost_stand_apart(facts: dict[str, Any], words: str) -> None:
    assert told(**facts) == words


def test_without_a_history_it_says_so() -> None:
    assert told(unknown=NO_HISTORY) == "no history yet"
    assert told(unknown=NO_HISTORY, approvals=2) == "no history yet · plus the wait for 2 approvals"


def test_what_has_no_history_among_others_is_named() -> None:
    known = {"usual_seconds": 7.0, "long_seconds": 7.0, "chance": 1.0}
    assert told(**known, unknown=("crews.assign", "gone")).endswith(
        " · not counting Assign a crew and gone: no history yet"
    )
    assert "and 4 more: no history yet" in told(**known, unknown=NO_HISTORY)


def test_only_a_plan_that_is_to_be_decided_about_has_one() -> None:
    assert line(samples.DRAFT) == ""
    without_steps = samples.draft(plan=Plan(workflow_name="Nothing"))
    assert line(replace(without_steps, forecast=Forecast())) == ""
    failed = samples.in_state(replace(samples.DRAFT, forecast=samples.FORECAST), PlanState.FAILED)
    assert line(failed) == ""


def test_the_whole_plan_has_it_too() -> None:
    snapshot = replace(samples.DRAFT, forecast=samples.FORECAST)
    for shown in (details_modal(snapshot)["blocks"], workflow_details(snapshot).blocks):
        assert "Forecast: usually about 40 s" in words(shown)


@pytest.mark.parametrize(("more", "said"), [(0, ""), (1_000, "4,412 tokens with the drafts before")])
def test_what_drafting_has_cost_stands_in_the_details(more: int, said: str) -> None:
    snapshot = replace(samples.DRAFT, forecast=Forecast(tokens=samples.VERSION.tokens + more))
    shown = words(details_modal(snapshot)["blocks"])
    assert f"Forecast: {said}" in shown if said else "Forecast" not in shown


def test_names_that_mean_harm_fit_on_the_longest_of_plans() -> None:
    hostile = samples.hostile_plan(steps=50)
    far = {"approvals": 10_000, "answers": 10_000, "wait_minutes": 4e8, "poll_minutes": 4e8, "open_waits": 10_000}
    forecast = Forecast(4e8, 4e8, 0.5, (samples.HOSTILE,) * 50, **far, tokens=10**12)  # type: ignore[arg-type]
    for snapshot in (hostile, samples.long_plan(10_000, words=0, warnings=30)):
        assert 0 < len(line(replace(snapshot, forecast=forecast))) <= MAX_CHARACTERS
