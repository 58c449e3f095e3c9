"""A question to people: the message that puts it, and the form for the answer."""

from __future__ import annotations

from bot.languages import _
from bot.slack.ids import (
    ACTION_STEP_ANSWER,
    METADATA_QUESTION,
    METADATA_QUESTION_REMINDER,
    Ref,
)
from bot.slack.messages import Block, Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, mention, one_line
from services.runs.questions import Question

_TITLE = 150
_QUESTION, _ANSWER = 2_000, 1_000
"""As much of both as fits one message in any script; the form has room for more."""


def question_message(question: Question) -> Message:
    """The question, and a button to answer it; afterwards, what was answered, or that none is needed.

    It is the same for all who are asked.
    """
    about = _(
        "Plan #{number}, reported by {who}", number=str(question.plan_number), who=mention(question.reporter)
    )
    words = _("A question for you")
    blocks = [
        kit.rich_text(kit.paragraph(kit.span(words, bold=True), *_others(question))),
        kit.context(kit.mrkdwn(about), kit.plain(clip(one_line(question.title), _TITLE))),
        kit.rich_text(kit.quote(clip(question.question, _QUESTION))),
        *_end(question),
    ]
    payload = {"step": str(question.step_id), "attempt": question.attempt}
    return Message(
        text=kit.fallback(f"{words}: {question.question}"),
        blocks=kit.seal(blocks, "question"),
        metadata={"event_type": METADATA_QUESTION, "event_payload": payload},
    )


def question_reminder(question: Question, number: int) -> Message:
    """The reminder of that number, which counts from 1; the button stays with the question itself."""
    words = _("Your answer is still needed")
    about = _("Plan #{number}. Answer it with the button further up.", number=str(question.plan_number))
    blocks = [
        kit.rich_text(kit.paragraph(kit.span(words, bold=True)), kit.quote(clip(question.question, _QUESTION))),
        kit.context(kit.plain(about)),
    ]
    payload = {"step": str(question.step_id), "attempt": question.attempt, "reminder": number}
    return Message(
        text=kit.fallback(f"{words}: {question.question}"),
        blocks=kit.seal(blocks, "question_reminder"),
        metadata={"event_type": METADATA_QUESTION_REMINDER, "event_payload": payload},
    )


def _others(question: Question) -> list[Element]:
    if not question.is_open or len(question.people) < 2:
        return []
    return kit.runs(_(". It goes to {people}; the first answer counts."), people=kit.people(question.people))


def _end(question: Question) -> list[Block]:
    if question.answer is not None:
        return [kit.rich_text(kit.paragraph(*_answered(question)))]
    if not question.is_open:
        return [kit.context(kit.plain(_("This question is closed; no answer is needed.")))]
    return [kit.actions(kit.button(_("Answer"), ACTION_STEP_ANSWER, _ref(question), style="primary"))]


def _answered(question: Question) -> list[Element]:
    """Who answered what; of photos a link to each."""
    by = question.answered_by if len(question.people) > 1 else None
    who = kit.runs(_("Answered by {who}: "), who=kit.person(by)) if by else [kit.span(_("Answered: "))]
    opening = [{**run, "style": {"bold": True}} if run["type"] == "text" else run for run in who]
    if question.files:
        return [*opening, *kit.links([(file.permalink, file.name) for file in question.files])]
    return [*opening, kit.span(clip(question.answer or "", _ANSWER))]


def _ref(question: Question) -> str:
    """Which asking of which step: an earlier question of the same step can't be answered any more."""
    return Ref(question.step_id, question.attempt).encode()
