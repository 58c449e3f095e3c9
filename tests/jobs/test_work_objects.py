"""A card is a work object, too, where the workspace has them; and beside it everybody sees what they may."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import select, update

from bot.sandbox.slack import ErrorWord, Message
from bot.slack import ids
from bot.slack.surfaces import Surface
from db.models import Card
from tests.support.approvals import rules
from tests.support.town_hall import LEAK, TownHall, buttons, drafted, hall, plan_card

__all__ = ["hall"]


def entity(message: Message) -> dict[str, Any]:
    [found] = message.entities
    return found


def fields(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = entity(message)["entity_payload"]["fields"]
    return found


async def test_a_card_is_a_task_that_changes_with_the_plan(hall: TownHall) -> None:
    await rules(hall, "marco")
    card = await plan_card(hall)
    task = entity(card)
    assert task["entity_type"] == "slack#/entities/task"
    assert task["entity_payload"]["attributes"]["display_id"] == "#1"
    assert fields(card)["status"] == {"value": "To be reviewed", "tag_color": "yellow"}
    assert fields(card)["assignee"]["user"] == {"user_id": hall.slack.user("marco").id}
    # What was reported is seen by whoever looks, and is not put beside every message.
    assert "description" not in fields(card)
    assert card.metadata is not None
    assert card.metadata["event_type"] == ids.METADATA_CARD
    assert task["url"] == f"{hall.slack.url}/archives/{card.channel}/p{card.ts.replace('.', '')}"
    await hall.slack.click("priya", "works", card.ts, ids.ACTION_DISCARD)
    await hall.slack.wait_for(lambda: fields(card)["status"]["value"] == "Discarded")
    assert "assignee" not in fields(card)
    # Slack ties conversations together by it.
    assert entity(card)["external_ref"] == task["external_ref"]


async def test_nothing_is_decided_in_it(hall: TownHall) -> None:
    card = await plan_card(hall)
    assert "actions" not in entity(card)["entity_payload"]
    assert "Approve" in "".join(buttons(card))


async def test_where_there_are_none_the_card_is_as_it_was(hall: TownHall) -> None:
    hall.slack.workspace.has_work_objects = False
    card = await plan_card(hall)
    assert card.entities == []
    assert "Approve" in "".join(buttons(card))
    refused = [call for call in hall.slack.transcript if call.response and "metadata" in str(call.response)]
    assert [call.method for call in refused if not call.accepted] == ["chat.postMessage"]
    assert not hall.deps.surfaces.is_open(Surface.WORK_OBJECTS, hall.deps.now())


async def test_a_redraw_that_is_refused_because_of_it_is_drawn_without(hall: TownHall) -> None:
    card = await plan_card(hall)
    hall.slack.faults.script("chat.update", [ErrorWord("invalid_metadata_format")])
    await hall.slack.click("priya", "works", card.ts, ids.ACTION_DISCARD)
    await hall.slack.wait_for(lambda: "Discard" not in buttons(card))
    assert hall.slack.calls("chat.update")[-1].args.get("metadata") is None


def pane(hall: TownHall, user: str) -> dict[str, Any]:
    found: dict[str, Any] = hall.slack.workspace.panes[hall.slack.user(user).id]
    return found


async def test_beside_it_is_seen_in_full(hall: TownHall) -> None:
    card = await plan_card(hall)
    delivery = await hall.slack.open_details("dana", "works", card.ts)
    assert delivery.acked
    payload = pane(hall, "dana")["entity_payload"]
    assert payload["fields"]["description"] == {"value": LEAK}
    assert payload["fields"]["created_by"]["user"] == {"user_id": hall.slack.user("priya").id}


async def test_who_may_not_see_a_plan_does_not_see_it_beside(hall: TownHall) -> None:
    await rules(hall, "marco")
    card = await plan_card(hall)
    async with hall.database.transaction() as session:
        # As if it lay in a private channel that Dana is not in, and somebody had forwarded it to her.
        await session.execute(update(Card).values(is_private=True, channel_id=hall.slack.channel("council").id))
    await hall.slack.open_details("dana", "works", card.ts)
    assert pane(hall, "dana") == {"error": {"status": "not_found"}}
    await hall.slack.open_details("marco", "works", card.ts)
    assert "entity_payload" in pane(hall, "marco")


async def test_a_stranger_and_a_plan_that_is_not_there(hall: TownHall) -> None:
    card = await plan_card(hall)
    hall.slack.faults.script("users.info", [ErrorWord("user_not_found")] * 2)
    await hall.slack.open_details("dana", "works", card.ts)
    assert pane(hall, "dana") == {"error": {"status": "not_found"}}
    card.entities[0]["external_ref"]["id"] = str(uuid4())
    await hall.slack.open_details("priya", "works", card.ts)
    assert pane(hall, "priya") == {"error": {"status": "not_found"}}


async def test_a_card_is_found_again_by_what_it_always_was(hall: TownHall) -> None:
    """Slack need not give back the work objects with the metadata."""
    card = await plan_card(hall)
    async with hall.database.reading() as session:
        row = (await session.scalars(select(Card))).one()
    found = await hall.deps.slack.find(
        card.channel,
        {"event_type": ids.METADATA_CARD, "event_payload": {"card": str(row.id)}},
        thread_ts=None,
        since=row.created_at,
    )
    assert found == card.ts
    await drafted(hall)
