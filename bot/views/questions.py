"""A question to a person: the message that puts it, and the form for the answer."""

from __future__ import annotations

import json
from typing import Any

from bot.ids import (
    ACTION_STEP_ANSWER,
    BLOCK_ANSWER,
    INPUT_ANSWER,
    METADATA_QUESTION,
    VIEW_STEP_ANSWER,
    Ref,
)
from bot.views import blocks as kit
from bot.views.blocks import Block, Element, Message, View
from bot.views.text import clip, mention, one_line
from services.builtin_steps import Question
from services.builtins import MAX_OPTION, MAX_TEXT

_TITLE = 150
_QUESTION, _ANSWER = 2_000, 1_000
"""As much of both as fits one message in any script; the form has room for more."""

_TEXT, _NOTE = 150, 3_000
_RADIOS = 10
"""So many options at most are shown all at once; more go into a menu."""


def question_message(question: Question) -> Message:
    """The question, and a button to answer it; afterwards, what was answered, or that none is needed."""
    about = f"Plan #{question.plan_number}, reported by {mention(question.reporter)}"
    blocks = [
        kit.rich_text(kit.paragraph(kit.run("A question for you", bold=True))),
        kit.context(kit.mrkdwn(about), kit.plain(clip(one_line(question.title), _TITLE))),
        kit.rich_text(kit.quote(clip(question.question, _QUESTION))),
        *_end(question),
    ]
    payload = {"step": str(question.step_id), "attempt": question.attempt}
    return Message(
        text=kit.fallback(f"A question for you: {question.question}"),
        blocks=kit.seal(blocks, "question"),
        metadata={"event_type": METADATA_QUESTION, "event_payload": payload},
    )


def answer_modal(question: Question, *, channel: str, message_ts: str) -> View:
    """The form. Its private metadata is {"ref": …, "channel": …, "message_ts": …}: where the question stands."""
    origin = {"ref": _ref(question), "channel": channel, "message_ts": message_ts}
    return {
        "type": "modal",
        "callback_id": VIEW_STEP_ANSWER,
        "title": kit.plain("Answer"),
        "submit": kit.plain("Answer"),
        "close": kit.plain("Cancel"),
        "private_metadata": json.dumps(origin),
        "blocks": [
            kit.rich_text(kit.quote(clip(question.question, MAX_TEXT))),
            {
                "type": "input",
                "block_id": BLOCK_ANSWER,
                "label": kit.plain("Your answer"),
                "hint": kit.plain("It is kept with the plan, where others see it."),
                "optional": False,
                "element": _element(question),
            },
        ],
    }


def _end(question: Question) -> list[Block]:
    if question.answer is not None:
        answered = clip(question.answer, _ANSWER)
        return [kit.rich_text(kit.paragraph(kit.run("Answered: ", bold=True), kit.run(answered)))]
    if not question.is_open:
        return [kit.context(kit.plain("No answer is needed any more."))]
    return [kit.actions(kit.button("Answer", ACTION_STEP_ANSWER, _ref(question), style="primary"))]


def _element(question: Question) -> Element:
    if question.kind != "choice":
        is_note = question.kind == "note"
        return {
            "type": "plain_text_input",
            "action_id": INPUT_ANSWER,
            "multiline": is_note,
            "max_length": _NOTE if is_note else _TEXT,
            "focus_on_load": True,
        }
    options: list[dict[str, Any]] = [
        {"text": kit.plain(one_line(option), MAX_OPTION), "value": str(index)}
        for index, option in enumerate(question.options)
    ]
    kind = "radio_buttons" if len(options) <= _RADIOS else "static_select"
    return {"type": kind, "action_id": INPUT_ANSWER, "options": options}


def _ref(question: Question) -> str:
    """Which asking of which step: an earlier question of the same step can't be answered any more."""
    return Ref(question.step_id, question.attempt).encode()
