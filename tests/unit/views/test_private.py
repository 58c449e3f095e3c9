"""The form, the help and the private notes."""

import json
from typing import Any

import pytest

from bot.slack import ids
from bot.views.modals.new_issue import new_issue_modal
from bot.views.modals.reason import REASON_LENGTH, mark_done_modal, reject_modal, skip_modal
from bot.views.plan.urgency import URGENCIES
from bot.views.private.help import empty_mention, help_text
from bot.views.private.notes import Note, approved_by, discarded_by, note_text, run_note, stale, step_note
from services.states import PlanState, RunState, StepState
from tests.support import run_samples
from tests.support.slack_rules import check_is_deaf, check_modal

REF = ids.Ref(run_samples.step_uuid("assign"), 4)


class TestForm:
    def test_three_fields_of_which_one_is_required(self) -> None:
        view = new_issue_modal("C0WORKS01")
        check_modal(view)
        assert view["callback_id"] == ids.VIEW_NEW_ISSUE
        fields = [
            (block["block_id"], block["element"]["action_id"], block["optional"]) for block in view["blocks"]
        ]
        assert fields == [
            (ids.BLOCK_ISSUE, ids.INPUT_ISSUE, False),
            (ids.BLOCK_PLACE, ids.INPUT_PLACE, True),
            (ids.BLOCK_URGENCY, ids.INPUT_URGENCY, True),
        ]
        issue, _, urgency = (block["element"] for block in view["blocks"])
        assert (issue["multiline"], issue["max_length"]) == (True, 3_000)
        assert tuple(option["value"] for option in urgency["options"]) == URGENCIES

    def test_it_remembers_where_the_plan_goes(self) -> None:
        view = new_issue_modal("C0WORKS01", response_url="https://hooks.slack.com/commands/1")
        assert json.loads(view["private_metadata"]) == {
            "channel": "C0WORKS01",
            "response_url": "https://hooks.slack.com/commands/1",
        }
        assert json.loads(new_issue_modal("C0WORKS01")["private_metadata"]) == {"channel": "C0WORKS01"}

    def test_an_address_too_long_to_remember_is_left_out(self) -> None:
        view = new_issue_modal("C0WORKS01", response_url="https://x/" + "y" * 3_000)
        assert json.loads(view["private_metadata"]) == {"channel": "C0WORKS01"}

    def test_what_was_typed_before_is_there(self) -> None:
        assert new_issue_modal("C0WORKS01", "A leak")["blocks"][0]["element"]["initial_value"] == "A leak"
        assert "initial_value" not in new_issue_modal("C0WORKS01")["blocks"][0]["element"]
        long = new_issue_modal("C0WORKS01", "a leak " * 1_000)
        check_modal(long)
        assert long["blocks"][0]["element"]["initial_value"].endswith("…")


class TestReasons:
    @pytest.mark.parametrize(
        ("form", "callback", "submit", "optional"),
        [
            (reject_modal, ids.VIEW_STEP_REJECT, "Reject step", False),
            (skip_modal, ids.VIEW_STEP_SKIP, "Skip step", True),
            (mark_done_modal, ids.VIEW_STEP_MARK_DONE, "Mark done", False),
        ],
    )
    def test_one_field_that_only_a_skip_can_do_without(
        self, form: Any, callback: str, submit: str, optional: bool
    ) -> None:
        about = "Send a crew <!channel>" if form is mark_done_modal else run_samples.UNCERTAIN
        view = form(REF, about, channel="C0WORKS01", message_ts="1.2")
        check_modal(view)
        assert (view["callback_id"], view["submit"]["text"]) == (callback, submit)
        shown, *_, asked = view["blocks"]
        title = (
            "Send a crew <!channel>" if form is mark_done_modal else "Step 4: Send the water crew of the district"
        )
        assert shown["text"]["text"] == title
        assert (asked["block_id"], asked["element"]["action_id"]) == ("reason", "reason.text")
        assert asked["optional"] is optional
        assert asked["element"]["max_length"] == REASON_LENGTH

    @pytest.mark.parametrize("form", [reject_modal, skip_modal, mark_done_modal])
    def test_it_remembers_which_button_was_pressed(self, form: Any) -> None:
        origin = {"ref": REF.encode(), "channel": "C0WORKS01", "message_ts": "1.2"}
        about = "Send a crew" if form is mark_done_modal else run_samples.UNCERTAIN
        view = form(REF, about, channel="C0WORKS01", message_ts="1.2")
        assert json.loads(view["private_metadata"]) == origin
        threaded = form(REF, about, channel="C0WORKS01", message_ts="1.2", thread_ts="0.9")
        assert json.loads(threaded["private_metadata"]) == {**origin, "thread_ts": "0.9"}

    @pytest.mark.parametrize("title", ["", "\x00", "long " * 9_000])
    def test_any_title(self, title: str) -> None:
        check_modal(mark_done_modal(REF, title, channel="C0WORKS01", message_ts="1.2"))
        snapshot = run_samples.hostile_run(title, steps=3)
        assert snapshot.run is not None
        for step in snapshot.run.steps:
            for form in (reject_modal, skip_modal):
                check_modal(form(ids.Ref(step.id, 4), snapshot, channel="C0WORKS01", message_ts="1.2"))


