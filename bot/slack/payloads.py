"""Slack's dicts become frozen requests here; the only file that indexes into bodies.

Each parser raises MalformedPayload rather than let a missing member surface somewhere else.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from bot.errors import MalformedPayload
from bot.slack import ids
from bot.slack.envelopes import workspace_of
from services.formats.storable import typed
from services.jobs import AnswerFile
from services.mentions import escaped, parts_of, readable

Body = Mapping[str, Any]
R = TypeVar("R")
_NAME = 255


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


@dataclass(frozen=True, slots=True)
class Mention:
    """The bot was mentioned; `thread_ts` is the thread that this happened in, if it was one.

    `markup` is Slack's own form of what was said, without the mention that called; `text` is how it reads.
    """

    key: str
    channel: str
    user: str
    markup: str
    text: str
    message_ts: str
    thread_ts: str | None
    from_person: bool


@dataclass(frozen=True, slots=True)
class Click:
    """A button was pressed, or an option of a menu chosen. `value` is what we wrote into it.

    In a modal there is no message: `message_ts` is empty.
    """

    key: str
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
    channel: str
    user: str
    text: str
    place: str | None
    urgency: str | None
    response_url: str | None


@dataclass(frozen=True, slots=True)
class Reason:
    """A modal that asked for words about a step was submitted.

    `value` is what its button said, `message_ts` where that is, and `response_url` leads back to it, if the
    form says so. `outputs` are the texts that were given for what
    later steps take, in the order of the form.
    """

    key: str
    channel: str
    message_ts: str
    thread_ts: str | None
    user: str
    value: str
    text: str
    outputs: tuple[str, ...]
    response_url: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalRulesForm:
    """The form for who may decide was submitted; its numbers are as they were typed."""

    key: str
    channel: str
    user: str
    approvers: tuple[str, ...]
    quorum: str
    remind_after: str
    limit: str
    outcome: str
    response_url: str | None


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """The form behind a question was submitted; `value` is what its button said, `message_ts` where that is.

    `answer` is a text, or of a choice the number of the option; empty if there is none. `files` are what was
    chosen where the form asks for files, else None.
    """

    key: str
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
        except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise MalformedPayload(f"{function.__name__}: {type(error).__name__}") from error

    return parse


@_parser
def command(body: Body) -> Command:
    """A slash command's form. Slack's id of it is its trigger."""
    markup = _text(body.get("text")).strip()
    return Command(
        key=f"command:{_matching(_KEY, body['trigger_id'])}",
        channel=_matching(_CHANNEL, body["channel_id"]),
        user=_matching(_USER, body["user_id"]),
        markup=markup,
        text=readable(parts_of(markup)),
        trigger_id=body["trigger_id"],
        response_url=_matching(_URL, body["response_url"]),
    )


@_parser
def mention(body: Body) -> Mention:
    """An app_mention event. Its identity is (channel, ts): an edit of the same message is the same issue."""
    event = body["event"]
    team, channel = _matching(_TEAM, workspace_of(body)), _matching(_CHANNEL, event["channel"])
    ts = _matching(_TS, event["ts"])
    markup = _with_files(_without_leading_mention(_text(event.get("text"))), event.get("files") or ())
    return Mention(
        key=f"message:{team}:{channel}:{ts}",
        channel=channel,
        user=_if_given(_USER, event.get("user")) or "",
        markup=markup,
        text=readable(parts_of(markup)),
        message_ts=ts,
        thread_ts=_if_given(_TS, event.get("thread_ts")),
        from_person=bool(event.get("user")) and not event.get("bot_id") and event.get("subtype") in _OF_PEOPLE,
    )


@_parser
def click(body: Body) -> Click:
    """A block action. Slack sends each once, but a proxy may not; its trigger is its identity."""
    action = body["actions"][0]
    container = body.get("container") or {}
    message = body.get("message") or {}
    return Click(
        key=f"click:{_matching(_KEY, body['trigger_id'])}",
        channel=_if_given(_CHANNEL, (body.get("channel") or {}).get("id") or container.get("channel_id")) or "",
        user=_matching(_USER, body["user"]["id"]),
        action=_matching(_KEY, action["action_id"]),
        value=_text(action.get("value") or (action.get("selected_option") or {}).get("value")),
        trigger_id=body["trigger_id"],
        message_ts=_if_given(_TS, message.get("ts") or container.get("message_ts")) or "",
        thread_ts=_thread_of_reply(message),
        response_url=_if_given(_URL, body.get("response_url")),
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
        key=f"view:{_matching(_KEY, view['id'])}",
        channel=_matching(_CHANNEL, origin["channel"]),
        user=_matching(_USER, body["user"]["id"]),
        text=_text(values[ids.BLOCK_ISSUE][ids.INPUT_ISSUE].get("value")).strip(),
        place=_text(place).strip() or None,
        urgency=_text(urgency["value"]) if urgency else None,
        response_url=_if_given(_URL, origin.get("response_url")),
    )


@_parser
def reason(body: Body) -> Reason:
    """A submission of the modal that asks why a step is rejected or skipped, or how it was done."""
    view = body["view"]
    values = view["state"]["values"]
    origin = json.loads(view["private_metadata"])
    return Reason(
        key=f"view:{_matching(_KEY, view['id'])}",
        channel=_matching(_CHANNEL, origin["channel"]),
        message_ts=_matching(_TS, origin["message_ts"]),
        thread_ts=_if_given(_TS, origin.get("thread_ts")),
        user=_matching(_USER, body["user"]["id"]),
        value=_text(origin["ref"]),
        text=_text(values[ids.BLOCK_REASON][ids.INPUT_REASON].get("value")).strip(),
        outputs=tuple(_outputs(values)),
        response_url=_if_given(_URL, origin.get("response_url")),
    )


@_parser
def approvals(body: Body) -> ApprovalRulesForm:
    """A submission of the form for who may decide."""
    view = body["view"]
    values = view["state"]["values"]
    outcome = values[ids.BLOCK_OUTCOME][ids.INPUT_OUTCOME].get("selected_option")
    chosen = values[ids.BLOCK_APPROVERS][ids.INPUT_APPROVERS].get("selected_users") or ()
    origin = json.loads(view["private_metadata"])
    return ApprovalRulesForm(
        key=f"view:{_matching(_KEY, view['id'])}",
        channel=_matching(_CHANNEL, origin["channel"]),
        user=_matching(_USER, body["user"]["id"]),
        approvers=tuple(dict.fromkeys(_matching(_KEY, user) for user in chosen)),
        quorum=_text(values[ids.BLOCK_QUORUM][ids.INPUT_QUORUM].get("value")).strip(),
        remind_after=_text(values[ids.BLOCK_REMINDER][ids.INPUT_REMINDER].get("value")).strip(),
        limit=_text(values[ids.BLOCK_LIMIT][ids.INPUT_LIMIT].get("value")).strip(),
        outcome=_text(outcome["value"]) if outcome else "",
        response_url=_if_given(_URL, origin.get("response_url")),
    )


@_parser
def answer(body: Body) -> AnswerForm:
    """A submission of the form behind a question."""
    view = body["view"]
    given = view["state"]["values"][ids.BLOCK_ANSWER][ids.INPUT_ANSWER]
    text = given.get("value") or (given.get("selected_option") or {}).get("value") or ""
    origin = json.loads(view["private_metadata"])
    return AnswerForm(
        key=f"view:{_matching(_KEY, view['id'])}",
        channel=_matching(_CHANNEL, origin["channel"]),
        message_ts=_matching(_TS, origin["message_ts"]),
        user=_matching(_USER, body["user"]["id"]),
        value=_text(origin["ref"]),
        answer=_text(text).strip(),
        files=tuple(map(_file, given["files"])) if given["type"] == "file_input" else None,
    )


_OF_PEOPLE = (None, "thread_broadcast", "file_share", "me_message")
"""The subtypes of what people themselves say: also to the channel, with files, and as `/me`."""

_TEAM = re.compile(r"[TE][A-Z0-9]{1,20}")
_USER = re.compile(r"[UW][A-Z0-9]{1,20}")
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,20}")
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
_KEY = re.compile(r"[!-~]{1,255}")
_URL = re.compile(r"https?://[!-~]{1,2000}")


def _matching(form: re.Pattern[str], value: Any) -> str:
    """A value that has the form of what it should be. Raises ValueError: what is kept must be of use later."""
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ValueError(f"not of the form {form.pattern}")
    return value


def _if_given(form: re.Pattern[str], value: Any) -> str | None:
    return _matching(form, value) if value else None


def _text(value: Any) -> str:
    """What a person typed or chose; empty where there is nothing."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("not a text")
    return typed(value)


