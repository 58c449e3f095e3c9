"""What people say to the bot, or in a thread of its: messages and mentions, which Slack sends in either order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bot.slack.envelopes import workspace_of
from bot.slack.payloads.reading import (
    CHANNEL,
    TEAM,
    TS,
    USER,
    Body,
    file_of,
    if_given,
    matching,
    parser,
    text,
)
from services.conversations.talk import Said, Talk
from services.jobs import AnswerFile
from services.mentions import parts_of, readable

OF_PEOPLE = (None, "thread_broadcast", "file_share", "me_message")
"""The subtypes of what people themselves say: also to the channel, with files, and as `/me`."""

_MENTION = "app_mention"
_ANYBODY = re.compile(r"<@[A-Z0-9]+(\|[^>]*)?>")


@dataclass(frozen=True, slots=True)
class Heard:
    """A person's message. `markup` is Slack's own form of it, without the call, and `text` how it reads.

    `is_call`: the bot was mentioned. `is_dm`: it was said to the bot alone. `thread_ts` is the thread that it was
    said in, if it was one. `team` is whose person it is, where Slack says so. One that is not `from_person` is
    another app's, an edit, or one of Slack's own notices.
    """

    key: str
    channel: str
    user: str
    markup: str
    text: str
    message_ts: str
    thread_ts: str | None
    team: str | None
    files: tuple[AnswerFile, ...]
    is_call: bool
    is_dm: bool
    from_person: bool

    @property
    def thread(self) -> str:
        """The thread in which it is answered: that which it is in, or the one that it begins."""
        return self.thread_ts or self.message_ts


@parser
def heard(body: Body) -> Heard:
    """A message or app_mention event. Its identity is (channel, ts): both events of one message are one."""
    event = body["event"]
    team, channel = matching(TEAM, workspace_of(body)), matching(CHANNEL, event["channel"])
    ts = matching(TS, event["ts"])
    called = event["type"] == _MENTION
    said = text(event.get("text"))
    mark = _mark_of(body)
    # Where Slack does not say who the bot is, a mention that begins what calls it will be its.
    markup = _without(mark, said) if mark else _after(_ANYBODY, said) if called else said.strip()
    return Heard(
        key=f"message:{team}:{channel}:{ts}",
        channel=channel,
        user=if_given(USER, event.get("user")) or "",
        markup=markup,
        text=readable(parts_of(markup)),
        message_ts=ts,
        thread_ts=if_given(TS, event.get("thread_ts")),
        team=if_given(TEAM, event.get("user_team") or event.get("team")),
        files=tuple(map(file_of, event.get("files") or ())),
        is_call=called or (mark is not None and mark.search(said) is not None),
        is_dm=event.get("channel_type") == "im",
        from_person=_is_of_person(event),
    )


def _is_of_person(event: Body) -> bool:
    by_app = any(event.get(name) for name in ("bot_id", "app_id", "bot_profile"))
    return bool(event.get("user")) and not by_app and event.get("subtype") in OF_PEOPLE


def _mark_of(body: Body) -> re.Pattern[str] | None:
    """How the bot is mentioned, where Slack says who it is."""
    for each in body.get("authorizations") or ():
        if each.get("is_bot") and (bot := if_given(USER, each.get("user_id"))):
            return _mark(bot)
    return None


def _mark(user: str) -> re.Pattern[str]:
    return re.compile(rf"<@{re.escape(user)}(\|[^>]*)?>")


def _without(mark: re.Pattern[str], said: str) -> str:
    """What was said, without the mention that called at either end."""
    return re.sub(rf"[\s,]*(?:{mark.pattern})\s*$", "", _after(mark, said)).strip()


def _after(mark: re.Pattern[str], said: str) -> str:
    return re.sub(rf"^\s*(?:{mark.pattern})[\s,:]*", "", said).strip()


def talk_of(messages: Sequence[Mapping[str, Any]], *, bot: str, more: bool) -> Talk:
    """A thread as `conversations.replies` has it; `more`: there was more than could be read.

    What can't be read of it is left out: people wrote it, and other apps.
    """
    said = [_said(message, bot) for message in messages]
    root = said[0] if said and messages[0].get("thread_ts") in (None, messages[0].get("ts")) else None
    replies = said[1:] if root else said
    count = int(messages[0].get("reply_count") or 0) if root else 0
    gone = root is not None and messages[0].get("subtype") == "tombstone"
    return Talk(None if gone else root, tuple(replies), max(0, count - len(replies)) if more else 0)


def _written(value: object) -> str:
    return text(value) if isinstance(value, str) else ""


def _said(message: Mapping[str, Any], bot: str) -> Said:
    user = str(message.get("user") or "")
    by_app = bool(message.get("bot_id") or message.get("app_id"))
    return Said(
        ts=str(message.get("ts") or ""),
        user="" if by_app and user != bot else user,
        app=str(message.get("username") or (message.get("bot_profile") or {}).get("name") or ""),
        markup=_without(_mark(bot), _written(message.get("text"))),
        files=tuple(str(file.get("name") or "a file") for file in message.get("files") or ()),
        is_mine=user == bot,
        attached=tuple(_attached(message)),
    )


def _attached(message: Mapping[str, Any]) -> Iterator[AnswerFile]:
    """The files of a message; one that Slack does not let the bot see has no id that is good for anything."""
    for file in message.get("files") or ():
        with suppress(LookupError, TypeError, ValueError, AttributeError):
            yield file_of(file)
