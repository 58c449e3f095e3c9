"""The form in which somebody says what their issue does not say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.slack import ids
from bot.slack.payloads.reading import CHANNEL, KEY, TS, USER, Body, if_given, matching, parser, text


@dataclass(frozen=True, slots=True)
class ClarifyForm:
    """It was submitted; `given` are the texts by what was `asked`, `value` is what its button said."""

    key: str
    channel: str
    message_ts: str
    thread_ts: str | None
    user: str
    value: str
    given: Mapping[str, str]
    asked: tuple[str, ...]


@parser
def clarify(body: Body) -> ClarifyForm:
    """A submission of it; where the card is stands in its private metadata."""
    view = body["view"]
    origin = json.loads(view["private_metadata"])
    fields = {
        block.removeprefix(ids.BLOCK_LACK): text(inputs[ids.INPUT_LACK].get("value")).strip()
        for block, inputs in view["state"]["values"].items()
        if block.startswith(ids.BLOCK_LACK)
    }
    return ClarifyForm(
        key=f"view:{matching(KEY, view['id'])}",
        channel=if_given(CHANNEL, origin["channel"]) or "",
        message_ts=if_given(TS, origin["message_ts"]) or "",
        thread_ts=if_given(TS, origin.get("thread_ts")),
        user=matching(USER, body["user"]["id"]),
        value=text(origin["ref"]),
        given={name: said for name, said in fields.items() if said},
        asked=tuple(fields),
    )
