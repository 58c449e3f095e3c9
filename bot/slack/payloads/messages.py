"""What people type behind a slash command."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.payloads.reading import CHANNEL, KEY, URL, USER, Body, matching, parser, text
from services.mentions import parts_of, readable


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
