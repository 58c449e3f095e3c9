from dataclasses import replace
from typing import Any

import pytest

from bot.slack import ids
from bot.slack.ids import Ref
from bot.slack.messages import Message
from bot.views.card import card
from bot.views.private.workflow import workflow_details
from bot.views.run.gates import MAX_GATES_SHOWN
from services.queries.snapshots import PlanSnapshot
from services.states import PlanState, RunState, StepState
from tests.support import run_samples, samples
from tests.support.run_samples import STARTED_AT, failed, run, step, step_uuid
from tests.support.slack_rules import buttons, check_message, labels, tasks, words

S = StepState


def drawn(snapshot: PlanSnapshot) -> Message:
    message = card(snapshot, card_id=samples.CARD_ID)
    check_message(message)
    return message


def plan_title(snapshot: PlanSnapshot) -> str:
    return str(next(block for block in drawn(snapshot).blocks if block["type"] == "plan")["title"])


def task(snapshot: PlanSnapshot, number: int) -> dict[str, Any]:
    return tasks(drawn(snapshot).blocks)[number - 1]


def output(snapshot: PlanSnapshot, number: int) -> str:
    """What a step's task says, on one line."""
    return words(task(snapshot, number).get("output")).replace("\n\n\n", " / ").replace("\n", "")


def labelled(snapshot: PlanSnapshot, label: str) -> list[dict[str, Any]]:
    return [button for button in buttons(drawn(snapshot).blocks) if button["text"]["text"] == label]


@pytest.mark.parametrize("name", run_samples.GALLERY)
def test_every_state_is_within_limits(name: str) -> None:
    message = drawn(run_samples.GALLERY[name])
    assert message.metadata == {"event_type": "mudda_card", "event_payload": {"card": str(samples.CARD_ID)}}
    check_message(workflow_details(run_samples.GALLERY[name]))


@pytest.mark.parametrize("name", run_samples.GALLERY)
def test_a_run_still_says_what_it_is_for(name: str) -> None:
    seen = words(drawn(run_samples.GALLERY[name]).blocks)
    assert "Reported by <@U0LEELA01>" in seen
    assert samples.ISSUE.text in seen
    assert "Started by <@U0FRYJ002>" in seen


def test_a_long_report_is_cut_and_can_still_be_read() -> None:
    issue = replace(samples.ISSUE, text="water " * 200)
    message = drawn(replace(run_samples.RUNNING, issue=issue))
    quote = next(block for block in message.blocks if block["type"] == "rich_text")["elements"][0]
    assert len(quote["elements"][0]["text"]) <= 300
    assert labels(message.blocks) == ["Details", "Show all", "Cancel run"]


class TestLine:
    @pytest.mark.parametrize(
        ("snapshot", "said", "notified"),
        [
            (run_samples.RUNNING, "Running · 2 of 6 done", "Plan #12 is running (2 of 6 done): Burst"),
            (
                run_samples.WAITING,
                "Waiting for approval of step 5 · 5 of 6 done",
                "Plan #12 needs approval (5 of 6 done)",
            ),
            (run_samples.COMPLETED, "Done in 41 s, 6 steps", "Plan #12 is done: Burst"),
            (run_samples.MENDED, "Done in 41 s, 6 steps, 1 skipped", "Plan #12 is done: Burst"),
            (
                run_samples.FAILED,
                "Stopped at step 4: “Send the water crew of the district” failed · 3 of 6 done",
                "Plan #12 has failed (3 of 6 done)",
            ),
            (run_samples.CANCELLED, "Cancelled · 2 of 6 done", "Plan #12 was cancelled (2 of 6 done)"),
        ],
    )
    def test_it_says_how_the_run_stands(self, snapshot: PlanSnapshot, said: str, notified: str) -> None:
        assert plan_title(snapshot) == said
        assert drawn(snapshot).text.startswith(notified)

    def test_failures_of_a_run_that_goes_on_are_counted(self) -> None:
        snapshot = run(RunState.RUNNING, failed("file", "internal"), step("locate", S.RUNNING))
        assert plan_title(snapshot) == "Running · 0 of 6 done · 1 failed"

    def test_several_failures_are_named_by_their_numbers(self) -> None:
        snapshot = run(RunState.FAILED, failed("order", "internal"), failed("file", "internal"))
        assert plan_title(snapshot) == "Stopped at steps 2 and 3 · 0 of 6 done"

    def test_who_cancelled_is_told(self) -> None:
        assert "Cancelled by <@U0FRYJ002> · <!date^" in words(drawn(run_samples.CANCELLED).blocks)