class TestNotes:
    @pytest.mark.parametrize(
        "code",
        [
            *Note,
            discarded_by("U0FRYJ002"),
            discarded_by(None),
            *(step_note(state, by) for state in StepState for by in ("U0FRYJ002", None, "<!here>")),
            *(run_note(state, by) for state in RunState for by in ("U0FRYJ002", None, "<!here>")),
        ],
    )
    def test_every_note_has_words_that_ring_nobody(self, code: str) -> None:
        assert note_text(code)
        assert len(note_text(code)) < 3_000
        check_is_deaf(note_text(code), [])

    @pytest.mark.parametrize("state", PlanState)
    def test_a_stale_click_is_told_the_state(self, state: PlanState) -> None:
        said = note_text(stale(state.value))
        assert said.startswith("This card has changed since you opened it; nothing was done.")
        assert len({note_text(stale(other)) for other in PlanState}) == len(PlanState)

    def test_a_state_of_a_later_version(self) -> None:
        assert stale("RUNNING") == step_note("NEWER", None) == run_note("NEWER", "U0FRYJ002") == Note.STALE

    def test_who_approved_a_step(self) -> None:
        said = note_text(step_note("RUNNING", "U0FRYJ002"))
        assert said == "<@U0FRYJ002> has approved this step already; it is under way."
        assert note_text(step_note("DONE", None)) == "This step is done already. Nothing was changed."
        assert "<@U0FRYJ002>" in note_text(step_note("SKIPPED", "U0FRYJ002"))
        assert "<@U0FRYJ002>" in note_text(step_note("FAILED", "U0FRYJ002"))

    def test_every_state_of_a_step_and_of_a_run_has_a_note_of_its_own(self) -> None:
        assert len({note_text(step_note(state, None)) for state in StepState}) == len(StepState)
        assert len({note_text(run_note(state, None)) for state in RunState}) == len(RunState)

    def test_who_ended_a_run(self) -> None:
        assert note_text(run_note("CANCELLED", "U0FRYJ002")) == "<@U0FRYJ002> has ended this run already."

    def test_who_approved_a_plan(self) -> None:
        assert note_text(approved_by("U0FRYJ002")) == "<@U0FRYJ002> has already approved this plan."
        assert approved_by(None) == Note.NOW_APPROVED

    def test_who_was_first(self) -> None:
        assert note_text(discarded_by("U0FRYJ002")) == "<@U0FRYJ002> has already discarded this plan."
        assert discarded_by("<!here>") == Note.NOW_DISCARDED
        assert note_text("discarded_by:<!here>") == "Someone has already discarded this plan."

    def test_a_code_that_is_not_ours(self) -> None:
        with pytest.raises(ValueError, match="no_such"):
            note_text("no_such")


@pytest.mark.parametrize("text", [help_text(), empty_mention()])
def test_help_names_every_command(text: str) -> None:
    for command in (ids.COMMAND_MUDDA, ids.COMMAND_COMPONENTS, ids.COMMAND_WORKFLOWS, "@mudda"):
        assert f"`{command}" in text
    assert text.count("`") % 2 == 0
