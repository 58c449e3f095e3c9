"""What people are told in direct messages, and the forms about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot.sandbox.slack import Message
from bot.sandbox.slack.outbound.delivery import Delivery
from bot.slack import ids
from db.models import Notification
from services.audit import Actor
from services.notifications.preferences import NotificationMode, Preferences
from tests.support.town_hall import TownHall


def direct(hall: TownHall, user: str, kind: str = ids.METADATA_NOTIFICATION) -> list[Message]:
    """The messages of a kind that the bot has written to somebody, the first first."""
    found = hall.slack.dm(user).messages.values()
    return [message for message in found if (message.metadata or {}).get("event_type") == kind]


async def told(hall: TownHall, user: str, kind: str = ids.METADATA_NOTIFICATION, count: int = 1) -> Message:
    """Wait until somebody has so many of them; the last one."""
    return (await hall.slack.wait_for(lambda: found if len(found := direct(hall, user, kind)) >= count else None))[
        count - 1
    ]


async def prefers(hall: TownHall, user: str, mode: str = "each", deputy: str | None = None) -> None:
    """Set how somebody is told, and their deputy for these days, by name."""
    preferences = hall.deps.notifications.preferences
    today = preferences.today(hall.deps.now())
    who = hall.slack.user(deputy).id if deputy else None
    wanted = Preferences(NotificationMode(mode), who, today, today + timedelta(days=1))
    person = hall.slack.user(user).id
    async with hall.database.transaction() as session:
        await preferences.save(session, hall.deps.workspace.id, person, wanted, Actor(person))


async def rows(hall: TownHall) -> list[Notification]:
    """All notifications, the first first."""
    async with hall.database.reading() as session:
        return list(await session.scalars(select(Notification).order_by(Notification.created_at)))


async def choose(hall: TownHall, user: str, message: Message, choice: str) -> Delivery:
    """Choose from the menu of a gate."""
    menu = next(
        element
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == ids.ACTION_GATE_MORE
    )
    value = next(each["value"] for each in menu["options"] if each["value"].startswith(choice))
    return await hall.slack.click(user, message.channel, message.ts, ids.ACTION_GATE_MORE, value)


async def gate_form(hall: TownHall, user: str, message: Message, choice: str, person: str, text: str = "") -> Any:
    """Choose one of the forms behind a gate, and submit it."""
    await choose(hall, user, message, choice)
    [view] = await hall.slack.wait_for(lambda: hall.slack.views(user))
    values: dict[str, dict[str, Any]] = {ids.BLOCK_PERSON: {ids.INPUT_PERSON: hall.slack.user(person).id}}
    if text:
        values[ids.BLOCK_REASON] = {ids.INPUT_REASON: text}
    return await hall.slack.submit_view(view.id, values)
