"""What the confirmations of Skip, Reject, Retry, Stop and Cancel say will follow."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bot.slack.ids import Ref
from bot.views.card import card
from bot.views.modals.reason import reject_modal, skip_modal
from bot.views.run.consequences import rejecting, retrying, skipping, stopping
from bot.views.run.steps import RunStepView, in_order
from services.queries.snapshots import PlanSnapshot
from services.states import RunState, StepState
from tests.support import run_samples, samples
from tests.support.run_samples import done, run, step
from tests.support.slack_rules import buttons, check_modal, words

S = StepState
Follow = Callable[[RunStepView, Sequence[RunStepView]], str]
ALL_BUT_LAST = ("locate", "order", "file", "assign", "residents")


def follows(follow: Follow, snapshot: PlanSnapshot, step_id: str) -> str:
    assert snapshot.version is not None
    assert snapshot.run is not None
    steps = in_order(snapshot.version, snapshot.run)
    return follow(next(each for each in steps if each.now.step_id == step_id), steps)


@pytest.mark.parametrize(
    ("follow", "snapshot", "step_id", "said"),
    [
        (
            skipping,
            run_samples.FAILED,
            "assign",
            "Nothing is sent to “Assign a crew”. Step 6 (Tell the reporter which crew is coming) needs its answer "
            "and will fail. Step 5 (Warn the residents that the water may…) goes on without it.",
        ),
        (
            skipping,
            run_samples.UNCERTAIN,
            "assign",
            "“Assign a crew” is not called again; what may have arrived stays as it is. Step 6 (Tell the reporter "
            "which crew is coming) needs its answer and will fail. Step 5 (Warn the residents that the water may…)"
            " goes on without it.",
        ),
        (
            skipping,
            run(RunState.FAILED, *done(*ALL_BUT_LAST), run_samples.failed("tell", "internal")),
            "tell",
            "Nothing is sent to “Write to the reporter”. No other step waits for it.",
        ),
        (
            skipping,
            run(RunState.FAILED, run_samples.failed("locate", "internal")),
            "locate",
            "“Look up an address” is not asked. Steps 2, 4 and 5 need its answer and will fail. Step 3 (File a "
            "public request, so that others…) goes on without it.",
        ),
        (
            rejecting,
            run(RunState.WAITING, *done("locate", "order", "file"), step("assign", S.WAITING)),
            "assign",
            "Nothing is sent to “Assign a crew”. Steps 5 and 6 do not start unless it is retried or skipped.",
        ),
        (
            retrying,
            run_samples.UNCERTAIN,
            "assign",
            "This is sent to “Assign a crew” again. It may have arrived the first time: then it is done twice. "
            "Steps 5 and 6 go on once it is done.",
        ),
        (
            retrying,
            run_samples.REJECTED,
            "residents",
            "This is sent to “Text the residents of an area” again. It asks for approval again first.",
        ),
    ],
)
def test_what_follows(follow: Follow, snapshot: PlanSnapshot, step_id: str, said: str) -> None:
    assert follows(follow, snapshot, step_id) == said


@pytest.mark.parametrize(
    ("snapshot", "said"),
    [
        (
            run_samples.FAILED,
            "Steps 4, 5 and 6 will not be done. What is done stays done (3 of 6). "
            "No step can be retried after that.",
        ),
        (
            run_samples.RUNNING,
            "Steps 4, 5 and 6 will not be done. What is done stays done (2 of 6). "
            "A call under way may still finish. No step can be retried after that.",
        ),
    ],
)
def test_what_follows_of_the_end_of_a_run(snapshot: PlanSnapshot, said: str) -> None:
    assert snapshot.version is not None
    assert snapshot.run is not None
    assert stopping(snapshot.run, in_order(snapshot.version, snapshot.run)) == said
    asked = [button["confirm"]["text"]["text"] for button in drawn(snapshot) if "confirm" in button]
    assert said in asked


@pytest.mark.parametrize(("form", "follow"), [(skip_modal, skipping), (reject_modal, rejecting)])
def test_the_forms_say_it_before_they_are_sent(form: Callable[..., dict[str, object]], follow: Follow) -> None:
    ref = Ref(run_samples.step_uuid("assign"), 4)
    view = form(ref, run_samples.UNCERTAIN, channel="C0WORKS01", message_ts="1.2")
    check_modal(view)
    assert follows(follow, run_samples.UNCERTAIN, "assign") in words(view["blocks"])


def test_every_retry_of_a_write_says_it() -> None:
    retry = next(button for button in drawn(run_samples.UNCERTAIN) if button["text"]["text"] == "Retry")
    assert retry["confirm"]["text"]["text"] == follows(retrying, run_samples.UNCERTAIN, "assign")


@pytest.mark.parametrize("text", [samples.HOSTILE, "字" * 40_000, "<" * 40_000])
def test_any_title_fits(text: str) -> None:
    # A step in every state, and some more of them.
    snapshot = run_samples.hostile_run(text, steps=len(S) + 3)
    assert snapshot.run is not None
    assert {each.state for each in snapshot.run.steps} == set(S)
    for each in snapshot.run.steps:
        for form in (skip_modal, reject_modal):
            check_modal(form(Ref(each.id, 4), snapshot, channel="C0WORKS01", message_ts="1.2"))
    for state in (RunState.RUNNING, RunState.FAILED):
        drawn(run_samples.hostile_run(text, steps=9, state=state))


def drawn(snapshot: PlanSnapshot) -> list[dict[str, Any]]:
    return buttons(card(snapshot, card_id=samples.CARD_ID).blocks)
