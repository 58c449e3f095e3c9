"""What is asked on a card and in its thread before an issue is planned, and what the card says afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.slack.messages import Message
from bot.views.card import card
from bot.views.messages.clarification import clarification_message
from bot.views.modals.clarify import clarify_modal
from services.queries.snapshots import PlanSnapshot
from services.workflows.clarifications import Lack, Settled
from tests.support import clarify_samples, samples
from tests.support.clarify_samples import OTHER, PLACES, asked, asking, settled
from tests.support.slack_rules import HARMFUL, buttons, check_message, check_modal, words


def drawn(snapshot: PlanSnapshot) -> Message:
    message = card(snapshot, card_id=samples.CARD_ID)
    check_message(message)
    return message


def labels(snapshot: PlanSnapshot) -> list[str]:
    return [button["text"]["text"] for button in buttons(drawn(snapshot).blocks)]


@pytest.mark.parametrize("name", clarify_samples.GALLERY)
def test_every_state_is_within_limits(name: str) -> None:
    drawn(clarify_samples.GALLERY[name])


def test_it_says_who_is_asked_what_and_that_it_is_planned_anyway() -> None:
    message = drawn(asking(lacks=(Lack.PLACE, Lack.TIME)))
    text = words(message.blocks)
    assert "Where is it? When did it happen, or when should it be done?" in text
    assert f"<@{samples.REPORTER}> can answer here or in the thread. Without an answer I plan it anyway" in text
    assert message.text.startswith("#12 waits for an answer. Where is it?")


def test_places_are_buttons_and_numbered_lines_in_the_thread() -> None:
    snapshot = asking(choices=PLACES)
    assert labels(snapshot) == [*PLACES, "Another place", "Plan anyway", "Discard"]
    assert snapshot.clarification is not None
    message = clarification_message(snapshot, snapshot.clarification)
    assert "1. 5th and Main, Ward 4\n2. 5th and Main, Ward 9" in message.text


def test_an_open_plan_is_shown_with_a_link_and_two_ways() -> None:
    snapshot = asking(look_alike=OTHER, lacks=(Lack.PLACE,))
    assert labels(snapshot) == ["Same issue", "New plan", "Discard"]
    assert "Burst water main at 5th and Main" in words(drawn(snapshot).blocks)
    assert drawn(snapshot).text.startswith("#12 waits for an answer. Is this the same as #9?")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Settled.UNANSWERED, "Planned without knowing where it is. Nobody answered in time."),
        (Settled.ANYWAY, f"Planned without knowing where it is. <@{samples.REPORTER}> wanted it planned anyway."),
        (Settled.ANSWERED, ""),
    ],
)
def test_the_card_says_what_was_not_known(outcome: Settled, said: str) -> None:
    text = words(drawn(settled(outcome, lacks=(Lack.PLACE,))).blocks)
    assert said in text
    assert said or "Planned without" not in text


def test_a_plan_put_away_leads_to_the_other_and_can_be_planned_after_all() -> None:
    assert labels(clarify_samples.PUT_AWAY) == ["Plan it anyway", "Show all"]
    assert "Same as #9" in words(drawn(clarify_samples.PUT_AWAY).blocks)


def test_several_people_are_counted_and_one_is_not() -> None:
    assert "3 people reported this" in words(drawn(clarify_samples.GALLERY["Reported by several"]).blocks)
    assert "reported this" not in words(drawn(samples.DRAFT).blocks)


@pytest.mark.parametrize("text", HARMFUL)
def test_text_of_others_is_never_parsed(text: str) -> None:
    other = replace(OTHER, title=text, link=None)
    drawn(asking(look_alike=other))
    snapshot = asking(choices=(text[:150] or "x", "Ward 9"))
    drawn(snapshot)
    assert snapshot.clarification is not None
    said = clarification_message(snapshot, snapshot.clarification).text
    assert "<!" not in said
    drawn(replace(clarify_samples.PUT_AWAY, look_alike=other))


def test_the_form_asks_for_each_thing_and_alone_for_it_must_be_given() -> None:
    one = clarify_modal(asking(), asked(lacks=(Lack.PLACE,)), channel="C0WORKS01", message_ts="1.000100")
    two = clarify_modal(asking(), asked(lacks=tuple(Lack)), channel="C0WORKS01", message_ts="1.000100")
    for view in (one, two):
        check_modal(view)
    assert [block["optional"] for block in one["blocks"]] == [False]
    assert [block["optional"] for block in two["blocks"]] == [True] * 4