class TestSteps:
    @pytest.mark.parametrize(
        ("state", "status", "title"),
        [
            (S.PENDING, "pending", "2. Open a work order for a burst main · after 1"),
            (S.READY, "pending", "2. Open a work order for a burst main"),
            (S.RUNNING, "in_progress", "2. Open a work order for a burst main"),
            (S.WAITING, "pending", "2. 🔒 Open a work order for a burst main · needs approval"),
            (S.DONE, "complete", "2. Open a work order for a burst main"),
            (S.SKIPPED, "complete", "2. Open a work order for a burst main (skipped)"),
            (S.FAILED, "error", "2. Open a work order for a burst main (failed)"),
            (S.UNCERTAIN, "error", "2. Open a work order for a burst main (not sure)"),
            (S.CANCELLED, "pending", "2. Open a work order for a burst main (not done)"),
        ],
    )
    def test_each_state_has_its_sign(self, state: StepState, status: str, title: str) -> None:
        shown = task(run(RunState.RUNNING, step("order", state)), 2)
        assert (shown["status"], shown["title"]) == (status, title)

    def test_a_gate_that_has_not_come_up_has_its_lock(self) -> None:
        assert task(run_samples.RUNNING, 5)["title"].startswith("5. 🔒 ")
        assert "🔒" not in task(run_samples.COMPLETED, 5)["title"]

    def test_results_are_a_line_of_words(self) -> None:
        assert output(run_samples.COMPLETED, 2) == "work order id WO-1001, status open, title Burst water main"
        assert "{" not in words(drawn(run_samples.COMPLETED).blocks).replace("{date_short_pretty} {time}", "")

    def test_who_agreed_and_when(self) -> None:
        assert output(run_samples.COMPLETED, 5) == (
            "notice id N-88, recipients 412 / Approved by U0FRYJ002 · 2026-03-09 08:48 UTC"
        )

    def test_who_skipped_marked_and_rejected_and_why(self) -> None:
        assert output(run_samples.MENDED, 3) == "Skipped by U0FRYJ002 · 2026-03-09 08:48 UTC"
        why = step("file", S.SKIPPED, decided_by=samples.DECIDER, decided_at=STARTED_AT, note="The county does.")
        assert output(run(RunState.COMPLETED, why), 3) == (
            "Skipped by U0FRYJ002 · 2026-03-09 08:48 UTC: “The county does.”"
        )
        assert output(run_samples.MENDED, 4) == "Marked done by U0FRYJ002 · 2026-03-09 08:48 UTC: “I rang them.”"
        below = words(drawn(run_samples.REJECTED).blocks).replace("\n", "")
        assert "Rejected by U0FRYJ002 · 2026-03-09 08:48 UTC: “It is only one street; no need.”" in below

    @pytest.mark.parametrize(
        ("changes", "verb"),
        [
            ({"gated": True}, "Approved by"),
            ({"gated": False, "attempt": 2}, "Retried by"),
            # A gate that was tried again: whoever agreed there has approved it, and anyone else retried it.
            ({"gated": True, "attempt": 2, "agreed": (samples.DECIDER,)}, "Approved by"),
            ({"gated": True, "attempt": 2, "agreed": ("U0OTHER001",)}, "Retried by"),
        ],
    )
    def test_a_decision_is_called_what_it_was(self, changes: dict[str, Any], verb: str) -> None:
        done = step("order", S.DONE, decided_by=samples.DECIDER, **changes)
        assert verb in output(run(RunState.RUNNING, done), 2)

    def test_when_it_is_tried_again_and_why(self) -> None:
        assert output(run_samples.RETRYING, 2) == (
            "“Create a work order” is not available right now (503). / Tries again at 2026-03-09 08:48 UTC"
        )

    def test_warnings(self) -> None:
        assert "not quite what was promised, at “work_order_id”." in output(run_samples.MENDED, 2)

    def test_which_attempt_it_is(self) -> None:
        assert output(run_samples.RUNNING, 2) == "Attempt 2."

    def test_steps_stand_in_the_order_of_the_plans_card(self) -> None:
        assert run_samples.RUNNING.run is not None
        turned = replace(run_samples.RUNNING.run, steps=run_samples.RUNNING.run.steps[::-1])
        assert drawn(replace(run_samples.RUNNING, run=turned)) == drawn(run_samples.RUNNING)


