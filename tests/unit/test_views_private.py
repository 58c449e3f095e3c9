"""The form, the help and the private notes."""

import json

import pytest

from bot import ids
from bot.views.help import EMPTY_MENTION, HELP
from bot.views.issues import URGENCIES, new_issue_modal
from bot.views.notes import Note, discarded_by, note, stale
from services.states import PlanState
from tests.unit.slack_rules import check_is_deaf, check_modal


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


class TestNotes:
    @pytest.mark.parametrize("code", [*Note, discarded_by("U0FRYJ002"), discarded_by(None)])
    def test_every_note_has_words_that_ring_nobody(self, code: str) -> None:
        assert note(code)
        assert len(note(code)) < 3_000
        check_is_deaf(note(code), [])

    @pytest.mark.parametrize("state", PlanState)
    def test_a_stale_click_is_told_the_state(self, state: PlanState) -> None:
        said = note(stale(state.value))
        assert said.startswith("This card has changed since you saw it, so nothing was done.")
        assert len({note(stale(other)) for other in PlanState}) == len(PlanState)

    def test_a_state_of_a_later_version(self) -> None:
        assert stale("RUNNING") == Note.STALE

    def test_who_was_first(self) -> None:
        assert note(discarded_by("U0FRYJ002")) == "<@U0FRYJ002> has already discarded this plan."
        assert discarded_by("<!here>") == Note.NOW_DISCARDED
        assert note("discarded_by:<!here>") == "Someone has already discarded this plan."

    def test_a_code_that_is_not_ours(self) -> None:
        with pytest.raises(ValueError, match="no_such"):
            note("no_such")


@pytest.mark.parametrize("text", [HELP, EMPTY_MENTION])
def test_help_names_every_command(text: str) -> None:
    for command in (ids.COMMAND_MUDDA, ids.COMMAND_COMPONENTS, ids.COMMAND_WORKFLOWS, "@mudda"):
        assert f"`{command}" in text
    assert text.count("`") % 2 == 0
