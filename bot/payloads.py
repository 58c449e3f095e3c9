"""Slack's dicts become frozen requests here; the only file that indexes into bodies.

Each parser raises MalformedPayload rather than let a missing member surface somewhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from bot import ids
from bot.errors import MalformedPayload
from services.jobs import AnswerFile

Body = Mapping[str, Any]
R = TypeVar("R")
_NAME = 255


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command."""

    key: str
    team: str
    channel: str
    user: str
    text: str
    trigger_id: str
    response_url: str


@dataclass(frozen=True, slots=True)
class Mention:
    """The bot was mentioned; `thread_ts` is the thread that an answer belongs in."""

    key: str
    team: str
    channel: str
    user: str
    text: str
    message_ts: str
    thread_ts: str
    from_person: bool


@dataclass(frozen=True, slots=True)
class Click:
    """A button was pressed, or an option of a menu chosen. `value` is what we wrote into it.

    In a modal there is no message: `message_ts` is empty.
    """

    key: str
    team: str
    channel: str
    user: str
    action: str
    value: str
    trigger_id: str
    message_ts: str
    thread_ts: str | None
    response_url: str | None


@dataclass(frozen=True, slots=True)
class NewIssue:
    """The modal for a new issue was submitted."""

    key: str
    team: str
    channel: str
    user: str
    text: str
    place: str | None
    urgency: str | None
    response_url: str | None


