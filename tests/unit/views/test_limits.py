"""Whatever people, models and APIs write, what is drawn fits Slack's limits, and nothing in it rings or links."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.views.card import card
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, escape
from bot.views.messages.outcome import outcome_message
from bot.views.modals.new_issue import new_issue_modal
from bot.views.modals.plan import details_modal
from bot.views.modals.run import run_details_modal
from bot.views.private.lists import components_list, workflows_list
from bot.views.private.workflow import workflow_details
from services.queries.filters import PlanFilter
from services.queries.snapshots import PlanSnapshot
from services.states import PlanState, RunState, StepState
from tests.support import run_samples, samples
from tests.support.properties import costly
from tests.support.slack_rules import HARMFUL, check_message, check_modal, parsed, words

anything = st.one_of(
    st.text(st.characters(), max_size=200),
    st.lists(
        st.sampled_from([*samples.SCRIPTS, samples.HOSTILE, "{{s0.", "}}", "*", "`", "\ud83d"]), max_size=40
    ).map("".join),
)
relaxed = settings(costly, suppress_health_check=[HealthCheck.too_slow])


def check_all(snapshot: PlanSnapshot) -> None:
    for state in PlanState:
        check_message(card(samples.in_state(snapshot, state), card_id=samples.CARD_ID))
        check_message(workflow_details(samples.in_state(snapshot, state)))
    check_modal(details_modal(snapshot))
    check_modal(details_modal(replace(snapshot, version=None)))


@pytest.mark.parametrize("text", HARMFUL, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize("steps", [1, pytest.param(12, marks=pytest.mark.soak), 51])
def test_harmful_text_everywhere(text: str, steps: int) -> None:
    check_all(samples.hostile_plan(text, steps=steps))


@pytest.mark.parametrize("text", HARMFUL, ids=lambda text: repr(text[:12]))
def test_harmful_text_in_lists_and_forms(text: str) -> None:
    for items in (1, 10, 20):
        for page in (1, 2, 3):
            check_message(components_list(samples.component_page(items, text=text, page=page, total=25), text))
            plans = samples.plan_page(min(items, 10), text=text, page=page, total=25)
            check_message(workflows_list(plans, PlanFilter(words=text)))
    check_message(components_list(samples.component_page(0), text))
    check_message(workflows_list(samples.plan_page(0), PlanFilter(words=text)))
    check_modal(new_issue_modal("C0WORKS01", text, response_url=text))


def check_run(snapshot: PlanSnapshot) -> None:
    check_message(card(snapshot, card_id=samples.CARD_ID))
    check_message(workflow_details(snapshot))
    check_message(outcome_message(snapshot))
    check_modal(run_details_modal(snapshot))


@pytest.mark.parametrize("text", HARMFUL, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize(("steps", "state"), [(9, RunState.RUNNING), (60, RunState.FAILED)])
def test_harmful_text_everywhere_in_a_run(text: str, steps: int, state: RunState) -> None:
    check_run(run_samples.hostile_run(text, steps=steps, state=state))


@relaxed
@given(anything, st.integers(1, 60), st.sampled_from(RunState))
def test_any_text_everywhere_in_a_run(text: str, steps: int, state: RunState) -> None:
    check_run(run_samples.hostile_run(text, steps=steps, state=state))


def each_in_turn(states: Iterable[object], *sizes: tuple[int, int]) -> list[Any]:
    """Every state with every size, of which `make test` takes one for each state, and so every size, too."""
    return [
        pytest.param(state, *size, marks=() if nth == place % len(sizes) else pytest.mark.soak)
        for place, state in enumerate(states)
        for nth, size in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    ("state", "steps", "words_each"), each_in_turn(RunState, (51, 50), (1_000, 1), (1_000, 50))
)
def test_long_runs_in_every_state(state: RunState, steps: int, words_each: int) -> None:
    check_run(run_samples.long_run(steps, *StepState, state=state, words=words_each))


@pytest.mark.parametrize("state", StepState)
@pytest.mark.parametrize("steps", [60, pytest.param(1_000, marks=pytest.mark.soak)])
def test_many_steps_in_one_state(state: StepState, steps: int) -> None:
    check_run(run_samples.long_run(steps, state))


@pytest.mark.parametrize("text", ["字" * 40_000, "<" * 40_000, "🚰" * 20_000, "a" * 40_000])
def test_several_gates_of_harmful_text_that_wait_in_vain(text: str) -> None:
    snapshot = run_samples.hostile_run(text, steps=60, state=RunState.WAITING)
    assert snapshot.run is not None
    waits = tuple(replace(step, state=StepState.WAITING, quorum=7) for step in snapshot.run.steps)
    approvers = tuple(f"U0PERSON{number:02}" for number in range(6))
    check_run(replace(snapshot, approvers=approvers, run=replace(snapshot.run, steps=waits)))


def test_foreign_text_of_a_run_has_no_place_where_it_would_be_parsed() -> None:
    snapshot = run_samples.hostile_run(samples.HOSTILE)
    for blocks in (card(snapshot, card_id=samples.CARD_ID).blocks, run_details_modal(snapshot)["blocks"]):
        assert "*bold*" in words(blocks)
        assert all("bold" not in string for string in parsed(blocks))


@relaxed
@given(anything, st.integers(0, 60), st.integers(0, 200))
def test_any_text_everywhere(text: str, steps: int, warnings: int) -> None:
    check_all(samples.hostile_plan(text, steps=steps, warnings=warnings))


@relaxed
@given(anything)
def test_any_text_in_lists_and_forms(text: str) -> None:
    check_message(components_list(samples.component_page(10, text=text, page=2, total=30), text))
    check_message(workflows_list(samples.plan_page(10, text=text, page=2, total=30), PlanFilter(words=text)))
    check_modal(new_issue_modal("C0WORKS01", text, response_url=text))


@relaxed
@given(anything)
def test_a_message_weighs_what_its_json_does_as_it_is_sent(text: str) -> None:
    sealed, weight = kit.sized([kit.header(text), kit.rich_text(kit.quote(clip(text, 500)))], "run.12")
    written = json.dumps(sealed, ensure_ascii=False, separators=(",", ":"))
    assert weight == kit.size(sealed) == len(escape(written).encode())


def test_foreign_text_is_shown_to_the_letter() -> None:
    snapshot = samples.hostile_plan(steps=2, warnings=1)
    seen = words(card(snapshot, card_id=samples.CARD_ID).blocks)
    # The heading, place, urgency, the quote and what was understood.
    assert seen.count(samples.HOSTILE) >= 5


@pytest.mark.parametrize("state", PlanState)
def test_foreign_text_has_no_place_where_it_would_be_parsed(state: PlanState) -> None:
    blocks = card(samples.in_state(samples.hostile_plan(), state), card_id=samples.CARD_ID).blocks
    assert "*bold*" in words(blocks)
    assert all("bold" not in string for string in parsed(blocks))


@pytest.mark.parametrize(
    ("steps", "words_each"),
    # Up to as much text as a model may answer with.
    [
        *((51, 1), (51, 1_500), (200, 50), (1_000, 1)),
        *(pytest.param(*size, marks=pytest.mark.soak) for size in ((51, 50), (200, 1), (1_000, 50), (10_000, 1))),
    ],
)
def test_long_plans_in_every_state(steps: int, words_each: int) -> None:
    check_all(samples.long_plan(steps, words=words_each, warnings=70))
