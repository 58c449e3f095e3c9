"""What is answered to what somebody said, where nothing else is to be done: a word, a way, or two buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from bot.languages import N_, Sentence, _
from bot.slack import ids
from bot.slack.ids import METADATA_REPLY, Ref
from bot.slack.messages import Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import sentences
from services.jobs import Lacking, ReplyKind, Settlement
from services.states import PlanState

_LACKING: Mapping[str, Sentence] = {
    "budget": N_("Today's budget for the model is used up, so I go by plain rules."),
    "unavailable": N_("I can't reach the model just now, so I go by plain rules."),
}
_ANSWERS: Mapping[str, Sentence] = {
    "smalltalk": N_(
        "Hello! Tell me what has happened in town, and I draft a plan for it. "
        "Or ask me about plans, such as “what is #12 waiting for?”"
    ),
    "which_plan": N_(
        "Which plan do you mean? Say its number, such as #12, or write it in the thread of its card. "
        "`{command}` lists them. Nothing was changed."
    ),
    "stranger": N_(
        "Only people of the organisation that runs Mudda can change plans or decide about them, so nothing was "
        "done. You can report an issue, and ask."
    ),
    "enough": N_("That is a lot at once. I listen to you again in a minute."),
    "lacking": N_("Until that is over I hear only what begins with `@mudda` in threads."),
}
_SETTLED: Mapping[Settlement, Sentence] = {
    "issue": N_("All right: I plan it."),
    "change": N_("All right: I change the plan."),
    "question": N_("All right: I look it up."),
}


def which_was_meant(heard: UUID, text: str) -> Message:
    """Words that stand elsewhere, as an answer that is found again."""
    return Message(text, [], _metadata(heard))


def answer(heard: UUID, kind: ReplyKind, lacking: Lacking | None) -> Message:
    """A sentence, after the one that says why the model was not asked."""
    said = _(_ANSWERS[kind], command=ids.COMMAND_WORKFLOWS)
    return Message(sentences([_lacks(lacking), said]), [], _metadata(heard))


def picture_alone(heard: UUID, *, has_plan: bool) -> Message:
    """What is asked of whoever sent a picture and no word."""
    if has_plan:
        said = _("I have the picture. What should be different about the plan? Write it here, and I look at both.")
    else:
        said = _(
            "I have the picture. What has happened, and where? Write it here, and I plan it with the picture."
        )
    return Message(said, [], _metadata(heard))


def decide_there(
    heard: UUID, number: int, state: str, link: str | None, buttons: Sequence[Element] = ()
) -> Message:
    """A decision in words decides nothing: the buttons that do, and where they are; `link` leads to the card."""
    name = _("the card of plan #{number}", number=str(number))
    card = f"<{link}|{name}>" if link else name
    if buttons:
        words = N_("Nothing is decided by words alone. Decide here, or on {card}:")
    elif state == PlanState.DRAFT:
        words = N_("Nothing is decided by words alone. Its buttons approve or discard it: {card}.")
    elif state == PlanState.DRAFTING:
        words = N_(
            "Nothing is decided by words alone. Plan #{number} is still being drafted; the buttons come on {card}."
        )
    elif state == PlanState.DISCARDED:
        words = N_(
            "Nothing is decided by words alone. Plan #{number} has been discarded: there is nothing left to "
            "decide."
        )
    else:
        words = N_("Nothing is decided by words alone. What can be decided now is on {card}.")
    text = _(words, number=str(number), card=card)
    blocks = kit.seal([kit.section(text), kit.actions(*buttons)], "decide") if buttons else []
    return Message(text, blocks, _metadata(heard))


def unclear(heard: UUID, *, has_plan: bool, lacking: Lacking | None) -> Message:
    """Two buttons for whoever wrote; in a plan's thread, what is no question is a change."""
    text = sentences([_lacks(lacking), _("I am not sure what you mean. What shall I do?")])
    value = Ref(heard, 0).encode()
    first = (
        kit.button(_("Change this plan"), ids.ACTION_HEARD_CHANGE, value)
        if has_plan
        else kit.button(_("Plan this"), ids.ACTION_HEARD_ISSUE, value)
    )
    second = kit.button(_("It's a question"), ids.ACTION_HEARD_QUESTION, value)
    blocks = kit.seal([kit.section(text), kit.actions(first, second)], "unclear")
    return Message(text, blocks, _metadata(heard))


def settled(choice: Settlement) -> Message:
    """In place of the buttons."""
    return Message(_(_SETTLED[choice]), [])


def _lacks(lacking: Lacking | None) -> str:
    """Why the model was not asked; empty where it was."""
    return _(_LACKING[lacking]) if lacking else ""


def _metadata(heard: UUID) -> dict[str, Any]:
    return {"event_type": METADATA_REPLY, "event_payload": {"heard": str(heard)}}
