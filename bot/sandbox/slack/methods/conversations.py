"""conversations.*: channels, their members and their messages."""

from __future__ import annotations

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.methods.arguments import (
    Context,
    Method,
    flag,
    joined_channel,
    number,
    page_of,
    required_text,
    text_argument,
    visible_channel,
)
from bot.sandbox.slack.state.model import Json, Message
from bot.sandbox.slack.state.shapes import channel_object, message_object

_HISTORY_LIMIT = 999


def history(context: Context, args: Json) -> Json:
    """conversations.history: root messages, the newest first; metadata only with include_all_metadata."""
    channel = joined_channel(context, args)
    roots = [message for message in reversed(channel.messages.values()) if not message.is_reply]
    return _messages_page(context, roots, args)


def replies(context: Context, args: Json) -> Json:
    """conversations.replies: the root and its replies, the oldest first."""
    channel = joined_channel(context, args)
    message = channel.messages.get(required_text(args, "ts"))
    if message is None:
        raise SlackError("thread_not_found")
    root = message.thread_ts or message.ts
    thread = [m for m in channel.messages.values() if m.ts == root or m.thread_ts == root]
    return _messages_page(context, thread, args)


def _messages_page(context: Context, messages: list[Message], args: Json) -> Json:
    oldest, latest = text_argument(args, "oldest"), text_argument(args, "latest")
    inclusive = flag(args, "inclusive")
    if oldest is not None:
        messages = [m for m in messages if m.ts > oldest or (inclusive and m.ts == oldest)]
    if latest is not None:
        messages = [m for m in messages if m.ts < latest or (inclusive and m.ts == latest)]
    limit = number(args, "limit", 100, at_most=_HISTORY_LIMIT)
    page, cursor = page_of(messages, {**args, "limit": limit})
    with_metadata = flag(args, "include_all_metadata")
    return {
        "messages": [message_object(m, context.workspace.team, with_metadata=with_metadata) for m in page],
        "has_more": bool(cursor),
        "pin_count": 0,
        "response_metadata": {"next_cursor": cursor},
    }


INFO_SCOPES = {"public_channel": "channels:read", "private_channel": "groups:read"}
"""What conversations.info takes to tell of a channel that the app is in, by its kind."""


def info(context: Context, args: Json) -> Json:
    """conversations.info."""
    channel = visible_channel(context, args)
    shape = channel_object(channel, bot=context.workspace.bot.id)
    if flag(args, "include_num_members"):
        shape["num_members"] = len(channel.members)
    return {"channel": shape}


def list_(context: Context, args: Json) -> Json:
    """conversations.list: public channels unless `types` says otherwise."""
    bot = context.workspace.bot.id
    types = (text_argument(args, "types") or "public_channel").replace(" ", "").split(",")
    if not set(types) <= {"public_channel", "private_channel", "mpim", "im"}:
        raise SlackError("invalid_types")
    channels = [
        channel_object(channel, bot=bot)
        for channel in context.workspace.channels.values()
        if channel.kind in types and (channel.kind == "public_channel" or bot in channel.members)
    ]
    page, cursor = page_of(channels, args)
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


def open_(context: Context, args: Json) -> Json:
    """conversations.open: the DM with a user, or the group message with several."""
    workspace = context.workspace
    if text_argument(args, "channel"):
        channel = visible_channel(context, args)
    else:
        users = required_text(args, "users").replace(" ", "").split(",")
        unknown = [user for user in users if user not in workspace.users]
        if unknown:
            raise SlackError("user_not_found")
        if len(users) > 8:
            raise SlackError("too_many_users")
        if any(workspace.users[user].is_deactivated for user in users):
            raise SlackError("user_disabled")
        if len(users) == 1 and workspace.users[users[0]].is_bot:
            raise SlackError("cannot_dm_bot")
        channel = workspace.open_dm([*users, workspace.bot.id])
    if flag(args, "return_im"):
        return {"channel": channel_object(channel, bot=workspace.bot.id)}
    return {"channel": {"id": channel.id}}


def members(context: Context, args: Json) -> Json:
    """conversations.members."""
    channel = visible_channel(context, args)
    page, cursor = page_of(channel.members, args)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


METHODS: dict[str, Method] = {
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.info": info,
    "conversations.list": list_,
    "conversations.open": open_,
    "conversations.members": members,
}
