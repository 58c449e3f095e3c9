"""What people submit and press to change a draft."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.slack import ids
from bot.slack.payloads.clicks import Click, click
from bot.slack.payloads.reading import CHANNEL, KEY, TS, USER, Body, if_given, matching, parser, text

_NUMBER = re.compile(r"^[0-9,]+\. ")


@dataclass(frozen=True, slots=True)
class Form:
    """A form about a plan was submitted; `value` says which, `message_ts` where its card is.

    `step` is the id of the step that it is about, or that was chosen in it.
    """

    key: str
    channel: str
    message_ts: str
    thread_ts: str | None
    user: str
    value: str
    step: str = ""

    @property
    def place(self) -> dict[str, str]:
        """Where the card is, for the next form."""
        found = {"channel": self.channel, "message_ts": self.message_ts}
        return {**found, "thread_ts": self.thread_ts} if self.thread_ts else found


@dataclass(frozen=True, slots=True)
class WishForm(Form):
    """What should be different: in words, and by the titles of the steps that were chosen."""

    text: str = ""
    left_out: tuple[str, ...] = ()
    asked_before: tuple[str, ...] = ()

    @property
    def wish(self) -> str:
        """All of it as one text."""
        chosen = [
            *(f"Leave out: {title}." for title in self.left_out),
            *(f"Ask a person before: {title}." for title in self.asked_before),
        ]
        return "\n".join(part for part in (self.text, *chosen) if part)


@dataclass(frozen=True, slots=True)
class StepEditForm(Form):
    """What a step should be. `values` are the texts by the numbers of the fields that were shown."""

    values: Mapping[int, str] = field(default_factory=dict)
    gated: bool = False
    after: tuple[str, ...] = ()
    removed: bool = False


@parser
def wish(body: Body) -> WishForm:
    """A submission of the form behind Request changes."""
    values = body["view"]["state"]["values"]
    form = _form(body)
    return WishForm(
        key=form.key,
        channel=form.channel,
        message_ts=form.message_ts,
        thread_ts=form.thread_ts,
        user=form.user,
        value=form.value,
        text=text(values[ids.BLOCK_WISH][ids.INPUT_WISH].get("value")).strip(),
        left_out=tuple(_titles(values, ids.BLOCK_LEAVE_OUT, ids.INPUT_LEAVE_OUT)),
        asked_before=tuple(_titles(values, ids.BLOCK_ASK_BEFORE, ids.INPUT_ASK_BEFORE)),
    )


@parser
def step_choice(body: Body) -> Form:
    """A submission of the form that asks which step."""
    chosen = body["view"]["state"]["values"][ids.BLOCK_STEP][ids.INPUT_STEP]["selected_option"]
    return replace(_form(body), step=text(chosen["value"]))


@parser
def step_edit(body: Body) -> StepEditForm:
    """A submission of the form of a step."""
    values = body["view"]["state"]["values"]
    form = _form(body)
    return StepEditForm(
        key=form.key,
        channel=form.channel,
        message_ts=form.message_ts,
        thread_ts=form.thread_ts,
        user=form.user,
        value=form.value,
        step=form.step,
        values=dict(_values(values)),
        gated=bool(list(_chosen(values, ids.BLOCK_GATE, ids.INPUT_GATE))),
        after=tuple(text(each["value"]) for each in _chosen(values, ids.BLOCK_AFTER, ids.INPUT_AFTER)),
        removed=bool(list(_chosen(values, ids.BLOCK_REMOVE, ids.INPUT_REMOVE))),
    )


@parser
def comparison(body: Body) -> Form:
    """A submission of the modal that compares two versions: the older one is wanted back."""
    return _form(body)


@parser
def click_in_modal(body: Body) -> Click:
    """A press inside of a modal that says where the card is that it belongs to."""
    origin = json.loads(body["view"]["private_metadata"])
    return replace(
        click(body),
        channel=matching(CHANNEL, origin["channel"]),
        message_ts=matching(TS, origin["message_ts"]),
        thread_ts=if_given(TS, origin.get("thread_ts")),
    )


def _form(body: Body) -> Form:
    view = body["view"]
    origin = json.loads(view["private_metadata"])
    return Form(
        key=f"view:{matching(KEY, view['id'])}",
        channel=matching(CHANNEL, origin["channel"]),
        message_ts=matching(TS, origin["message_ts"]),
        thread_ts=if_given(TS, origin.get("thread_ts")),
        user=matching(USER, body["user"]["id"]),
        value=text(origin["ref"]),
        step=text(origin.get("step")),
    )


def _chosen(values: Body, block: str, action: str) -> Iterator[Any]:
    given = (values.get(block) or {}).get(action) or {}
    yield from given.get("selected_options") or ()


def _titles(values: Body, block: str, action: str) -> Iterator[str]:
    for option in _chosen(values, block, action):
        yield _NUMBER.sub("", text(option["text"]["text"])).rstrip(".")


def _values(values: Body) -> Iterator[tuple[int, str]]:
    for block, actions in values.items():
        if block.startswith(ids.BLOCK_VALUE) and block.removeprefix(ids.BLOCK_VALUE).isdecimal():
            given = actions[ids.INPUT_VALUE]
            chosen = given.get("selected_option") or {}
            yield int(block.removeprefix(ids.BLOCK_VALUE)), text(given.get("value") or chosen.get("value")).strip()
