"""What Slack says of people themselves."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.payloads.reading import KEY, USER, Body, matching, parser


@dataclass(frozen=True, slots=True)
class UserChanged:
    """Something about a person is not as it was: their name, their status, the language of their Slack."""

    key: str
    user: str
    channel: str = ""


@parser
def user_changed(body: Body) -> UserChanged:
    """A user_change event: https://docs.slack.dev/reference/events/user_change."""
    return UserChanged(
        key=f"event:{matching(KEY, body['event_id'])}", user=matching(USER, body["event"]["user"]["id"])
    )
