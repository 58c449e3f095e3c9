"""People who talk to the bot, and what is on record of it."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from bot.sandbox.slack import Message
from db.models import HeardMessage, WorkflowPlan
from tests.support.town_hall import TownHall


async def plans(hall: TownHall) -> list[WorkflowPlan]:
    """All plans, by their number."""
    async with hall.database.reading() as session:
        return list(await session.scalars(select(WorkflowPlan).order_by(WorkflowPlan.number)))


async def heard(hall: TownHall) -> list[HeardMessage]:
    """What was judged, in order."""
    async with hall.database.reading() as session:
        return list(await session.scalars(select(HeardMessage).order_by(HeardMessage.created_at)))


async def heard_one(hall: TownHall, count: int = 1) -> HeardMessage:
    """The last of so many that were judged; waits for it."""
    async with asyncio.timeout(30):
        while len(found := await heard(hall)) < count:  # noqa: ASYNC110 - rows tell nobody that they are there
            await asyncio.sleep(0.02)
    return found[-1]


def said_by_bot(hall: TownHall, channel: str, thread_ts: str) -> list[Message]:
    """What the bot has said in a thread."""
    found = hall.slack.messages(channel, thread_ts=thread_ts)
    return [message for message in found if message.bot_id]


async def answered(hall: TownHall, channel: str, thread_ts: str, words: str = "") -> Message:
    """Wait for the bot to say something in a thread, with these words in it."""
    return await hall.slack.wait_for(
        lambda: next((each for each in said_by_bot(hall, channel, thread_ts) if words in each.text), None)
    )


async def told(hall: TownHall, user: str, words: str = "", channel: str = "works") -> Message:
    """Wait until one person is told something privately."""
    return await hall.slack.wait_for(
        lambda: next((each for each in hall.slack.ephemerals(channel, user) if words in each.text), None)
    )
