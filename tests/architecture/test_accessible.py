"""What is drawn can be heard as well as seen: pictures have words, notifications begin with what matters, and no
colour or emoji says anything by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bot.slack.messages import Message
from bot.views.card import card
from bot.views.messages.failure import run_failed_message, step_waits_message
from bot.views.messages.outcome import outcome_message
from bot.views.modals.plan import details_modal
from bot.views.modals.run import run_details_modal
from bot.views.private.workflow import workflow_details
from services.queries.snapshots import PlanSnapshot
from services.states import RunState, StepState
from tests.support import run_samples, samples
from tests.support.slack_rules import buttons, tasks, words

GALLERY: Mapping[str, PlanSnapshot] = {
    **samples.GALLERY,
    **run_samples.GALLERY,
    "Every state": run_samples.every_state(),
    "Long, every state": run_samples.long_run(120, *StepState),
}
_EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")
_BEGINNINGS = re.compile(r"(Drafting plan|No plan yet for|Plan) #[0-9]+")
_WHERE_ERRORS_ARE_SAID = ("(failed)", "(rejected)", "(not sure)")


def messages(snapshot: PlanSnapshot) -> Iterator[Message]:
    """All that is posted about a plan."""
    yield card(snapshot, card_id=samples.CARD_ID)
    yield workflow_details(snapshot)
    run = snapshot.run
    if run is None:
        return
    yield outcome_message(snapshot)
    yield run_failed_message(snapshot, run_samples.ENDED_AT)
    for step in run.steps[:20]:
        if (message := step_waits_message(snapshot, step.id, step.revision)) is not None:
            yield message


def drawn(snapshot: PlanSnapshot) -> Iterator[list[dict[str, Any]]]:
    """The blocks of all that is posted about a plan, and of what its buttons open."""
    yield from (message.blocks for message in messages(snapshot))
    yield details_modal(snapshot)["blocks"]
    yield run_details_modal(snapshot)["blocks"]


def elements(value: Any) -> Iterator[dict[str, Any]]:
    """Each block and element of blocks, whatever it stands in."""
    if isinstance(value, list):
        for item in value:
            yield from elements(item)
    elif isinstance(value, dict):
        yield value
        for item in value.values():
            yield from elements(item)


def wordless(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pictures without words, and the buttons whose label is none."""
    pictures = [each for each in elements(blocks) if each.get("type") == "image"]
    bare = [each for each in pictures if not str(each.get("alt_text") or "").strip()]
    labelled = [each for each in buttons(blocks) if not _EMOJI.sub("", each["text"]["text"]).strip(" .…–")]
    return bare + labelled


@pytest.mark.parametrize("name", GALLERY)
def test_pictures_and_buttons_have_words(name: str) -> None:
    for blocks in drawn(GALLERY[name]):
        assert wordless(blocks) == []


@pytest.mark.parametrize("name", GALLERY)
def test_a_notification_says_what_matters_first(name: str) -> None:
    snapshot = GALLERY[name]
    for message in messages(snapshot):
        assert message.text.strip()
        assert not _EMOJI.match(message.text)
    assert _BEGINNINGS.match(card(snapshot, card_id=samples.CARD_ID).text)


@pytest.mark.parametrize("name", GALLERY)
def test_no_colour_and_no_emoji_speaks_alone(name: str) -> None:
    snapshot = GALLERY[name]
    blocks = card(snapshot, card_id=samples.CARD_ID).blocks
    if not any(block["type"] == "plan" for block in blocks):
        return
    for task in tasks(blocks):
        if "🔒" in task["title"]:
            assert "needs approval" in task["title"]
        if task["status"] == "error":
            assert task["title"].endswith(_WHERE_ERRORS_ARE_SAID)
        assert _EMOJI.sub("", task["title"]).strip()


@pytest.mark.parametrize("name", GALLERY)
def test_a_line_with_an_emoji_has_words(name: str) -> None:
    for blocks in drawn(GALLERY[name]):
        for line in words(blocks).splitlines():
            assert not _EMOJI.search(line) or _EMOJI.sub("", line).strip(" ·:"), line


def test_every_state_of_a_run_and_of_a_step_is_heard() -> None:
    runs = [snapshot.run for snapshot in GALLERY.values() if snapshot.run]
    assert {run.state for run in runs} == set(RunState)
    assert {step.state for run in runs for step in run.steps} == set(StepState)


@pytest.mark.parametrize(
    ("block", "is_fit"),
    [
        ({"type": "image", "image_url": "https://x.example/a.png", "alt_text": "The plan"}, True),
        ({"type": "image", "image_url": "https://x.example/a.png", "alt_text": " "}, False),
        ({"type": "context", "elements": [{"type": "image", "image_url": "https://x.example/a.png"}]}, False),
        ({"type": "actions", "elements": [{"type": "button", "text": {"text": "👍"}}]}, False),
    ],
)
def test_what_has_no_words_is_found(block: dict[str, Any], is_fit: bool) -> None:
    assert (wordless([block]) == []) is is_fit
