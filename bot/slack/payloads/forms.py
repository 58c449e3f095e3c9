"""What people submit: the forms of modals."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass

from bot.slack import ids
from bot.slack.payloads.reading import CHANNEL, KEY, TS, URL, USER, Body, file_of, if_given, matching, parser, text
from services.jobs import AnswerFile


@dataclass(frozen=True, slots=True)
class NewIssue:
    """The modal for a new issue was submitted; `channel` is empty where it was opened in none."""

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

    `value` is what its button said, `message_ts` where that is (empty on a Home), and `response_url` leads back to
    it, if the form says so. `outputs` are the texts that were given for what
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

    On a Home it is in no message, and `channel` and `message_ts` are empty.

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


@parser
def new_issue(body: Body) -> NewIssue:
    """A submission of the modal for a new issue; where it was opened stands in its private metadata."""
    view = body["view"]
    values = view["state"]["values"]
    place = values[ids.BLOCK_PLACE][ids.INPUT_PLACE].get("value")
    urgency = values[ids.BLOCK_URGENCY][ids.INPUT_URGENCY].get("selected_option")
    origin = json.loads(view["private_metadata"])
    return NewIssue(
        key=f"view:{matching(KEY, view['id'])}",
        channel=if_given(CHANNEL, origin["channel"]) or "",
        user=matching(USER, body["user"]["id"]),
        text=text(values[ids.BLOCK_ISSUE][ids.INPUT_ISSUE].get("value")).strip(),
        place=text(place).strip() or None,
        urgency=text(urgency["value"]) if urgency else None,
        response_url=if_given(URL, origin.get("response_url")),
    )


@parser
def reason(body: Body) -> Reason:
    """A submission of the modal that asks why a step is rejected or skipped, or how it was done."""
    view = body["view"]
    values = view["state"]["values"]
    origin = json.loads(view["private_metadata"])
    return Reason(
        key=f"view:{matching(KEY, view['id'])}",
        channel=if_given(CHANNEL, origin["channel"]) or "",
        message_ts=if_given(TS, origin["message_ts"]) or "",
        thread_ts=if_given(TS, origin.get("thread_ts")),
        user=matching(USER, body["user"]["id"]),
        value=text(origin["ref"]),
        text=text(values[ids.BLOCK_REASON][ids.INPUT_REASON].get("value")).strip(),
        outputs=tuple(_outputs(values)),
        response_url=if_given(URL, origin.get("response_url")),
    )


@parser
def approvals(body: Body) -> ApprovalRulesForm:
    """A submission of the form for who may decide."""
    view = body["view"]
    values = view["state"]["values"]
    outcome = values[ids.BLOCK_OUTCOME][ids.INPUT_OUTCOME].get("selected_option")
    chosen = values[ids.BLOCK_APPROVERS][ids.INPUT_APPROVERS].get("selected_users") or ()
    origin = json.loads(view["private_metadata"])
    return ApprovalRulesForm(
        key=f"view:{matching(KEY, view['id'])}",
        channel=if_given(CHANNEL, origin["channel"]) or "",
        user=matching(USER, body["user"]["id"]),
        approvers=tuple(dict.fromkeys(matching(KEY, user) for user in chosen)),
        quorum=text(values[ids.BLOCK_QUORUM][ids.INPUT_QUORUM].get("value")).strip(),
        remind_after=text(values[ids.BLOCK_REMINDER][ids.INPUT_REMINDER].get("value")).strip(),
        limit=text(values[ids.BLOCK_LIMIT][ids.INPUT_LIMIT].get("value")).strip(),
        outcome=text(outcome["value"]) if outcome else "",
        response_url=if_given(URL, origin.get("response_url")),
    )


@parser
def answer(body: Body) -> AnswerForm:
    """A submission of the form behind a question."""
    view = body["view"]
    given = view["state"]["values"][ids.BLOCK_ANSWER][ids.INPUT_ANSWER]
    written = given.get("value") or (given.get("selected_option") or {}).get("value") or ""
    origin = json.loads(view["private_metadata"])
    return AnswerForm(
        key=f"view:{matching(KEY, view['id'])}",
        channel=if_given(CHANNEL, origin["channel"]) or "",
        message_ts=if_given(TS, origin["message_ts"]) or "",
        user=matching(USER, body["user"]["id"]),
        value=text(origin["ref"]),
        answer=text(written).strip(),
        files=tuple(map(file_of, given["files"])) if given["type"] == "file_input" else None,
    )


def _outputs(values: Body) -> Iterator[str]:
    for number in itertools.count():
        given = (values.get(f"{ids.BLOCK_OUTPUT}{number}") or {}).get(ids.INPUT_OUTPUT)
        if given is None:
            return
        yield text(given.get("value") or (given.get("selected_option") or {}).get("value")).strip()
