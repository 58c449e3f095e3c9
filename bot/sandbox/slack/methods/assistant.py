"""assistant.threads.setStatus: what the bot is about, shown below a thread until it answers there."""

from __future__ import annotations

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.methods.arguments import Context, Method, joined_channel, required_text
from bot.sandbox.slack.state.model import Json

_LENGTH = 50
"""Slack's clients cut a longer status."""


def set_status(context: Context, args: Json) -> Json:
    """assistant.threads.setStatus; an empty status takes it away."""
    channel = joined_channel(context, {"channel": required_text(args, "channel_id")})
    root = channel.messages.get(required_text(args, "thread_ts"))
    if root is None:
        raise SlackError("thread_not_found")
    if not isinstance(args.get("status"), str):
        raise SlackError("invalid_arguments", messages=["[ERROR] missing required field: status"])
    context.workspace.set_status(channel, root.thread_ts or root.ts, args["status"][:_LENGTH])
    return {}


METHODS: dict[str, Method] = {"assistant.threads.setStatus": set_status}
