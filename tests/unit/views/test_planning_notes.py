"""The list of planning notes and the form of one, at Slack's limits."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

import pytest

from bot.slack.ids import ACTION_NOTE_DELETE, ACTION_NOTE_EDIT, Ref
from bot.views.kit import blocks as kit
from bot.views.modals.planning_note import planning_note_modal
from bot.views.plan.notes import note_words
from bot.views.private.planning_notes import planning_notes_list
from services.learning.notes import MAX_TEXT, PAGE_SIZE, NoteSnapshot, Origin
from services.learning.wordings import Worded, Wording, worded
from services.pages import Page
from tests.support.samples import HOSTILE, SCRIPTS
from tests.support.slack_rules import check_message, check_modal


def note(text: str, number: int = 1) -> NoteSnapshot:
    return NoteSnapshot(UUID(int=number), 3, text, list(Origin)[number % 4], "U0MARCO001")


def page(*texts: str, total: int = 0) -> Page[NoteSnapshot]:
    items = tuple(note(text, number) for number, text in enumerate(texts))
    return Page(items=items, page=1, size=PAGE_SIZE, total=total or len(items))


LONG = [character * MAX_TEXT for character in ("x", "&", "\U0001f6b0")]


@pytest.mark.parametrize("text", [*SCRIPTS, HOSTILE, *LONG])
def test_a_full_page_fits_whatever_is_in_it(text: str) -> None:
    message = planning_notes_list(page(*[text] * PAGE_SIZE, total=99), is_on=True)
    check_message(message)
    assert kit.size(message.blocks) <= kit.MESSAGE_SIZE
    assert "<!channel>" not in message.text


def test_each_note_can_be_edited_and_deleted_and_one_written() -> None:
    message = planning_notes_list(page("Trees first", "Water last"), is_on=True)
    buttons = [each for block in message.blocks if block["type"] == "actions" for each in block["elements"]]
    assert [(each["action_id"], each["value"]) for each in buttons] == [
        (ACTION_NOTE_EDIT, Ref(UUID(int=0), 3).encode()),
        (ACTION_NOTE_DELETE, Ref(UUID(int=0), 3).encode()),
        (ACTION_NOTE_EDIT, Ref(UUID(int=1), 3).encode()),
        (ACTION_NOTE_DELETE, Ref(UUID(int=1), 3).encode()),
        (ACTION_NOTE_EDIT, Ref(UUID(int=0), 0).encode()),
    ]
    assert all("confirm" in each for each in buttons if each["action_id"] == ACTION_NOTE_DELETE)


@pytest.mark.parametrize(
    ("texts", "is_on", "words"),
    [
        ([], True, "no planning notes yet"),
        (["x"], True, "those into account that fit"),
        (["x"], False, "switched off"),
    ],
)
def test_it_says_what_they_are_for(texts: list[str], is_on: bool, words: str) -> None:
    said = json.dumps(planning_notes_list(page(*texts), is_on=is_on).blocks)
    assert words in said


@pytest.mark.parametrize("wording", Wording)
def test_what_is_ours_in_a_note_is_said_as_it_is_kept_in_english(wording: Wording) -> None:
    """So a reader of another language is told it in that: the view has a sentence for each."""
    kept = str(Worded(wording, "works.{create}", "Close the {road} first"))
    ours = worded(kept, "works.{create}")
    assert ours is not None
    assert ours.wording is wording
    assert note_words(replace(note("as it was kept"), worded=ours)) == kept


@pytest.mark.parametrize(
    ("text", "component"),
    [
        ("Trees first", "works.create"),
        ("A step with works.create was rejected: ", "works.create"),
        ("A step with works.create was rejected: No", "works.close"),
        ("In a draft, a step with works.create was left out by a person. Rightly so", "works.create"),
        ("A draft was changed", None),
    ],
)
def test_a_note_that_a_person_changed_is_theirs(text: str, component: str | None) -> None:
    assert worded(text, component) is None


@pytest.mark.parametrize("text", ["", "Trees first", HOSTILE, "x" * (MAX_TEXT + 1)])
def test_the_form(text: str) -> None:
    ref = Ref(UUID(int=7), 2)
    view = planning_note_modal(ref, note(text) if text else None, "C0WORKS01", "1.1", "https://hooks.example/x")
    check_modal(view)
    assert json.loads(view["private_metadata"])["ref"] == ref.encode()
