"""Questions asked of a bot at work, and the answers that it gives in Slack."""

from __future__ import annotations

from uuid import uuid4

from bot.sandbox.slack import Message
from bot.sandbox.slack.state.model import Channel
from bot.slack.ids import METADATA_ANSWER
from db.queue import enqueue
from services.jobs import AnswerInquiry
from tests.support.asking import words_of
from tests.support.town_hall import TownHall


async def ask(
    hall: TownHall, question: str, *, user: str = "priya", channel: str = "works", **given: object
) -> AnswerInquiry:
    """Hand a question to the workers, as a listener would."""
    job = AnswerInquiry.model_validate(
        {
            "key": f"message:{uuid4()}",
            "workspace": hall.deps.workspace.id,
            "user": hall.slack.user(user).id,
            "channel": _channel(hall, channel).id,
            "inquiry": question,
            **given,
        }
    )
    async with hall.deps.database.transaction() as session:
        await enqueue(session, job)
    return job


def answers(hall: TownHall, channel: str = "works") -> list[Message]:
    """The answers in a channel or its threads, "Looking…" among them."""
    return [
        message
        for message in _channel(hall, channel).messages.values()
        if (message.metadata or {}).get("event_type") == METADATA_ANSWER
    ]


async def answered(hall: TownHall, channel: str = "works") -> Message:
    """The one answer in a channel, once it is there."""
    [message] = await hall.slack.wait_for(
        lambda: [each for each in answers(hall, channel) if "Looking…" not in words_of(each.blocks or [])], 60
    )
    return message


async def told(hall: TownHall, user: str = "priya", channel: str = "works") -> str:
    """What one person alone is told, once it is the answer."""

    def found() -> str | None:
        said = [words_of(m.blocks or []) or m.text for m in hall.slack.ephemerals(channel, user)]
        return next((words for words in said if "Looking…" not in words), None)

    return await hall.slack.wait_for(found, 60)


def _channel(hall: TownHall, name: str) -> Channel:
    """A channel by its name, or the direct message with the bot."""
    if name != DM:
        return hall.slack.channel(name)
    workspace = hall.slack.workspace
    return workspace.open_dm([hall.slack.user("priya").id, workspace.bot.id])


DM = "dm"
"""The direct message of Priya with the bot."""
