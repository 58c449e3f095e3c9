from dataclasses import replace
from typing import Any

import pytest

from bot.slack.ids import VIEW_PLAN_DETAILS, Ref
from bot.views.modals.plan import details_modal
from bot.views.plan.failures import SENTENCES
from bot.views.private.workflow import workflow_details
from services.plans.model import StepInput
from services.queries.snapshots import PlanSnapshot
from services.states import FailureCode, Phase, PlanState
from tests.support import samples
from tests.support.slack_rules import buttons, check_message, check_modal, labels, words


def opened(snapshot: PlanSnapshot) -> dict[str, Any]:
    view = details_modal(snapshot)
    check_modal(view)
    return view


class TestModal:
    def test_frame(self) -> None:
        view = opened(samples.DRAFT)
        assert (view["callback_id"], view["title"]["text"]) == (VIEW_PLAN_DETAILS, "Plan #12")
        assert "submit" not in view

    def test_every_step_says_what_it_sends(self) -> None:
        seen = words(opened(samples.DRAFT)["blocks"])
        assert "2. Open a work order for a burst main" in seen
        assert "• Title: Burst water main at 5th and Main\n• Area: [the area from step 1]" in seen
        assert "• Details: [what was reported]" in seen
        assert "Needs approval before anything is sent." in seen

    @pytest.mark.parametrize("steps", [1, 51, 61, 200, 600])
    def test_all_steps_are_there(self, steps: int) -> None:
        seen = words(opened(samples.long_plan(steps, words=2))["blocks"])
        assert all(f"Inspect valve {index} " in seen for index in range(steps))
        assert "did not fit" not in seen

    def test_what_does_not_fit_is_counted(self) -> None:
        assert "9,400 more steps did not fit here" in words(opened(samples.long_plan(10_000))["blocks"])

    def test_a_long_description_is_there_beyond_its_title(self) -> None:
        seen = words(opened(samples.long_plan(3, words=200))["blocks"])
        assert "word199" in seen

    def test_a_long_report_goes_on_in_further_blocks(self) -> None:
        text = " ".join(f"word{index}" for index in range(1_200))
        seen = words(opened(replace(samples.DRAFT, issue=replace(samples.ISSUE, text=text)))["blocks"])
        assert all(f"word{index}" in seen for index in range(1_200))
        assert "…" not in seen.split("Understood as")[0]

    def test_all_of_many_warnings(self) -> None:
        seen = words(opened(samples.draft(warnings=samples.WARNINGS[:1] * 30))["blocks"])
        assert seen.count("looked useful") == 30
        seen = words(opened(samples.draft(warnings=samples.WARNINGS[:1] * 200))["blocks"])
        assert "more" in seen

    def test_many_inputs_are_counted(self) -> None:
        inputs = tuple(StepInput(location="body", name=f"n{index}", value="1") for index in range(15))
        steps = (samples.STEPS[0].model_copy(update={"inputs": inputs}),)
        seen = words(
            opened(samples.draft(plan=samples.VERSION.plan.model_copy(update={"steps": steps})))["blocks"]
        )
        assert "• and 3 more values" in seen

    def test_a_plan_with_no_version_shows_the_report(self) -> None:
        seen = words(opened(samples.failed(FailureCode.GEMINI_TIMEOUT))["blocks"])
        assert samples.ISSUE.text in seen


class TestByNumber:
    def test_where_it_stands_and_its_steps_in_a_line_each(self) -> None:
        message = workflow_details(samples.DRAFT)
        check_message(message)
        seen = words(message.blocks)
        assert "To be reviewed · in <#C0WORKS01>" in seen
        assert "4. Send the water crew of the district · after 1 and 2" in seen
        assert labels(message.blocks) == ["Show all", "Show card", "Show the card here"]
        assert Ref.decode(buttons(message.blocks)[0]["value"]) == Ref(samples.PLAN_ID, 2)
        assert message.metadata is None

    def test_a_failed_one_says_why(self) -> None:
        message = workflow_details(samples.failed(FailureCode.GEMINI_BLOCKED))
        check_message(message)
        assert SENTENCES[FailureCode.GEMINI_BLOCKED] in words(message.blocks)
        assert labels(message.blocks) == ["Show card", "Show the card here"]

    def test_a_decided_one_says_who(self) -> None:
        message = workflow_details(samples.decided(PlanState.DISCARDED))
        check_message(message)
        assert "Discarded by <@U0FRYJ002>" in words(message.blocks)

    def test_one_being_drafted(self) -> None:
        message = workflow_details(samples.drafting(Phase.PLANNING))
        check_message(message)
        assert "Being drafted" in words(message.blocks)

    def test_a_long_one_is_cut_and_says_so(self) -> None:
        message = workflow_details(samples.long_plan(200, words=30))
        check_message(message)
        assert "more steps" in words(message.blocks)
