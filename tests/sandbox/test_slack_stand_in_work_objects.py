"""Work objects: what the stand-in takes of them, as @slack/types has it, and the pane beside."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.support.stand_in_app import PRIYA, WORKS, World, word_of, world


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world(events=frozenset({"entity_details_requested"}), retry_delays=()) as running:
        yield running


def entity() -> dict[str, Any]:
    return {
        "entity_type": "slack#/entities/task",
        "url": "https://example.com/12",
        "external_ref": {"id": "12", "type": "plan"},
        "entity_payload": {
            "attributes": {"title": {"text": "A leak"}, "display_id": "#12"},
            "fields": {
                "status": {"value": "Running", "tag_color": "blue"},
                "due_date": {"type": "slack#/types/date", "value": "2026-12-01"},
                "assignee": {"type": "slack#/types/user", "user": {"user_id": PRIYA}},
            },
        },
    }


def mark(*entities: dict[str, Any]) -> dict[str, Any]:
    return {"event_type": "card", "event_payload": {"id": "1"}, "entities": list(entities)}


async def test_a_message_shows_one_and_is_found_by_the_rest(here: World) -> None:
    answer = await here.client.chat_postMessage(channel=WORKS, text="A leak", metadata=mark(entity()))
    message = here.slack.message("works", answer["ts"])
    assert message is not None
    assert message.entities == [entity()]
    assert message.metadata == {"event_type": "card", "event_payload": {"id": "1"}}
    await here.client.chat_update(channel=WORKS, ts=answer["ts"], text="A leak")
    assert message.entities == [entity()]


def colour(task: dict[str, Any]) -> None:
    task["entity_payload"]["fields"]["status"]["tag_color"] = "purple"


def address(task: dict[str, Any]) -> None:
    task["url"] = ""


def title(task: dict[str, Any]) -> None:
    task["entity_payload"]["attributes"]["title"] = "A leak"


def day(task: dict[str, Any]) -> None:
    task["entity_payload"]["fields"]["due_date"]["value"] = "tomorrow"


def reference(task: dict[str, Any]) -> None:
    del task["external_ref"]


def unknown(task: dict[str, Any]) -> None:
    task["entity_payload"]["fields"]["mood"] = {"value": "good"}


@pytest.mark.parametrize("spoil", [colour, address, title, day, reference, unknown])
async def test_what_is_none_is_refused(here: World, spoil: Callable[[dict[str, Any]], None]) -> None:
    task = entity()
    spoil(task)
    post = here.client.chat_postMessage(channel=WORKS, text="A leak", metadata=mark(task))
    assert await word_of(post) == "invalid_metadata_schema"


async def test_a_workspace_without_them_refuses_them(here: World) -> None:
    here.slack.workspace.has_work_objects = False
    post = here.client.chat_postMessage(channel=WORKS, text="A leak", metadata=mark(entity()))
    assert await word_of(post) == "invalid_metadata_schema"


async def test_the_pane_shows_what_was_asked_for_once(here: World) -> None:
    answer = await here.client.chat_postMessage(channel=WORKS, text="A leak", metadata=mark(entity()))

    async def look() -> str:
        await here.slack.open_details("priya", "works", answer["ts"])
        trigger: str = here.app.received[-1].json["event"]["trigger_id"]
        return trigger

    present = here.client.entity_presentDetails
    trigger = await look()
    await present(trigger_id=trigger, metadata=entity())
    assert here.slack.workspace.panes[PRIYA] == entity()
    assert await word_of(present(trigger_id=trigger, metadata=entity())) == "exchanged_trigger_id"
    other = json.loads(json.dumps(entity()).replace('"12"', '"13"'))
    mismatch = "entity_metadata_does_not_match_trigger"
    assert await word_of(present(trigger_id=await look(), metadata=other)) == mismatch
    assert await word_of(present(trigger_id=await look(), error={"status": "gone"})) == "invalid_arguments"
    await present(trigger_id=await look(), error={"status": "not_found"})
    assert here.slack.workspace.panes[PRIYA] == {"error": {"status": "not_found"}}