class TestGates:
    def test_exactly_what_will_be_sent(self) -> None:
        seen = words(drawn(run_samples.WAITING).blocks)
        assert "🔒 Step 5: Warn the residents that the water may be off" in seen
        assert "Approve to send this to “Text the residents of an area”:" in seen
        assert "notices.example.gov" not in seen
        found = " (from the answer of “Look up an address”)"
        assert f"\nArea name{found}: Downtown\nArea streets{found}: 5th, Main\n" in seen
        assert "\nText: Water may be off for some hours.\nChannel: sms\n" in seen
        assert "Cut short" not in seen

    def test_what_is_cut_says_where_the_rest_is(self) -> None:
        request = {**run_samples.REQUESTS["order"], "body": {"text": "word " * 500}}
        snapshot = run(RunState.WAITING, step("order", S.WAITING, request=request))
        assert "Cut short here: “Show in full” has all of it." in words(drawn(snapshot).blocks)
        assert labels(drawn(snapshot).blocks)[:3] == ["Approve step", "Reject step", "Show in full"]
        _, _, show, *_ = buttons(drawn(snapshot).blocks)
        assert show["action_id"] == ids.ACTION_STEP_DETAILS
        assert Ref.decode(show["value"]) == Ref(step_uuid("order"), 4)

    def test_who_may_decide(self) -> None:
        assert "Anyone in this channel can decide." in words(drawn(run_samples.WAITING).blocks)
        named = drawn(replace(run_samples.WAITING, approvers=("U0FRYJ002",)))
        assert "<@U0FRYJ002> can decide." in words(named.blocks)

    def test_the_buttons_are_about_the_step_as_it_is_shown(self) -> None:
        approve, reject, *_ = buttons(drawn(run_samples.WAITING).blocks)
        assert (approve["action_id"], approve["style"]) == (ids.ACTION_STEP_APPROVE, "primary")
        assert (reject["action_id"], reject["style"]) == (ids.ACTION_STEP_REJECT, "danger")
        assert Ref.decode(approve["value"]) == Ref.decode(reject["value"]) == Ref(step_uuid("residents"), 4)

    def test_a_few_at_a_time(self) -> None:
        waiting = [step(each.step_id, S.WAITING) for each in samples.STEPS]
        message = drawn(run(RunState.WAITING, *waiting))
        assert labels(message.blocks).count("Approve step") == MAX_GATES_SHOWN
        assert "…and 3 more steps wait for approval" in words(message.blocks)

    def test_no_kind_crowds_out_another(self) -> None:
        message = drawn(run_samples.long_run(300, *[S.WAITING] * 20, S.UNCERTAIN, S.FAILED))
        assert {"Approve step", "Mark done", "Retry"} <= set(labels(message.blocks))

    def test_a_request_that_is_not_known_yet(self) -> None:
        snapshot = run(RunState.WAITING, step("order", S.WAITING, request=None))
        assert "It needs approval before it goes on." in words(drawn(snapshot).blocks)


class TestTrouble:
    def test_what_nobody_knows_is_explained(self) -> None:
        seen = words(drawn(run_samples.UNCERTAIN).blocks)
        assert (
            "“Assign a crew” gave no answer, since it took too long. Mudda can't tell whether the call arrived."
            in seen
        )
        assert "Check there first. Retry sends it again, even if it arrived." in seen
        assert labels(drawn(run_samples.UNCERTAIN).blocks)[:3] == ["Retry", "Mark done", "Skip step"]

    @pytest.mark.parametrize(
        ("label", "action"),
        [
            ("Retry", ids.ACTION_STEP_RETRY),
            ("Mark done", ids.ACTION_STEP_MARK_DONE),
            ("Skip step", ids.ACTION_STEP_SKIP),
        ],
    )
    def test_its_buttons_are_about_the_step(self, label: str, action: str) -> None:
        (button,) = labelled(run_samples.UNCERTAIN, label)
        assert button["action_id"] == action
        assert Ref.decode(button["value"]) == Ref(step_uuid("assign"), 4)

    def test_a_failure_says_why_once(self) -> None:
        seen = words(drawn(run_samples.FAILED).blocks)
        assert seen.count("refused it: “Water crew 1 is at WO-0997” (409, conflict).") == 1
        assert labels(drawn(run_samples.FAILED).blocks) == ["Retry", "Skip step", "Details", "Stop run"]

    def test_a_failure_of_a_run_that_goes_on_can_be_retried_too(self) -> None:
        snapshot = run(RunState.RUNNING, failed("file", "internal"), step("locate", S.RUNNING))
        assert labels(drawn(snapshot).blocks) == ["Retry", "Skip step", "Details", "Cancel run"]

    @pytest.mark.parametrize("state", [RunState.CANCELLED, RunState.COMPLETED])
    def test_what_is_over_asks_nothing(self, state: RunState) -> None:
        left = [step("order", S.UNCERTAIN, error={"code": "interrupted"}), failed("file", "internal")]
        message = drawn(run(state, *left))
        assert labels(message.blocks) == ["Details", "Report", "Run again"]
        assert "can't tell whether the call arrived." in words(message.blocks)


