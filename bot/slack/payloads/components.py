"""What people press and submit about a component, in modals that say where they were opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.slack import ids
from bot.slack.payloads.clicks import Click, click
from bot.slack.payloads.reading import CHANNEL, KEY, URL, USER, Body, if_given, matching, parser, text


@dataclass(frozen=True, slots=True)
class ComponentForm:
    """A form about a component was submitted; `value` says which.

    `shown` is what the component was when the form was opened, or the change that is to be taken back, or what is
    to become of it. `texts` are the fields by what is behind the colon of their blocks.
    """

    key: str
    channel: str
    user: str
    value: str
    response_url: str | None
    shown: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecretForm:
    """The form of a secret was submitted. What was typed is shown nowhere."""

    key: str
    channel: str
    user: str
    value: str
    response_url: str | None
    name: str
    secret: str = field(repr=False)


@parser
def component_click(body: Body) -> Click:
    """A press in a private message, or inside of a modal that says where it was opened."""
    pressed = click(body)
    if not pressed.is_in_modal:
        return pressed
    origin = json.loads(body["view"]["private_metadata"])
    return replace(
        pressed,
        channel=matching(CHANNEL, origin["channel"]),
        response_url=if_given(URL, origin.get("response_url")),
    )


@parser
def component_form(body: Body) -> ComponentForm:
    """A submission of any form about a component but that of a secret."""
    view = body["view"]
    origin = json.loads(view["private_metadata"])
    return ComponentForm(
        key=f"view:{matching(KEY, view['id'])}",
        channel=matching(CHANNEL, origin["channel"]),
        user=matching(USER, body["user"]["id"]),
        value=text(origin["ref"]),
        response_url=if_given(URL, origin.get("response_url")),
        shown=text(origin.get("shown")),
        texts={
            block.removeprefix(ids.BLOCK_FIELD): _typed(fields[ids.INPUT_FIELD])
            for block, fields in view["state"]["values"].items()
            if block.startswith(ids.BLOCK_FIELD)
        },
    )


@parser
def secret_form(body: Body) -> SecretForm:
    """A submission of the form of a secret."""
    view = body["view"]
    origin = json.loads(view["private_metadata"])
    values = view["state"]["values"]
    return SecretForm(
        key=f"view:{matching(KEY, view['id'])}",
        channel=matching(CHANNEL, origin["channel"]),
        user=matching(USER, body["user"]["id"]),
        value=text(origin["ref"]),
        response_url=if_given(URL, origin.get("response_url")),
        name=_typed((values.get(ids.BLOCK_SECRET_NAME) or {}).get(ids.INPUT_SECRET_NAME) or {}),
        secret=_typed((values.get(ids.BLOCK_SECRET) or {}).get(ids.INPUT_SECRET) or {}),
    )


def _typed(state: Body) -> str:
    return text(state.get("value") or (state.get("selected_option") or {}).get("value")).strip()
