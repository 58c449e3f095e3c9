"""The form in which a question of a step is answered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bot.languages import N_, _
from bot.slack.ids import BLOCK_ANSWER, INPUT_ANSWER, VIEW_STEP_ANSWER
from bot.slack.messages import Element, View
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, join, one_line
from bot.views.messages.question import _ref
from services.components.builtins import MAX_OPTION, MAX_PHOTOS, MAX_TEXT, PHOTO_MIMETYPES, PHOTO_TYPES
from services.jobs import AnswerFile
from services.runs.questions import Question

_TEXT, _NOTE = 150, 3_000

_RADIOS = 10
"""So many options at most are shown all at once; more go into a menu."""

_KEPT = N_("It is kept with the plan, where others can see it.")

_LINKED = N_("Up to {count}, each at most 10 MB. Links are kept with the plan, where others can see them.")


def answer_modal(question: Question, *, channel: str, message_ts: str) -> View:
    """The form. Its private metadata is {"ref": …, "channel": …, "message_ts": …}: where the question stands."""
    origin = {"ref": _ref(question), "channel": channel, "message_ts": message_ts}
    is_photo = question.kind == "photo"
    return {
        "type": "modal",
        "callback_id": VIEW_STEP_ANSWER,
        "title": kit.plain(_("Answer")),
        "submit": kit.plain(_("Answer")),
        "close": kit.plain(_("Cancel")),
        "private_metadata": json.dumps(origin),
        "blocks": [
            kit.rich_text(kit.quote(clip(question.question, MAX_TEXT))),
            {
                "type": "input",
                "block_id": BLOCK_ANSWER,
                "label": kit.plain(_("Your photo") if is_photo else _("Your answer")),
                "hint": kit.plain(_(_LINKED, count=MAX_PHOTOS) if is_photo else _(_KEPT)),
                "optional": False,
                "element": _element(question),
            },
        ],
    }


def answer_fault(answer: str, files: Sequence[AnswerFile] | None) -> str:
    """What is wrong with an answer, to be said in the form; empty if nothing is. `files` are None for a text."""
    if files is None:
        return "" if answer else _("Write a word or two.")
    if len(files) > MAX_PHOTOS:
        return _("At most {count} photos, please.", count=MAX_PHOTOS)
    is_photos = files and all(file.mimetype in PHOTO_MIMETYPES for file in files)
    if is_photos:
        return ""
    types = join(PHOTO_TYPES, most=len(PHOTO_TYPES), last="or")
    return _("Mudda can't read that as a photo. Choose a {types} file.", types=types)


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
