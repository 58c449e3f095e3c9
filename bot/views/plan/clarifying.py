"""What is asked before an issue is planned, as the card shows it: the question, its buttons, what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.slack.ids import (
    ACTION_CLARIFY_ANSWER,
    ACTION_CLARIFY_ANYWAY,
    ACTION_CLARIFY_CHOICE,
    Numbered,
    Ref,
)
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import date, escape, join, mention, one_line
from services.queries.snapshots import PlanSnapshot
from services.workflows.clarifications import Clarification, Lack, Settled

_QUESTIONS: Mapping[Lack, str] = {
    Lack.PLACE: "Where is it?",
    Lack.TIME: "When did it happen, or when should it be done?",
    Lack.WHAT: "What exactly is wrong?",
    Lack.CREW: "Which crew should do it?",
}
_UNKNOWN: Mapping[Lack, str] = {
    Lack.PLACE: "where it is",
    Lack.TIME: "when",
    Lack.WHAT: "what exactly is wrong",
    Lack.CREW: "which crew",
}


def question(asked: Clarification) -> str:
    """What is asked, in words of ours."""
    which = ["Which place do you mean?"] if asked.choices else []
    return " ".join([*which, *(_QUESTIONS[each] for each in asked.lacks)])


def asking(snapshot: PlanSnapshot, asked: Clarification) -> list[Block]:
    """The question and who is asked, and by when it is planned without an answer."""
    people = join([mention(user) for user in snapshot.asked_people], last="or")
    until = f"{people} can answer here or in the thread. Without an answer I plan it at {date(asked.due)}."
    return [kit.section(f"*{question(asked)}*"), kit.context(kit.mrkdwn(until))]


def answers(snapshot: PlanSnapshot, asked: Clarification) -> list[Element]:
    """The buttons: a place each, words, or to plan it without an answer."""
    ref = Ref(snapshot.id, snapshot.revision)
    choices = [
        kit.button(one_line(place), f"{ACTION_CLARIFY_CHOICE}{number}", Numbered(ref, number).encode())
        for number, place in enumerate(asked.choices)
    ]
    label = "Another place" if asked.choices else "Answer"
    style = None if asked.choices else "primary"
    words = kit.button(label, ACTION_CLARIFY_ANSWER, ref.encode(), style=style)  # type: ignore[arg-type]
    return [*choices, words, kit.button("Plan anyway", ACTION_CLARIFY_ANYWAY, ref.encode())]


def unknown(asked: Clarification | None) -> list[Block]:
    """What a plan was made without knowing, and why; nothing where somebody has answered."""
    if asked is None or asked.outcome not in (Settled.ANYWAY, Settled.UNANSWERED):
        return []
    missing = [*(["which place is meant"] if asked.choices else []), *(_UNKNOWN[each] for each in asked.lacks)]
    if not missing:
        return []
    why = "Nobody answered in time." if asked.outcome is Settled.UNANSWERED else ""
    if asked.outcome is Settled.ANYWAY and asked.by:
        why = f"{mention(asked.by)} wanted it planned anyway."
    return [kit.context(kit.mrkdwn(f"Planned without knowing {join(missing)}. {why}".strip()))]


def numbered(asked: Clarification) -> str:
    """The places to choose from as lines, by the numbers that a reply may name."""
    return "\n".join(f"{number}. {escape(one_line(place))}" for number, place in enumerate(asked.choices, 1))
