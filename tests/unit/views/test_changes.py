"""Cards and modals of drafts that were changed, and the private words where they were not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from bot.slack import ids
from bot.slack.messages import Message
from bot.views.card import card
from bot.views.modals.edit_step import StepForm, edit_step_modal, step_choice_modal
from bot.views.modals.request_changes import request_changes_modal
from bot.views.modals.versions import compare_modal, versions_modal
from bot.views.private.changes import not_changed
from services.jobs import TellOfWish, WishOutcome
from services.queries.snapshots import ChangeSnapshot, PlanSnapshot
from services.states import FailureCode, PlanState
from services.workflows.drafts import Failure, failure_to_json
from tests.support import refine_samples, samples
from tests.support.slack_rules import HARMFUL, buttons, check_message, check_modal, labels, words

PLACE: dict[str, Any] = {"channel": "C0WORKS01", "message_ts": "1.000100", "thread_ts": "1.000001"}


def drawn(snapshot: PlanSnapshot) -> Message:
    message = card(snapshot, card_id=samples.CARD_ID)
    check_message(message)
    return message


def seen(snapshot: PlanSnapshot) -> str:
    return words(drawn(snapshot).blocks)


@pytest.mark.parametrize("name", refine_samples.GALLERY)
def test_every_state_is_within_limits(name: str) -> None:
    drawn(refine_samples.GALLERY[name])


def test_a_changed_card_says_what_is_different() -> None:
    text = json.dumps(drawn(refine_samples.changed()).blocks, ensure_ascii=False)
    for said in (
        f": “{refine_samples.WISH}”",
        "Added: Notify the school (step ",
        "asks a person first now",
        "comes after step",
        "“Water may be off for some hours.” → “Water is off until noon.”",
    ):
        assert said in text
    assert samples.DECIDER in text


def test_what_has_no_room_is_behind_a_button() -> None:
    assert "All changes" not in labels(drawn(refine_samples.changed()).blocks)
    folded = drawn(refine_samples.many_changes())
    assert "more change" in words(folded.blocks)
    assert "All changes" in labels(folded.blocks)


def test_a_card_that_is_being_changed_can_not_be_decided_about() -> None:
    message = drawn(refine_samples.changing())
    assert buttons(message.blocks) == []
    assert message.text == f"Changing plan #12: {refine_samples.WISH}"
    assert refine_samples.WISH in words(message.blocks)


def test_a_card_that_was_not_changed_says_why_and_can_be_approved() -> None:
    message = drawn(refine_samples.not_changed())
    assert "The plan was not changed. Gemini could not be reached." in words(message.blocks)
    assert "Approve and run" in labels(message.blocks)
    assert "it has that already" in seen(refine_samples.not_changed(WishOutcome.SAME))


def test_a_first_version_says_nothing_of_changes() -> None:
    assert "Changed by" not in seen(samples.DRAFT)
    assert "Versions" not in json.dumps(drawn(samples.DRAFT).blocks)
    assert "Versions" in json.dumps(drawn(refine_samples.changed()).blocks)


@pytest.mark.parametrize("text", HARMFUL)
def test_words_that_mean_harm_are_only_shown(text: str) -> None:
    drawn(replace(refine_samples.changing(text), issue=samples.ISSUE))
    drawn(replace(refine_samples.changed(), version=refine_samples.second(wish=text)))
    failed = ChangeSnapshot(text, text, WishOutcome.FAILED, Failure(FailureCode.GEMINI_BLOCKED, word=text))
    drawn(replace(samples.DRAFT, change=failed))
    former = samples.hostile_plan(text, steps=9).version
    hostile = replace(samples.hostile_plan(text, steps=7), former=former)
    drawn(hostile)
    version = hostile.version
    assert version is not None
    assert former is not None
    lines = [replace(line, wish=text, made_by=text) for line in refine_samples.LINES] * 13
    check_modal(versions_modal(hostile, lines[:40], **PLACE))
    check_modal(compare_modal(hostile, former, version, version.warnings, **PLACE))
    check_modal(request_changes_modal(hostile, **PLACE))
    check_modal(step_choice_modal(hostile, version, **PLACE))
    form = StepForm(version, version.plan.steps[0])
    check_modal(edit_step_modal(ids.Ref(hostile.id, 1), form, PLACE))
    blocks = not_changed(tell(WishOutcome.NOT_VALID, wish=text, by=text, faults=version.warnings[:9])).blocks
    check_message(Message("x", [{**block, "block_id": str(index)} for index, block in enumerate(blocks)]))


def tell(outcome: WishOutcome, wish: str = refine_samples.WISH, faults: Any = (), **given: Any) -> TellOfWish:
    return TellOfWish(
        workspace=UUID(int=1),
        channel="C0WORKS01",
        user=samples.REPORTER,
        wish=wish,
        outcome=outcome,
        faults=tuple(fault.to_dict() for fault in faults),
        **given,
    )


@pytest.mark.parametrize("outcome", WishOutcome)
def test_every_reason_has_its_words_and_gives_back_the_wish(outcome: WishOutcome) -> None:
    message = not_changed(tell(outcome))
    assert message.text
    assert refine_samples.WISH in words(message.blocks)
    by_someone = not_changed(tell(outcome, by=samples.DECIDER))
    assert "{who}" not in by_someone.text


def test_a_failure_of_the_model_is_told_with_what_can_be_done() -> None:
    failure = failure_to_json(Failure(FailureCode.REJECTED, samples.FAULTS))
    told = words(not_changed(tell(WishOutcome.FAILED, failure=failure)).blocks)
    assert "its steps do not fit together" in told
    assert "Try again" in told
    assert "wait for each other in a circle" in told


class TestRequestChanges:
    def test_words_or_a_choice_of_steps(self) -> None:
        view = request_changes_modal(samples.DRAFT, **PLACE)
        check_modal(view)
        assert [block["label"]["text"] for block in view["blocks"]] == [
            "What should be different?",
            "Leave out",
            "Ask a person before",
        ]
        asked = [option["value"] for option in view["blocks"][2]["element"]["options"]]
        assert "residents" not in asked  # its component asks anyway
        assert json.loads(view["private_metadata"])["ref"] == ids.Ref(samples.PLAN_ID, 2).encode()

    def test_without_a_plan_there_are_words_only(self) -> None:
        view = request_changes_modal(samples.failed(FailureCode.NOTHING_FITS), **PLACE)
        check_modal(view)
        assert [block["optional"] for block in view["blocks"]] == [False]

    def test_a_hundred_steps_and_more(self) -> None:
        for steps in (100, 101):
            check_modal(request_changes_modal(samples.long_plan(steps), **PLACE))


class TestEditStep:
    def form(self, step_id: str) -> StepForm:
        step = next(step for step in samples.STEPS if step.step_id == step_id)
        return StepForm(samples.VERSION, step)

    def test_references_are_said_in_brackets_and_read_back(self) -> None:
        form = self.form("tell")
        _, text = form.fields
        assert text.shown == (
            "Thank you. Crew [the crew from step 4] is on its way ([the service request id from step 3])."
        )
        assert form.read(text, text.shown) is None
        read = form.read(text, f"{text.shown} Keep clear.")
        assert read is not None
        assert read.value == f"{text.item.value} Keep clear."
        assert read.typed

    def test_what_is_emptied_is_left_out(self) -> None:
        form = self.form("order")
        read = form.read(form.fields[0], "  ")
        assert read is not None
        assert (read.value, read.typed) == ("", False)

    def test_the_form_of_every_step_can_be_shown(self) -> None:
        for snapshot in (samples.DRAFT, samples.long_plan(201)):
            assert snapshot.version is not None
            check_modal(step_choice_modal(snapshot, snapshot.version, **PLACE))
            for step in snapshot.version.plan.steps[:12]:
                check_modal(edit_step_modal(ids.Ref(snapshot.id, 1), StepForm(snapshot.version, step), PLACE))

    def test_a_gate_of_the_component_can_not_be_taken_away(self) -> None:
        view = edit_step_modal(ids.Ref(samples.PLAN_ID, 1), self.form("residents"), PLACE)
        assert ids.BLOCK_GATE not in [block.get("block_id") for block in view["blocks"]]
        assert "A person is always asked just before this step." in words(view["blocks"])


class TestVersions:
    def test_each_version_says_who_made_it(self) -> None:
        view = versions_modal(refine_samples.changed(), refine_samples.LINES, **PLACE)
        check_modal(view)
        assert labels(view["blocks"]) == ["Compare", "Compare"]
        assert refine_samples.WISH in words(view["blocks"])

    def test_only_a_draft_can_be_taken_back(self) -> None:
        draft = refine_samples.changed()
        assert draft.version is not None
        assert draft.former is not None
        view = compare_modal(draft, draft.former, draft.version, **PLACE)
        check_modal(view)
        assert view["submit"]["text"] == "Restore version 1"
        approved = replace(draft, state=PlanState.APPROVED)
        assert "submit" not in compare_modal(approved, draft.former, draft.version, **PLACE)
        refused = compare_modal(draft, draft.former, draft.version, samples.FAULTS, **PLACE)
        assert "submit" not in refused
        assert "can't be restored" in words(refused["blocks"])
