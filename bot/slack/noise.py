"""What is said in channels and is not for the bot, told by its outside: nearly all of it, and that is much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack.payloads.hearing import OF_PEOPLE


def is_noise(body: Mapping[str, Any]) -> bool:
    """Whether a message event can be dropped unread.

    Edits, deletions, notices and what apps say are for nobody here. Of what people say in a channel, only a reply
    in a thread, or what mentions somebody, can be for the bot; in a direct message with it, all is.
    """
    event = body["event"]
    if event["type"] != "message":
        return False
    if event.get("subtype") not in OF_PEOPLE or event.get("bot_id") or event.get("app_id"):
        return True
    if event.get("channel_type") == "im":
        return False
    text = event.get("text")
    return not event.get("thread_ts") and not (isinstance(text, str) and "<@" in text)
