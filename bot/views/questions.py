"""A question to people: the message that puts it, and the form for the answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bot.ids import (
    ACTION_STEP_ANSWER,
    BLOCK_ANSWER,
    INPUT_ANSWER,
    METADATA_QUESTION,
    METADATA_QUESTION_REMINDER,
    VIEW_STEP_ANSWER,
    Ref,
)
from bot.views import blocks as kit
from bot.views.blocks import Block, Element, Message, View
from bot.views.text import clip, join, mention, one_line
from services.components.builtins import MAX_OPTION, MAX_PHOTOS, MAX_TEXT, PHOTO_MIMETYPES, PHOTO_TYPES
from services.jobs import AnswerFile
from services.runs.questions import Question

_TITLE = 150
_QUESTION, _ANSWER = 2_000, 1_000
"""As much of both as fits one message in any script; the form has room for more."""

_TEXT, _NOTE = 150, 3_000
_RADIOS = 10
"""So many options at most are shown all at once; more go into a menu."""

_KEPT = "It is kept with the plan, where others see it."
_LINKED = f"Up to {MAX_PHOTOS} of at most 10 MB each. Links to them are kept with the plan, where others see them."
_TYPES = join(PHOTO_TYPES, most=len(PHOTO_TYPES), last="or")


def question_message(question: Question) -> Message:
    """The question, and a button to answer it; afterwards, what was answered, or that none is needed.

    It is the same for all who are asked.
    """
    about = f"Plan #{question.plan_number}, reported by {mention(question.reporter)}"
    blocks = [
        kit.rich_text(kit.paragraph(kit.run("A question for you", bold=True), *_others(question))),
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


def question_reminder(question: Question, number: int) -> Message:
    """The reminder of that number, which counts from 1; the button stays with the question itself."""
    words = "Your answer is still awaited"
    about = f"Plan #{question.plan_number}. The question stands further up here, with its button."
    blocks = [
        kit.rich_text(kit.paragraph(kit.run(words, bold=True)), kit.quote(clip(question.question, _QUESTION))),
        kit.context(kit.plain(about)),
    ]
    payload = {"step": str(question.step_id), "attempt": question.attempt, "reminder": number}
    return Message(
        text=kit.fallback(f"{words}: {question.question}"),
        blocks=kit.seal(blocks, "question_reminder"),
        metadata={"event_type": METADATA_QUESTION_REMINDER, "event_payload": payload},
    )


def answer_modal(question: Question, *, channel: str, message_ts: str) -> View:
    """The form. Its private metadata is {"ref": …, "channel": …, "message_ts": …}: where the question stands."""
    origin = {"ref": _ref(question), "channel": channel, "message_ts": message_ts}
    is_photo = question.kind == "photo"
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
                "label": kit.plain("Your photo" if is_photo else "Your answer"),
                "hint": kit.plain(_LINKED if is_photo else _KEPT),
                "optional": False,
                "element": _element(question),
            },
        ],
    }


def answer_fault(answer: str, files: Sequence[AnswerFile] | None) -> str:
    """What is wrong with an answer, to be said in the form; empty if nothing is. `files` are None for a text."""
    if files is None:
        return "" if answer else "A word or two will do."
    if len(files) > MAX_PHOTOS:
        return f"At most {MAX_PHOTOS} photos, please."
    is_photos = files and all(file.mimetype in PHOTO_MIMETYPES for file in files)
    return "" if is_photos else f"That is no photo that Mudda knows. Choose a file of the kind {_TYPES}."


def _others(question: Question) -> list[Element]:
    if not question.is_open or len(question.people) < 2:
        return []
    return [kit.run(". It goes to "), *kit.people(question.people), kit.run("; the first answer counts.")]


def _end(question: Question) -> list[Block]:
    if question.answer is not None:
        return [kit.rich_text(kit.paragraph(*_answered(question)))]
    if not question.is_open:
        return [kit.context(kit.plain("No answer is needed any more."))]
    return [kit.actions(kit.button("Answer", ACTION_STEP_ANSWER, _ref(question), style="primary"))]


def _answered(question: Question) -> list[Element]:
    """Who answered what; of photos a link to each."""
    by = question.answered_by if len(question.people) > 1 else None
    who = [kit.run("Answered by ", bold=True), kit.person(by), kit.run(": ")] if by else []
    opening = who or [kit.run("Answered: ", bold=True)]
    if question.files:
        return [*opening, *kit.links([(file.permalink, file.name) for file in question.files])]
    return [*opening, kit.run(clip(question.answer or "", _ANSWER))]


def _element(question: Question) -> Element:
    if question.kind == "photo":
        return {
            "type": "file_input",
            "action_id": INPUT_ANSWER,
            "filetypes": list(PHOTO_TYPES),
            "max_files": MAX_PHOTOS,
        }
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
