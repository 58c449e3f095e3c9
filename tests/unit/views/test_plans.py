from dataclasses import replace
from typing import Any

import pytest

from bot.slack.ids import ACTION_APPROVE, ACTION_DISCARD, ACTION_SHOW_ALL, ACTION_TRY_AGAIN, Ref
from bot.slack.messages import Message
from bot.views.card import card
from bot.views.kit.blocks import size
from bot.views.modals.plan import details_modal
from bot.views.plan.failures import HINTABLE, HINTS, SENTENCES
from services.ai.usage import STAND_IN_MODEL
from services.plans.model import Plan, Step
from services.queries.snapshots import PlanSnapshot
from services.states import FailureCode, Phase, PlanState
from tests.support import samples
from tests.support.slack_rules import buttons, check_message, labels, tasks, words


def drawn(snapshot: PlanSnapshot) -> Message:
    message = card(snapshot, card_id=samples.CARD_ID)
    check_message(message)
    return message


def details(task: dict[str, Any]) -> str:
    return words(task.get("details"))


@pytest.mark.parametrize("name", samples.GALLERY)
def test_every_state_is_within_limits(name: str) -> None:
    drawn(samples.GALLERY[name])


@pytest.mark.parametrize("name", samples.GALLERY)
def test_the_card_can_be_found_again(name: str) -> None:
    metadata = drawn(samples.GALLERY[name]).metadata
    assert metadata == {"event_type": "mudda_card", "event_payload": {"card": str(samples.CARD_ID)}}


@pytest.mark.parametrize("name", samples.GALLERY)
def test_every_card_quotes_the_issue_and_names_its_reporter(name: str) -> None:
    snapshot = samples.GALLERY[name]
    message = drawn(snapshot)
    if snapshot.state is PlanState.DISCARDED:
        return
    quote = next(block for block in message.blocks if block["type"] == "rich_text")["elements"][0]
    assert quote["type"] == "rich_text_quote"
    assert quote["elements"] == [{"type": "text", "text": snapshot.issue.text}]
    reporter = "<@U0LEELA01>" if snapshot.issue.reporter == samples.REPORTER else "someone"
    assert f"Reported by {reporter} ·" in message.blocks[1]["elements"][0]["text"]


def lines(task: dict[str, Any]) -> list[str]:
    """What a step's task says, line by line."""
    return "".join(run.get("text") or run["user_id"] for run in runs(task)).split("\n")


def runs(task: dict[str, Any]) -> list[dict[str, Any]]:
    """The runs of rich text of a step's details."""
    [paragraph] = task["details"]["elements"]
    return list(paragraph["elements"])


