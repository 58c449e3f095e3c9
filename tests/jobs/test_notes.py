"""`/mudda notes`: listed, written, changed and deleted by those who may, as people do it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot.sandbox.slack import Message
from bot.slack import ids
from db.models import AuditEvent, PlanningNoteRow
from services.approvals import ApprovalRules
from services.audit import Actor
from tests.support.town_hall import TownHall, card_text

FIRST, SECOND = "Notices are sent after the crew has been assigned", "Close the road first"


def lists(hall: TownHall, user: str) -> list[Message]:
    return hall.slack.ephemerals("works", user)


def button(message: Message, label: str) -> dict[str, Any]:
    """The first button of a list that is called so."""
    return next(
        element
        for block in message.blocks or []
        if block["type"] == "actions"
        for element in block["elements"]
        if element["text"]["text"] == label
    )


async def asked(hall: TownHall, user: str = "marco") -> Message:
    """The list, as `/mudda notes` shows it."""
    before = len(lists(hall, user))
    await hall.slack.send_command(user, "works", "/mudda", "notes")
    await hall.slack.wait_for(lambda: len(lists(hall, user)) > before)
    return lists(hall, user)[-1]


async def shows(hall: TownHall, words: str, user: str = "marco") -> Message:
    return await hall.slack.wait_for(
        lambda: next((each for each in lists(hall, user) if words in card_text(each) + each.text), None)
    )


async def pressed(hall: TownHall, message: Message, label: str, user: str = "marco") -> None:
    found = button(message, label)
    await hall.slack.click(user, "works", message.ts, found["action_id"], found["value"])


async def filled_in(hall: TownHall, text: str, user: str = "marco") -> Any:
    [view] = await hall.slack.wait_for(lambda: hall.slack.views(user))
    return await hall.slack.submit_view(view.id, {ids.BLOCK_REASON: {ids.INPUT_REASON: text}})


async def notes(hall: TownHall) -> list[str]:
    async with hall.database.reading() as session:
        return list(await session.scalars(select(PlanningNoteRow.text)))


async def test_a_note_is_written_changed_and_deleted(hall: TownHall) -> None:
    listed = await asked(hall)
    assert "no planning notes yet" in card_text(listed)
    await pressed(hall, listed, "Write a note")
    assert (await filled_in(hall, FIRST)).acked
    listed = await shows(hall, FIRST)
    await pressed(hall, listed, "Edit")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    assert view.body["blocks"][0]["element"]["initial_value"] == FIRST
    await filled_in(hall, SECOND)
    listed = await shows(hall, SECOND)
    assert await notes(hall) == [SECOND]
    await pressed(hall, listed, "Delete")
    await shows(hall, "no planning notes yet")
    assert await notes(hall) == []
    async with hall.database.reading() as session:
        events = (await session.scalars(select(AuditEvent).where(AuditEvent.action.like("note.%")))).all()
    assert sorted(event.action for event in events) == ["note.added", "note.deleted", "note.edited"]
    assert {event.actor for event in events} == {hall.slack.user("marco").id}


async def test_a_blank_note_shows_in_the_form(hall: TownHall) -> None:
    await pressed(hall, await asked(hall), "Write a note")
    submitted = await filled_in(hall, "   ")
    assert list(submitted.errors or {}) == [ids.BLOCK_REASON]
    assert await notes(hall) == []


async def test_who_is_no_approver_is_told_so_at_every_door(hall: TownHall) -> None:
    listed = await asked(hall, "dana")
    await pressed(hall, listed, "Write a note", "dana")
    await hall.slack.wait_for(lambda: hall.slack.views("dana"))
    approvers = ApprovalRules(approvers=(hall.slack.user("marco").id,))
    async with hall.database.transaction() as session:
        await hall.deps.approvals.set_settings(session, hall.deps.workspace.id, approvers, Actor("U0SETUP001"))
    await filled_in(hall, FIRST, "dana")
    await shows(hall, "Only an approver can see", "dana")
    assert "Only an approver can see" in (await asked(hall, "dana")).text
    assert await notes(hall) == []


async def test_what_somebody_else_has_changed_or_deleted_is_left_alone(hall: TownHall) -> None:
    await pressed(hall, await asked(hall), "Write a note")
    await filled_in(hall, FIRST)
    old = await shows(hall, FIRST)
    stale = await asked(hall, "dana")
    await pressed(hall, old, "Edit")
    await filled_in(hall, SECOND)
    listed = await shows(hall, SECOND)
    await pressed(hall, stale, "Delete", "dana")
    await shows(hall, "This note has changed since you opened it", "dana")
    assert await notes(hall) == [SECOND]
    stale = await asked(hall, "dana")
    await pressed(hall, listed, "Delete")
    await shows(hall, "no planning notes yet")
    await pressed(hall, stale, "Delete", "dana")
    await shows(hall, "That note is gone", "dana")
