"""What people write: slash commands and messages that mention the bot."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.slack.envelopes import workspace_of
from bot.slack.payloads.reading import (
    CHANNEL,
    KEY,
    TEAM,
    TS,
    URL,
    USER,
    Body,
    file_of,
    if_given,
    matching,
    parser,
    text,
)
from services.mentions import escaped, parts_of, readable


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command. `markup` is Slack's own form of what was typed, `text` how it reads."""

    key: str
    channel: str
    user: str
    markup: str
    text: str
    trigger_id: str
    response_url: str


@dataclass(frozen=True, slots=True)
class Mention:
    """The bot was mentioned; `thread_ts` is the thread that this happened in, if it was one.

    `markup` is Slack's own form of what was said, without the mention that called; `text` is how it reads.
    """

    key: str
    channel: str
    user: str
    markup: str
    text: str
    message_ts: str
    thread_ts: str | None
    from_person: bool


@parser
def command(body: Body) -> Command:
    """A slash command's form. Slack's id of it is its trigger."""
    markup = text(body.get("text")).strip()
    return Command(
        key=f"command:{matching(KEY, body['trigger_id'])}",
        channel=matching(CHANNEL, body["channel_id"]),
        user=matching(USER, body["user_id"]),
        markup=markup,
        text=readable(parts_of(markup)),
        trigger_id=body["trigger_id"],
        response_url=matching(URL, body["response_url"]),
    )


@parser
def mention(body: Body) -> Mention:
    """An app_mention event. Its identity is (channel, ts): an edit of the same message is the same issue."""
    event = body["event"]
    team, channel = matching(TEAM, workspace_of(body)), matching(CHANNEL, event["channel"])
    ts = matching(TS, event["ts"])
    markup = _with_files(_without_leading_mention(text(event.get("text"))), event.get("files") or ())
    return Mention(
        key=f"message:{team}:{channel}:{ts}",
        channel=channel,
        user=if_given(USER, event.get("user")) or "",
        markup=markup,
        text=readable(parts_of(markup)),
        message_ts=ts,
        thread_ts=if_given(TS, event.get("thread_ts")),
        from_person=bool(event.get("user")) and not event.get("bot_id") and event.get("subtype") in _OF_PEOPLE,
    )


_OF_PEOPLE = (None, "thread_broadcast", "file_share", "me_message")
"""The subtypes of what people themselves say: also to the channel, with files, and as `/me`."""


def _with_files(markup: str, files: Iterable[Body]) -> str:
    """What was said, and the names of the files that were sent with it."""
    names = ", ".join(escaped(file_of(file).name) for file in files)
    return f"{markup}\n(Attached: {names})" if markup and names else markup


def _without_leading_mention(text: str) -> str:
    return re.sub(r"^\s*<@[A-Z0-9]+(\|[^>]*)?>[\s,:]*", "", text).strip()
