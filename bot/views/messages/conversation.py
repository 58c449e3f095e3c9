"""What is answered to what somebody said, where nothing else is to be done: a word, a way, or two buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from bot.slack import ids
from bot.slack.ids import METADATA_REPLY, Ref
from bot.slack.messages import Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import sentences
from services.jobs import Lacking, ReplyKind, Settlement
from services.states import PlanState

_LACKING: Mapping[str, str] = {
    "budget": "Today's budget for the model is used up, so I go by plain rules.",
    "unavailable": "I can't reach the model just now, so I go by plain rules.",
}
_ANSWERS: Mapping[str, str] = {
    "smalltalk": (
        "Hello! Tell me what has happened in town, and I draft a plan for it. "
        "Or ask me about plans, such as “what is #12 waiting for?”"
    ),
    "which_plan": (
        "Which plan do you mean? Say its number, such as #12, or write it in the thread of its card. "
        f"`{ids.COMMAND_WORKFLOWS}` lists them. Nothing was changed."
    ),
    "stranger": (
        "Only people of the organisation that runs Mudda can change plans or decide about them, so nothing was "
        "done. You can report an issue, and ask."
    ),
    "enough": "That is a lot at once. I listen to you again in a minute.",
    "lacking": "Until that is over I hear only what begins with `@mudda` in threads.",
}
_SETTLED: Mapping[Settlement, str] = {
    "issue": "All right: I plan it.",
    "change": "All right: I change the plan.",
    "question": "All right: I look it up.",
}


def which_was_meant(heard: UUID, text: str) -> Message:
    """Words that stand elsewhere, as an answer that is found again."""
    return Message(text, [], _metadata(heard))


def answer(heard: UUID, kind: ReplyKind, lacking: Lacking | None) -> Message:
    """A sentence, after the one that says why the model was not asked."""
    return Message(sentences([_LACKING.get(lacking or "", ""), _ANSWERS[kind]]), [], _metadata(heard))


def decide_there(heard: UUID, number: int, state: str, link: str | None) -> Message:
    """A decision in words decides nothing: where the buttons are. `link` is Slack's own, to the card."""
    card = f"<{link}|the card of plan #{number}>" if link else f"the card of plan #{number}"
    if state == PlanState.DRAFT:
        what = f"Its buttons approve or discard it: {card}."
    elif state == PlanState.DRAFTING:
        what = f"Plan #{number} is still being drafted; the buttons come on {card}."
    elif state == PlanState.DISCARDED:
        what = f"Plan #{number} has been discarded: there is nothing left to decide."
    else:
        what = f"What can be decided now is on {card}."
    return Message(f"Nothing is decided by words alone. {what}", [], _metadata(heard))


def unclear(heard: UUID, *, has_plan: bool, lacking: Lacking | None) -> Message:
    """Two buttons for whoever wrote; in a plan's thread, what is no question is a change."""
    text = sentences([_LACKING.get(lacking or "", ""), "I am not sure what you mean. What shall I do?"])
    value = Ref(heard, 0).encode()
    first = (
        kit.button("Change this plan", ids.ACTION_HEARD_CHANGE, value)
        if has_plan
        else kit.button("Plan this", ids.ACTION_HEARD_ISSUE, value)
    )
    second = kit.button("It's a question", ids.ACTION_HEARD_QUESTION, value)
    blocks = kit.seal([kit.section(text), kit.actions(first, second)], "unclear")
    return Message(text, blocks, _metadata(heard))


def settled(choice: Settlement) -> Message:
    """In place of the buttons."""
    return Message(_SETTLED[choice], [])


def _metadata(heard: UUID) -> dict[str, Any]:
    return {"event_type": METADATA_REPLY, "event_payload": {"heard": str(heard)}}