def _file(file: Body) -> AnswerFile:
    """A file as Slack describes it, without the addresses that only a token opens."""
    permalink = _text(file.get("permalink"))
    return AnswerFile(
        id=_matching(_KEY, file["id"]),
        name=_text(file.get("name") or file["id"])[:_NAME],
        mimetype=_text(file.get("mimetype")),
        permalink=permalink if permalink.startswith("https://") else "",
    )


def way_back(body: Body) -> str | None:
    """The response URL of a payload that can't be read otherwise, where whoever sent it can be answered."""
    try:
        return _if_given(_URL, body.get("response_url"))
    except ValueError:
        return None


def is_stranger(body: Body, team: str) -> bool:
    """Whether an interaction comes from a person of another organisation, in a channel shared with it.

    Slack sends it with our team, since that is where the app is; whose person it is stands in `user.team_id`.
    """
    user = body.get("user")
    return isinstance(user, Mapping) and user.get("team_id") not in (None, team)


def _outputs(values: Body) -> Iterator[str]:
    for number in itertools.count():
        given = (values.get(f"{ids.BLOCK_OUTPUT}{number}") or {}).get(ids.INPUT_OUTPUT)
        if given is None:
            return
        yield _text(given.get("value") or (given.get("selected_option") or {}).get("value")).strip()


def _thread_of_reply(message: Body) -> str | None:
    """The thread that a message is a reply in. Slack gives the root of a thread a `thread_ts` too: its own ts."""
    thread_ts = _if_given(_TS, message.get("thread_ts"))
    return thread_ts if thread_ts != message.get("ts") else None


def _with_files(markup: str, files: Iterable[Body]) -> str:
    """What was said, and the names of the files that were sent with it."""
    names = ", ".join(escaped(_file(file).name) for file in files)
    return f"{markup}\n(Attached: {names})" if markup and names else markup


def _without_leading_mention(text: str) -> str:
    return re.sub(r"^\s*<@[A-Z0-9]+(\|[^>]*)?>[\s,:]*", "", text).strip()