class TestDraft:
    def test_heading_and_notification(self) -> None:
        message = drawn(samples.DRAFT)
        assert message.blocks[0]["text"]["text"] == "#12 Burst water main at 5th and Main"
        assert message.text == "Plan #12 is ready for review: Burst water main at 5th and Main (6 steps)"
        assert "Understood as: \nA water main has burst" in words(message.blocks)

    def test_place_and_urgency(self) -> None:
        seen = words(drawn(samples.DRAFT).blocks)
        assert "Place: 5th and Main" in seen
        assert "Urgency: Emergency" in seen
        without = replace(samples.DRAFT, issue=replace(samples.ISSUE, place=None, urgency="  "))
        assert "Place" not in words(drawn(without).blocks)
        assert "Urgency" not in words(drawn(without).blocks)

    def test_each_step_says_what_it_does_with_what_after_what(self) -> None:
        steps = tasks(drawn(samples.DRAFT).blocks)
        assert [task["title"] for task in steps] == [
            "1. Look up the area of 5th and Main",
            "2. Open a work order for a burst main · after 1",
            "3. File a public request, so that others see it is known · after 1",
            "4. Send the water crew of the district · after 1 and 2",
            "5. 🔒 Warn the residents that the water may be off · after 1 and 4 · needs approval",
            "6. Tell the reporter which crew is coming · after 3 and 4",
        ]
        assert {task["status"] for task in steps} == {"pending"}
        assert details(steps[0]) == "Uses “Look up an address”."

    def test_a_sentence_beyond_the_title_stands_in_the_details(self) -> None:
        order = tasks(drawn(samples.DRAFT).blocks)[1]
        assert details(order).startswith(
            "It is marked urgent, since water is on the carriageway.\nSends to “Create"
        )

    def test_side_by_side_and_locks_are_told(self) -> None:
        plan = next(block for block in drawn(samples.DRAFT).blocks if block["type"] == "plan")
        assert plan["title"] == "6 steps, up to 2 side by side · 🔒 1 needs approval"

    def test_a_person_must_agree_if_step_or_component_says_so(self) -> None:
        steps = tasks(drawn(samples.DRAFT).blocks)
        assert ["needs approval" in task["title"] for task in steps] == [False] * 4 + [True, False]
        wanted = tuple(step.model_copy(update={"requires_approval": True}) for step in samples.STEPS)
        steps = tasks(drawn(samples.draft(plan=samples.VERSION.plan.model_copy(update={"steps": wanted}))).blocks)
        assert all("needs approval" in task["title"] for task in steps)

    def test_who_planned_stands_in_the_details(self) -> None:
        seen = words(details_modal(samples.DRAFT)["blocks"])
        assert "Planned by gemini-3.8-flash · 3,412 tokens · 4.3 s · version 1" in seen
        assert "stand-in" not in seen
        on_card = words(drawn(samples.DRAFT).blocks)
        assert not [word for word in ("Planned by", "token", "version 1", "gemini") if word in on_card]

    def test_the_stand_in_is_named_as_one(self) -> None:
        seen = words(details_modal(samples.draft(model=STAND_IN_MODEL, seconds=0.02))["blocks"])
        assert "Planned by a rule-based stand-in, not by Gemini · 3,412 tokens · under 0.1 s · version 1" in seen

    def test_warnings_are_plain_sentences(self) -> None:
        seen = words(drawn(samples.draft(warnings=samples.WARNINGS)).blocks)
        assert "looked useful" not in seen
        whole = words(details_modal(samples.draft(warnings=samples.WARNINGS))["blocks"])
        assert "“File a public request” looked useful, but the plan does not use it." in whole
        assert "Step 2 (Open a work order for a burst main) gives “colour”, which its component may ignore" in seen
        assert "No step tells whoever reported this what is being done." in seen

    def test_approving_comes_first_and_says_what_it_starts(self) -> None:
        approve = buttons(drawn(samples.DRAFT).blocks)[0]
        assert (approve["text"]["text"], approve["style"]) == ("Approve and run", "primary")
        assert approve["action_id"] == ACTION_APPROVE
        assert Ref.decode(approve["value"]) == Ref(samples.PLAN_ID, 2)
        assert approve["confirm"]["title"]["text"] == "Run plan #12?"
        assert approve["confirm"]["style"] == "primary"
        assert approve["confirm"]["text"]["text"] == (
            "This runs all 6 steps for real. It will create a work order, file a public request, assign a crew, "
            "text the residents of an area and write to the reporter. Step 5 asks again first."
        )

    def test_a_plan_without_gates_says_so_before_it_starts(self) -> None:
        steps = samples.STEPS[:2]
        plan = samples.VERSION.plan.model_copy(update={"steps": steps})
        ask = buttons(drawn(samples.draft(plan=plan)).blocks)[0]["confirm"]
        assert ask["text"]["text"].endswith("create a work order. Nothing asks again first.")

    def test_discarding_carries_the_revision_and_asks_first(self) -> None:
        button = buttons(drawn(samples.DRAFT).blocks)[-1]
        assert (button["action_id"], button["style"]) == (ACTION_DISCARD, "danger")
        assert Ref.decode(button["value"]) == Ref(samples.PLAN_ID, 2)
        assert button["confirm"]["title"]["text"] == "Discard plan #12?"
        assert button["confirm"]["style"] == "danger"

    def test_a_short_plan_has_nothing_more_to_show(self) -> None:
        assert labels(drawn(samples.DRAFT).blocks) == ["Approve and run", "Request changes", "Discard"]

    def test_a_plan_without_a_name_is_called_by_its_issue(self) -> None:
        plan = samples.VERSION.plan.model_copy(update={"workflow_name": " \n", "description": ""})
        message = drawn(samples.draft(plan=plan))
        assert message.blocks[0]["text"]["text"].startswith("#12 Water is coming up")
        assert "Understood as" not in words(message.blocks)

    def test_an_empty_plan_is_drawn(self) -> None:
        message = drawn(samples.draft(plan=Plan(workflow_name="Nothing")))
        assert not [block for block in message.blocks if block["type"] == "plan"]
        assert labels(message.blocks) == ["Request changes", "Discard"]