@dataclass(frozen=True, slots=True)
class Reason:
    """A modal that asked for words about a step was submitted.

    `value` is what its button said, `message_ts` where that is.
    """

    key: str
    team: str
    channel: str
    message_ts: str
    thread_ts: str | None
    user: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Approvals:
    """The form for who may decide was submitted; its numbers are as they were typed."""

    key: str
    team: str
    channel: str
    user: str
    approvers: tuple[str, ...]
    quorum: str
    remind_after: str
    limit: str
    outcome: str
    response_url: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The form behind a question was submitted; `value` is what its button said, `message_ts` where that is.

    `answer` is a text, or of a choice the number of the option; empty if there is none. `files` are what was
    chosen where the form asks for files, else None.
    """

    key: str
    team: str
    channel: str
    message_ts: str
    user: str
    value: str
    answer: str
    files: tuple[AnswerFile, ...] | None


def _parser(function: Callable[[Body], R]) -> Callable[[Body], R]:
    @wraps(function)
    def parse(body: Body) -> R:
        try:
            return function(body)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise MalformedPayload(f"{function.__name__}: {type(error).__name__}") from error

    return parse


@_parser
def command(body: Body) -> Command:
    """A slash command's form. Slack's id of it is its trigger."""
    return Command(
        key=f"command:{body['trigger_id']}",
        team=body["team_id"],
        channel=body["channel_id"],
        user=body["user_id"],
        text=_unescaped(storable(body.get("text") or "")).strip(),
        trigger_id=body["trigger_id"],
        response_url=body["response_url"],
    )


@_parser
def mention(body: Body) -> Mention:
    """An app_mention event. Its identity is (channel, ts): an edit of the same message is the same issue."""
    event = body["event"]
    return Mention(
        key=f"message:{body['team_id']}:{event['channel']}:{event['ts']}",
        team=body["team_id"],
        channel=event["channel"],
        user=event.get("user") or "",
        text=_unescaped(_without_leading_mention(storable(event.get("text") or ""))),
        message_ts=event["ts"],
        thread_ts=event.get("thread_ts") or event["ts"],
        from_person=bool(event.get("user")) and not event.get("bot_id") and not event.get("subtype"),
    )


@_parser
def click(body: Body) -> Click:
    """A block action. Slack sends each once, but a proxy may not; its trigger is its identity."""
    action = body["actions"][0]
    container = body.get("container") or {}
    message = body.get("message") or {}
    return Click(
        key=f"click:{body['trigger_id']}",
        team=body["team"]["id"],
        channel=(body.get("channel") or {}).get("id") or container.get("channel_id") or "",
        user=body["user"]["id"],
        action=action["action_id"],
        value=action.get("value") or (action.get("selected_option") or {}).get("value") or "",
        trigger_id=body["trigger_id"],
        message_ts=message.get("ts") or container.get("message_ts") or "",
        thread_ts=message.get("thread_ts"),
        response_url=body.get("response_url"),
    )


@_parser
def new_issue(body: Body) -> NewIssue:
    """A submission of the modal for a new issue; where it was opened stands in its private metadata."""
    view = body["view"]
    values = view["state"]["values"]
    place = values[ids.BLOCK_PLACE][ids.INPUT_PLACE].get("value")
    urgency = values[ids.BLOCK_URGENCY][ids.INPUT_URGENCY].get("selected_option")
    origin = json.loads(view["private_metadata"])
    return NewIssue(
        key=f"view:{view['id']}",
        team=body["team"]["id"],
        channel=origin["channel"],
        user=body["user"]["id"],
        text=storable(values[ids.BLOCK_ISSUE][ids.INPUT_ISSUE].get("value") or "").strip(),
        place=storable(place).strip() or None if place else None,
        urgency=urgency["value"] if urgency else None,
        response_url=origin.get("response_url"),
    )


@_parser
def reason(body: Body) -> Reason:
    """A submission of the modal that asks why a step is rejected, or how it was done."""
    view = body["view"]
    origin = json.loads(view["private_metadata"])
    return Reason(
        key=f"view:{view['id']}",
        team=body["team"]["id"],
        channel=origin["channel"],
        message_ts=origin["message_ts"],
        thread_ts=origin.get("thread_ts"),
        user=body["user"]["id"],
        value=origin["ref"],
        text=storable(view["state"]["values"][ids.BLOCK_REASON][ids.INPUT_REASON].get("value") or "").strip(),
    )


@_parser
def approvals(body: Body) -> Approvals:
    """A submission of the form for who may decide."""
    view = body["view"]
    values = view["state"]["values"]
    outcome = values[ids.BLOCK_OUTCOME][ids.INPUT_OUTCOME].get("selected_option")
    origin = json.loads(view["private_metadata"])
    return Approvals(
        key=f"view:{view['id']}",
        team=body["team"]["id"],
        channel=origin["channel"],
        user=body["user"]["id"],
        approvers=tuple(dict.fromkeys(values[ids.BLOCK_APPROVERS][ids.INPUT_APPROVERS]["selected_users"] or ())),
        quorum=(values[ids.BLOCK_QUORUM][ids.INPUT_QUORUM].get("value") or "").strip(),
        remind_after=(values[ids.BLOCK_REMINDER][ids.INPUT_REMINDER].get("value") or "").strip(),
        limit=(values[ids.BLOCK_LIMIT][ids.INPUT_LIMIT].get("value") or "").strip(),
        outcome=outcome["value"] if outcome else "",
        response_url=origin.get("response_url"),
    )


@_parser
def answer(body: Body) -> Answer:
    """A submission of the form behind a question."""
    view = body["view"]
    given = view["state"]["values"][ids.BLOCK_ANSWER][ids.INPUT_ANSWER]
    text = given.get("value") or (given.get("selected_option") or {}).get("value") or ""
    origin = json.loads(view["private_metadata"])
    return Answer(
        key=f"view:{view['id']}",
        team=body["team"]["id"],
        channel=origin["channel"],
        message_ts=origin["message_ts"],
        user=body["user"]["id"],
        value=origin["ref"],
        answer=storable(text).strip(),
        files=tuple(map(_file, given["files"])) if given["type"] == "file_input" else None,
    )


def _file(file: Body) -> AnswerFile:
    """A file as Slack describes it, without the addresses that only a token opens."""
    permalink = file.get("permalink") or ""
    return AnswerFile(
        id=file["id"],
        name=storable(file.get("name") or file["id"])[:_NAME],
        mimetype=file.get("mimetype") or "",
        permalink=permalink if permalink.startswith("https://") else "",
    )


def is_stranger(body: Body, team: str) -> bool:
    """Whether an interaction comes from a person of another organisation, in a channel shared with it.

    Slack sends it with our team, since that is where the app is; whose person it is stands in `user.team_id`.
    """
    user = body.get("user")
    return isinstance(user, Mapping) and user.get("team_id") not in (None, team)


def _unescaped(text: str) -> str:
    """What a person typed: in messages and commands Slack escapes these three, and nothing else."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def storable(text: str) -> str:
    """The text as it is, but for what PostgreSQL can't hold: NUL, and halves of surrogate pairs."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _without_leading_mention(text: str) -> str:
    return re.sub(r"^\s*<@[A-Z0-9]+(\|[^>]*)?>[\s,:]*", "", text).strip()
