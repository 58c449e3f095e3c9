"""What Slack says of the bot as an agent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from bot.slack.ids import FUNCTION_DRAFT, FUNCTION_RUN
from bot.slack.payloads.reading import CHANNEL, KEY, TS, URL, USER, Body, if_given, matching, parser, text

EXECUTION = re.compile(r"Fx[A-Za-z0-9]{1,60}")


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


@dataclass(frozen=True, slots=True)
class FunctionExecuted:
    """A workflow has come to a step of ours. `user` is the person as whom it runs, where it says so.

    `text` is the issue, `number` the plan's; what a step does not take is empty. The token that comes with it is
    good only for a while, and is not read.
    """

    key: str
    function: str
    execution: str
    text: str
    number: int | None
    user: str
    channel: str


@parser
def function_executed(body: Body) -> FunctionExecuted:
    """A function_executed event. Slack's id of the execution is its own: it is sent again under the same."""
    event = body["event"]
    function, inputs = event["function"]["callback_id"], event.get("inputs") or {}
    if function not in (FUNCTION_DRAFT, FUNCTION_RUN):
        raise ValueError("a function that is not ours")
    execution = matching(EXECUTION, event["function_execution_id"])
    return FunctionExecuted(
        key=f"function:{execution}",
        function=function,
        execution=execution,
        text=text(inputs.get("issue")).strip(),
        number=_number(inputs.get("plan_number")),
        user=_person(inputs.get("person")) or "",
        channel=if_given(CHANNEL, inputs.get("channel")) or "",
    )


@dataclass(frozen=True, slots=True)
class DetailsRequested:
    """Somebody looks at a plan in the pane beside; `channel` is where they came from, if it is said."""

    key: str
    user: str
    channel: str
    trigger_id: str
    plan: UUID
    url: str


@parser
def details_requested(body: Body) -> DetailsRequested:
    """An entity_details_requested event about an object of ours."""
    event = body["event"]
    return DetailsRequested(
        key=f"event:{matching(KEY, body['event_id'])}",
        user=matching(USER, event["user"]),
        channel=if_given(CHANNEL, event.get("channel")) or "",
        trigger_id=matching(KEY, event["trigger_id"]),
        plan=UUID(matching(KEY, event["external_ref"]["id"])),
        url=matching(URL, event["entity_url"]),
    )


def _number(value: Any) -> int | None:
    """The number of a plan, which a form may give as a text."""
    said = str(value).strip().removeprefix("#")
    return int(said) if re.fullmatch(r"[0-9]{1,9}", said) else None


def _person(value: Any) -> str | None:
    """Who it is: Slack gives a user_context, which nobody can type in."""
    return if_given(USER, value.get("id")) if isinstance(value, dict) else None
