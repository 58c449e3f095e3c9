"""What people do without a word: shortcuts, and emoji that they put on messages."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.payloads.reading import CHANNEL, KEY, TS, URL, USER, Body, if_given, matching, parser, text


@dataclass(frozen=True, slots=True)
class MessageShortcut:
    """A shortcut was chosen in the menu of a message. `user` is who did, and need not be who wrote that."""

    key: str
    channel: str
    user: str
    message_ts: str
    response_url: str | None


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A shortcut of the app was chosen, which Slack sends from no channel."""

    key: str
    user: str
    trigger_id: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji was put on a message: its `name` without colons and skin tone, and who wrote that, if known."""

    key: str
    channel: str
    user: str
    message_ts: str
    name: str
    author: str


@parser
def message_shortcut(body: Body) -> MessageShortcut:
    """A message_action. Its trigger is its identity."""
    return MessageShortcut(
        key=f"shortcut:{matching(KEY, body['trigger_id'])}",
        channel=matching(CHANNEL, body["channel"]["id"]),
        user=matching(USER, body["user"]["id"]),
        message_ts=matching(TS, body["message"]["ts"]),
        response_url=if_given(URL, body.get("response_url")),
    )


@parser
def shortcut(body: Body) -> Shortcut:
    """A global shortcut."""
    return Shortcut(
        key=f"shortcut:{matching(KEY, body['trigger_id'])}",
        user=matching(USER, body["user"]["id"]),
        trigger_id=body["trigger_id"],
    )


@parser
def reaction(body: Body) -> Reaction:
    """A reaction_added event. On what is no message, such as a file, there is nothing: `message_ts` is empty."""
    event = body["event"]
    item = event["item"]
    is_message = item.get("type") == "message"
    return Reaction(
        key=f"event:{matching(KEY, body['event_id'])}",
        channel=matching(CHANNEL, item["channel"]) if is_message else "",
        user=matching(USER, event["user"]),
        message_ts=matching(TS, item["ts"]) if is_message else "",
        name=text(event["reaction"]).partition("::")[0],
        author=if_given(USER, event.get("item_user")) or "",
    )
