"""What Slack says of the bot as an agent."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.payloads.reading import CHANNEL, KEY, TS, USER, Body, matching, parser


@dataclass(frozen=True, slots=True)
class SessionStopped:
    """Somebody pressed Stop at a session of the bot's: in a thread, or at a message that begins none."""

    key: str
    user: str
    channel: str
    thread_ts: str


@parser
def session_stopped(body: Body) -> SessionStopped:
    """An agent_session_stopped event. The session is that of the thread, or of the first message that it names."""
    event = body["event"]
    return SessionStopped(
        key=f"event:{matching(KEY, body['event_id'])}",
        user=matching(USER, event["user"]),
        channel=matching(CHANNEL, event["channel"]),
        thread_ts=matching(TS, event.get("thread_ts") or event["streaming_message_ts"][0]),
    )
