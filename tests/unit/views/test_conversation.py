"""What is answered to what somebody said: within Slack's limits, deaf to foreign text, and plain."""

from __future__ import annotations

from typing import get_args
from uuid import uuid4

import pytest

from bot.slack import ids
from bot.views.messages.conversation import answer, decide_there, settled, unclear
from bot.views.private.help import slip
from bot.views.private.policy_files import Loaded, Outcome, Refused, Unfetched, loaded, not_yours
from services.jobs import Settlement
from services.policies.documents import PolicyFault, PolicyFaultCode
from services.states import PlanState
from tests.support.slack_rules import HARMFUL, check_is_deaf, check_message, labels, words

HEARD = uuid4()
LINK = "https://springfield.slack.com/archives/C1/p1"


@pytest.mark.parametrize("kind", ["smalltalk", "which_plan", "stranger", "enough", "lacking"])
def test_an_answer_is_a_sentence_and_says_why_the_model_was_not_asked(kind: str) -> None:
    plain = answer(HEARD, kind, None)  # type: ignore[arg-type]
    lacking = answer(HEARD, kind, "budget")  # type: ignore[arg-type]
    check_message(plain)
    assert lacking.text == f"Today's budget for the model is used up, so I go by plain rules. {plain.text}"


@pytest.mark.parametrize("state", list(PlanState))
def test_a_decision_in_words_is_shown_the_card(state: PlanState) -> None:
    with_link, without = decide_there(HEARD, 12, state, LINK), decide_there(HEARD, 12, state, None)
    assert with_link.text.startswith("Nothing is decided by words alone.")
    assert LINK in with_link.text or state in (PlanState.DRAFTING, PlanState.DISCARDED)
    assert "plan #12" in without.text.lower()
    check_message(without)


@pytest.mark.parametrize(("has_plan", "first"), [(True, "Change this plan"), (False, "Plan this")])
def test_what_is_unclear_has_two_buttons(has_plan: bool, first: str) -> None:
    message = unclear(HEARD, has_plan=has_plan, lacking=None)
    check_message(message)
    assert labels(message.blocks) == [first, "It's a question"]
    values = {element["value"] for block in message.blocks for element in block.get("elements", ())}
    assert values == {ids.Ref(HEARD, 0).encode()}


def test_what_was_chosen_stands_in_place_of_the_buttons() -> None:
    assert {settled(choice).blocks == [] for choice in get_args(Settlement)} == {True}


@pytest.mark.parametrize("text", HARMFUL)
def test_no_name_of_a_file_and_no_word_gets_out_of_its_place(text: str) -> None:
    fault = PolicyFault(3, PolicyFaultCode.UNKNOWN_MEMBER, {"member": text[:200]})
    outcomes: list[Outcome] = [
        Loaded(text, text, 2, 3, 4, is_new=True, unknown=(text,) * 3),
        Refused(text, text, (fault,) * 60),
        Unfetched(text, "too_large"),
        Unfetched(text, "not_given"),
    ]
    check_message(loaded(HEARD, outcomes))
    check_is_deaf(slip(text, None), [])
    check_is_deaf(slip(text, "workflows"), [])


def test_faults_come_with_their_lines() -> None:
    fault = PolicyFault(3, PolicyFaultCode.UNKNOWN_MEMBER, {"member": "colour"})
    shown = words(loaded(HEARD, [Refused("roads.md", "roads.checks.yaml", (fault,))]).blocks)
    assert "roads.md has 1 fault, so nothing of it was loaded:" in shown
    assert "roads.md:3: colour: there is no such member" in shown
    assert "Only an approver" in not_yours(HEARD).text
