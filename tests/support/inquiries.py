"""Questions asked of a bot at work, and the answers that it gives in Slack."""

from __future__ import annotations

from uuid import uuid4

from bot.sandbox.slack import Message
from bot.slack.ids import METADATA_ANSWER
from db.queue import enqueue
from services.jobs import AnswerInquiry
from tests.support.asking import words_of
from tests.support.town_hall import TownHall


async def ask(
    hall: TownHall, question: str, *, user: str = "priya", channel: str = "works", **given: object
) -> AnswerInquiry:
    """Hand a question to the workers, as a listener would."""
    place = hall.slack.channel(channel).id if channel[:1] not in "CDG" or channel.islower() else channel
    job = AnswerInquiry.model_validate(
        {
            "key": f"message:{uuid4()}",
            "workspace": hall.deps.workspace.id,
            "user": hall.slack.user(user).id,
            "channel": place,
            "inquiry": question,
            **given,
        }
    )
    async with hall.deps.database.transaction() as session:
        await enqueue(session, job)
    return job


def answers(hall: TownHall, channel: str = "works") -> list[Message]:
    """The answers in a channel or its threads, "Looking…" among them."""
    found = hall.slack.workspace.channels[channel] if channel[:1] == "D" else hall.slack.channel(channel)
    return [
        message
        for message in found.messages.values()
        if (message.metadata or {}).get("event_type") == METADATA_ANSWER
    ]


async def answered(hall: TownHall, channel: str = "works") -> Message:
    """The one answer in a channel, once it is there."""
    [message] = await hall.slack.wait_for(
        lambda: [each for each in answers(hall, channel) if "Looking…" not in words_of(each.blocks or [])], 60
    )
    return message


async def told(hall: TownHall, user: str = "priya", channel: str = "works", *, but: int = 1) -> str:
    """What one person alone is told, after so many other messages for them alone."""
    of = hall.slack.user(user).id

    def found() -> Message | None:
        own = [m for m in hall.slack.channel(channel).ephemerals.values() if m.ephemeral_to == of]
        return own[but] if len(own) > but else None

    message = await hall.slack.wait_for(found, 60)
    return words_of(message.blocks or []) or message.text