class TestLongPlans:
    def test_fifty_steps_are_all_shown(self) -> None:
        message = drawn(samples.long_plan(50))
        assert len(tasks(message.blocks)) == 50
        assert "more step" not in words(message.blocks)
        assert labels(message.blocks) == ["Approve and run", "Request changes", "Show all", "Discard"]

    def test_fifty_one_steps_say_what_is_left_out(self) -> None:
        message = drawn(samples.long_plan(51))
        assert len(tasks(message.blocks)) == 50
        assert "…and 1 more step" in words(message.blocks)
        assert "51 steps, up to 3 side by side" in words(message.blocks)
        _, _, show, _ = buttons(message.blocks)
        assert (show["text"]["text"], show["action_id"]) == ("Show all", ACTION_SHOW_ALL)
        assert Ref.decode(show["value"]) == Ref(samples.PLAN_ID, 2)

    def test_details_are_given_up_before_steps(self) -> None:
        message = drawn(samples.long_plan(40))
        assert len(tasks(message.blocks)) == 40
        assert tasks(message.blocks)[5]["title"].endswith(" · after 3")

    def test_steps_with_long_descriptions_keep_their_readable_beginning(self) -> None:
        message = drawn(samples.long_plan(30, words=400))
        assert labels(message.blocks) == ["Approve and run", "Request changes", "Show all", "Discard"]
        assert len(tasks(message.blocks)) == 30
        assert tasks(message.blocks)[0]["title"].startswith("1. Inspect valve 0 word0")

    def test_a_plan_of_thirteen_thousand_characters_fits(self) -> None:
        snapshot = samples.long_plan(20, words=100)
        assert snapshot.version is not None
        assert sum(len(step.description) for step in snapshot.version.plan.steps) > 13_000
        assert labels(drawn(snapshot).blocks) == ["Approve and run", "Request changes", "Show all", "Discard"]

    def test_ten_thousand_steps(self) -> None:
        message = drawn(samples.long_plan(10_000))
        assert "10,000 steps" in words(message.blocks)
        assert len(tasks(message.blocks)) > 30

    def test_a_chain_of_ten_thousand_steps(self) -> None:
        chain = tuple(Step(step_id=f"s{n}", component_id="geo.lookup", next=(f"s{n + 1}",)) for n in range(10_000))
        message = drawn(samples.draft(plan=Plan(workflow_name="A chain", steps=chain)))
        assert "10,000 steps, one after the other" in words(message.blocks)

    def test_a_step_that_waits_for_a_thousand(self) -> None:
        fan = tuple(Step(step_id=f"s{n}", component_id="geo.lookup", next=("end",)) for n in range(1_000))
        steps = (Step(step_id="end", component_id="geo.lookup"), *fan)
        drawn(samples.draft(plan=Plan(workflow_name="A fan", steps=steps)))

    def test_two_hundred_warnings(self) -> None:
        message = drawn(samples.draft(warnings=samples.WARNINGS * 67))
        assert "more" in words(message.blocks)
        assert labels(message.blocks) == ["Approve and run", "Request changes", "Show all", "Discard"]


