"""What people submit about notifications: their own settings, and the forms behind a gate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from bot.slack import ids
from bot.slack.payloads.reading import CHANNEL, KEY, TS, URL, USER, Body, if_given, matching, parser, text


@dataclass(frozen=True, slots=True)
class NotificationsForm:
    """The form for notifications was submitted."""

    key: str
    channel: str
    user: str
    mode: str
    deputy: str | None
    first: date | None
    last: date | None
    response_url: str | None


@dataclass(frozen=True, slots=True)
class GateForm:
    """A form behind a gate was submitted: a person was chosen, and in one of the two something asked."""

    key: str
    channel: str
    message_ts: str
    thread_ts: str | None
    user: str
    value: str
    person: str | None
    text: str


@parser
def notifications(body: Body) -> NotificationsForm:
    """A submission of the form for notifications."""
    view = body["view"]
    values = view["state"]["values"]
    mode = values[ids.BLOCK_MODE][ids.INPUT_MODE].get("selected_option")
    origin = json.loads(view["private_metadata"])
    return NotificationsForm(
        key=f"view:{matching(KEY, view['id'])}",
        channel=matching(CHANNEL, origin["channel"]),
        user=matching(USER, body["user"]["id"]),
        mode=text(mode["value"]) if mode else "",
        deputy=if_given(USER, values[ids.BLOCK_DEPUTY][ids.INPUT_DEPUTY].get("selected_user")),
        first=_day(values[ids.BLOCK_FIRST_DAY][ids.INPUT_FIRST_DAY].get("selected_date")),
        last=_day(values[ids.BLOCK_LAST_DAY][ids.INPUT_LAST_DAY].get("selected_date")),
        response_url=if_given(URL, origin.get("response_url")),
    )


@parser
def gate_form(body: Body) -> GateForm:
    """A submission of the forms to hand a gate over, or to ask for more."""
    view = body["view"]
    values = view["state"]["values"]
    origin = json.loads(view["private_metadata"])
    asked = (values.get(ids.BLOCK_REASON) or {}).get(ids.INPUT_REASON) or {}
    chosen = (values.get(ids.BLOCK_PERSON) or {}).get(ids.INPUT_PERSON) or {}
    return GateForm(
        key=f"view:{matching(KEY, view['id'])}",
        channel=if_given(CHANNEL, origin["channel"]) or "",
        message_ts=if_given(TS, origin["message_ts"]) or "",
        thread_ts=if_given(TS, origin.get("thread_ts")),
        user=matching(USER, body["user"]["id"]),
        value=text(origin["ref"]),
        person=if_given(USER, chosen.get("selected_user")),
        text=text(asked.get("value")).strip(),
    )


def _day(value: object) -> date | None:
    return date.fromisoformat(text(value)) if value else None