class TestButtonsOfTheRun:
    @pytest.mark.parametrize(
        ("snapshot", "label", "action"),
        [
            (run_samples.RUNNING, "Cancel run", ids.ACTION_RUN_CANCEL),
            (run_samples.WAITING, "Cancel run", ids.ACTION_RUN_CANCEL),
            (run_samples.FAILED, "Stop run", ids.ACTION_RUN_STOP),
        ],
    )
    def test_ending_it_asks_first(self, snapshot: PlanSnapshot, label: str, action: str) -> None:
        (button,) = labelled(snapshot, label)
        assert (button["action_id"], button["style"]) == (action, "danger")
        assert Ref.decode(button["value"]) == Ref(run_samples.RUN_ID, 3)
        assert "What is done stays done (" in button["confirm"]["text"]["text"]

    @pytest.mark.parametrize("snapshot", [run_samples.COMPLETED, run_samples.CANCELLED])
    def test_running_it_again_asks_first(self, snapshot: PlanSnapshot) -> None:
        (button,) = labelled(snapshot, "Run again")
        assert button["action_id"] == ids.ACTION_RUN_AGAIN
        assert Ref.decode(button["value"]) == Ref(run_samples.RUN_ID, 3)
        assert (
            "what was sent before is sent again. 1 step asks for approval again first."
            in button["confirm"]["text"]["text"]
        )

    def test_a_cancelled_run_whose_call_is_under_way_can_not_be_run_again_yet(self) -> None:
        assert labels(drawn(run(RunState.CANCELLED, step("order", S.RUNNING))).blocks) == ["Details", "Report"]

    def test_details(self) -> None:
        (button,) = labelled(run_samples.COMPLETED, "Details")
        assert button["action_id"] == ids.ACTION_RUN_DETAILS
        assert Ref.decode(button["value"]) == Ref(run_samples.RUN_ID, 3)

    def test_nothing_to_see_yet(self) -> None:
        assert labels(drawn(run(RunState.RUNNING, step("locate", S.READY))).blocks) == ["Cancel run"]


class TestLongRuns:
    def test_a_thousand_steps(self) -> None:
        states = [*[S.DONE] * 30, *[S.PENDING] * 30, S.RUNNING]
        message = drawn(run_samples.long_run(1_000, *states))
        shown = tasks(message.blocks)
        assert len(shown) > 20
        # What is under way is worth more than what is over or to come.
        assert sum(each["status"] == "in_progress" for each in shown) == 1_000 // 61
        assert plan_title(run_samples.long_run(1_000, *states)) == "Running · 504 of 1,000 done"
        assert "…and 9" in words(message.blocks)
        assert "more steps (done: 504 and not started: 4" in words(message.blocks)
        assert labels(message.blocks) == ["Details", "Show all", "Cancel run"]

    def test_results_are_given_up_before_steps(self) -> None:
        message = drawn(run_samples.long_run(45, S.DONE))
        assert len(tasks(message.blocks)) == 45
        assert all("output" not in each for each in tasks(message.blocks))

    def test_the_last_level_says_what_a_step_waits_for(self) -> None:
        message = drawn(run_samples.long_run(45, *[S.DONE] * 3, *[S.PENDING] * 42))
        assert tasks(message.blocks)[5]["title"].endswith(" · after 3")


class TestByNumber:
    def test_the_run_is_shown_and_nothing_is_decided_there(self) -> None:
        message = workflow_details(run_samples.WAITING)
        check_message(message)
        seen = words(message.blocks)
        assert "Waiting for approval of step 5 · 5 of 6 done" in seen
        assert "Approved by <@U0FRYJ002>" in seen
        assert labels(message.blocks) == ["Details", "Show all", "Show card", "Show the card here"]


def test_a_plan_that_is_approved_but_has_no_run_is_drawn_as_before() -> None:
    assert "6 steps, up to 2 side by side" in words(drawn(samples.decided(PlanState.APPROVED)).blocks)