class TestFailed:
    @pytest.mark.parametrize("code", FailureCode)
    def test_each_reason_has_one_sentence_and_a_way_on(self, code: FailureCode) -> None:
        message = drawn(samples.failed(code))
        assert message.blocks[0]["text"]["text"] == "#12 No plan yet"
        assert message.text == f"No plan yet for #12: {SENTENCES[code]}"
        seen = words(message.blocks)
        assert SENTENCES[code] in seen
        assert HINTS[code].split("`")[0] in seen
        more = ["Request changes"] if code in HINTABLE else []
        assert labels(message.blocks) == ["Try again", *more, "Discard"]

    def test_try_again_comes_first_and_carries_the_revision(self) -> None:
        again = buttons(drawn(samples.failed(FailureCode.GEMINI_TIMEOUT)).blocks)[0]
        assert (again["action_id"], again["style"]) == (ACTION_TRY_AGAIN, "primary")
        assert Ref.decode(again["value"]) == Ref(samples.PLAN_ID, 2)

    def test_no_components_says_how_to_add_some(self) -> None:
        message = drawn(samples.failed(FailureCode.NO_COMPONENTS))
        typed = [
            run["text"]
            for block in message.blocks
            if block["type"] == "rich_text"
            for part in block["elements"]
            for run in part["elements"]
            if run.get("style") == {"code": True}
        ]
        assert typed == ["mudda components load FILE"]

    def test_faults_are_named_and_the_rest_counted(self) -> None:
        message = drawn(samples.failed(FailureCode.REJECTED, samples.FAULTS * 3))
        seen = words(message.blocks)
        assert "Step “fly” uses a component that does not exist: “helicopters.send”." in seen
        assert "…and 4 more" in seen

    def test_a_failure_without_a_reason_is_one_of_ours(self) -> None:
        message = drawn(replace(samples.DRAFT, state=PlanState.FAILED, version=None, failure=None))
        assert SENTENCES[FailureCode.INTERNAL] in words(message.blocks)


class TestDecided:
    @pytest.mark.parametrize(
        ("state", "verb"), [(PlanState.DISCARDED, "Discarded"), (PlanState.APPROVED, "Approved")]
    )
    def test_buttons_give_way_to_who_and_when(self, state: PlanState, verb: str) -> None:
        message = drawn(samples.decided(state))
        assert f"{verb} by" in words(message.blocks).replace("\n", "")
        assert "U0FRYJ002" in words(message.blocks)
        assert "1773046080" in str(message.blocks)
        assert labels(message.blocks) == (["Show all"] if state is PlanState.DISCARDED else [])
        assert f"was {verb.lower()}" in message.text

    def test_a_long_plan_can_still_be_read(self) -> None:
        decided = replace(samples.long_plan(51), state=PlanState.DISCARDED, decided_by=samples.DECIDER)
        assert labels(drawn(decided).blocks) == ["Show all"]

    def test_discarded_before_there_was_a_plan(self) -> None:
        message = drawn(replace(samples.decided(PlanState.DISCARDED), version=None))
        assert words(message.blocks).startswith("#12 Water is coming up through the road")

    def test_a_discarded_plan_folds_to_a_line(self) -> None:
        line, rest = drawn(samples.decided(PlanState.DISCARDED)).blocks
        assert (
            words(line)
            .replace("\n", "")
            .startswith("#12 Burst water main at 5th and Main · Discarded by U0FRYJ002")
        )
        assert rest["type"] == "actions"


class TestIdentity:
    def test_drawing_twice_is_drawing_once(self) -> None:
        assert drawn(samples.DRAFT) == drawn(samples.DRAFT)

    def test_ids_are_new_with_each_revision_and_each_phase(self) -> None:
        snapshots = [
            samples.DRAFT,
            replace(samples.DRAFT, revision=3),
            samples.drafting(Phase.SELECTING),
            samples.drafting(Phase.PLANNING),
        ]
        ids = [{block["block_id"] for block in drawn(snapshot).blocks} for snapshot in snapshots]
        assert len(set.union(*ids)) == sum(map(len, ids))

    def test_a_plan_never_stands_beside_a_task(self) -> None:
        for snapshot in samples.GALLERY.values():
            kinds = [block["type"] for block in drawn(snapshot).blocks]
            assert "task_card" not in kinds
            assert kinds.count("plan") <= 1

    def test_size_counts_ids(self) -> None:
        blocks = drawn(samples.DRAFT).blocks
        assert size(blocks) > size([{key: block[key] for key in block if key != "block_id"} for block in blocks])
