"""What every method needs: the context, and reading arguments that come as JSON, form or query."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.oauth import AppRegistry
from bot.sandbox.slack.state.model import Channel, Json, Message
from bot.sandbox.slack.state.tickets import Tickets
from bot.sandbox.slack.state.workspace import Workspace


@dataclass(slots=True)
class Context:
    """What methods act on; `url` is the stand-in's own, without a slash at the end, known once it listens.

    `said` is told of every message that the app itself posts, changes or deletes: Slack tells it of these, too.
    """

    workspace: Workspace
    tickets: Tickets
    url: str
    registry: AppRegistry
    said: Callable[[Message, str | None], object] = lambda message, change: None


Method = Callable[[Context, Json], Json]


def text_argument(args: Json, name: str) -> str | None:
    """A string argument; numbers come as they are written. None if it is absent or empty."""
    value = args.get(name)
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else str(value)


def required_text(args: Json, name: str) -> str:
    """A string argument that must be there."""
    value = text_argument(args, name)
    if value is None:
        raise SlackError("invalid_arguments", messages=[f"[ERROR] missing required field: {name}"])
    return value


def flag(args: Json, name: str) -> bool:
    """A boolean argument: true, "true", 1 or "1"."""
    return args.get(name) in (True, "true", "True", 1, "1")


def number(args: Json, name: str, default: int, *, at_most: int) -> int:
    """A whole number; above the limit Slack takes the limit."""
    value = args.get(name)
    if value is None or value == "":
        return default
    try:
        return max(1, min(int(value), at_most))
    except (TypeError, ValueError):
        raise SlackError("invalid_arguments", messages=[f"[ERROR] {name} must be an integer"]) from None


def decoded(args: Json, name: str, error: str) -> Any:
    """A JSON argument, which forms carry as a string. None if it is absent; `error` if it is no JSON."""
    value = args.get(name)
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        return json.loads(value)
    except ValueError:
        raise SlackError(error) from None


def visible_channel(context: Context, args: Json) -> Channel:
    """The channel that a call names, by id; one that the bot can't see doesn't exist for it."""
    workspace = context.workspace
    channel = workspace.channels.get(text_argument(args, "channel") or "")
    if channel is None:
        raise SlackError("channel_not_found")
    if channel.kind != "public_channel" and workspace.bot.id not in channel.members:
        raise SlackError("channel_not_found")
    return channel


def joined_channel(context: Context, args: Json) -> Channel:
    """The channel that a call names, which the bot must be in."""
    channel = visible_channel(context, args)
    if context.workspace.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def message_in(channel: Channel, ts: str | None) -> Message:
    """The message with this ts."""
    message = channel.messages.get(ts or "")
    if message is None or message.subtype == "tombstone":
        raise SlackError("message_not_found")
    return message


def page_of(items: list[Any], args: Json, default: int = 100) -> tuple[list[Any], str]:
    """One page of a list and the cursor of the next, which is empty at the end."""
    limit = number(args, "limit", default, at_most=1_000)
    cursor = text_argument(args, "cursor") or "0"
    if not cursor.isdecimal():
        raise SlackError("invalid_cursor")
    start = int(cursor)
    rest = start + limit
    return items[start:rest], str(rest) if rest < len(items) else ""
