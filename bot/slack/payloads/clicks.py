"""What people press, and what any interaction says of whoever did it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.slack.payloads.reading import CHANNEL, KEY, TS, URL, USER, Body, if_given, matching, parser, text


@dataclass(frozen=True, slots=True)
class Click:
    """A button was pressed, or an option of a menu chosen. `value` is what we wrote into it.

    In a modal and on a Home there is no message: `channel` and `message_ts` are empty. `chosen` is the channel
    that was chosen in a menu of channels, and `block` the id of the block that this is in.
    """

    key: str
    channel: str
    user: str
    action: str
    value: str
    trigger_id: str
    message_ts: str
    thread_ts: str | None
    response_url: str | None
    is_in_modal: bool = False
    chosen: str | None = None
    block: str = ""


@parser
def click(body: Body) -> Click:
    """A block action. Slack sends each once, but a proxy may not; its trigger is its identity."""
    action = body["actions"][0]
    container = body.get("container") or {}
    message = body.get("message") or {}
    return Click(
        key=f"click:{matching(KEY, body['trigger_id'])}",
        channel=if_given(CHANNEL, (body.get("channel") or {}).get("id") or container.get("channel_id")) or "",
        user=matching(USER, body["user"]["id"]),
        action=matching(KEY, action["action_id"]),
        value=text(action.get("value") or (action.get("selected_option") or {}).get("value")),
        trigger_id=body["trigger_id"],
        message_ts=if_given(TS, message.get("ts") or container.get("message_ts")) or "",
        thread_ts=_thread_of_reply(message),
        response_url=if_given(URL, body.get("response_url")),
        is_in_modal=(body.get("view") or {}).get("type") == "modal",
        chosen=if_given(CHANNEL, action.get("selected_conversation")),
        block=if_given(KEY, action.get("block_id")) or "",
    )


def way_back(body: Body) -> str | None:
    """The response URL of a payload that can't be read otherwise, where whoever sent it can be answered."""
    try:
        return if_given(URL, body.get("response_url"))
    except ValueError:
        return None


def is_stranger(body: Body, team: str) -> bool:
    """Whether an interaction comes from a person of another organisation, in a channel shared with it.

    Slack sends it with our team, since that is where the app is; whose person it is stands in `user.team_id`.
    """
    user = body.get("user")
    return isinstance(user, Mapping) and user.get("team_id") not in (None, team)


def _thread_of_reply(message: Body) -> str | None:
    """The thread that a message is a reply in. Slack gives the root of a thread a `thread_ts` too: its own ts."""
    thread_ts = if_given(TS, message.get("thread_ts"))
    return thread_ts if thread_ts != message.get("ts") else None
