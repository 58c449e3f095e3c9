"""The outside of what Slack sends: whether it has the outer shape that Bolt takes for granted, and whose it is.

Shapes: https://docs.slack.dev/interactivity/handling-user-interaction and https://docs.slack.dev/apis/events-api.
What is inside is read by `bot.slack.payloads`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import MalformedPayload


class _Outside(BaseModel):
    model_config = ConfigDict(strict=True)


class _Command(_Outside):
    command: str


class _EventInside(_Outside):
    type: str
    subtype: str | None = None
    message: dict[str, Any] | None = None
    previous_message: dict[str, Any] | None = None


class _Event(_Outside):
    event: _EventInside


class _Action(_Outside):
    type: str
    action_id: str
    block_id: str | None = None


class _Actions(_Outside):
    actions: Annotated[list[_Action], Field(min_length=1)]


class _ViewInside(_Outside):
    type: str
    callback_id: str


class _View(_Outside):
    view: _ViewInside


class _Suggestion(_Outside):
    action_id: str


class _Shortcut(_Outside):
    callback_id: str


_OUTSIDES: dict[str, type[_Outside]] = {
    "command": _Command,
    "event_callback": _Event,
    "block_actions": _Actions,
    "view_submission": _View,
    "view_closed": _View,
    "block_suggestion": _Suggestion,
    "message_action": _Shortcut,
    "shortcut": _Shortcut,
    "url_verification": _Outside,
}
"""By kind, what Bolt reads without looking whether it is there."""


LIFECYCLE = "lifecycle"
LIFECYCLE_EVENTS = frozenset({"app_uninstalled", "tokens_revoked", "team_access_granted", "team_access_revoked"})
"""By these a workspace comes or goes: no listener of one workspace's can be asked about them."""


def kind_of(body: object) -> str:
    """What a payload is, e.g. `command` or `block_actions`.

    `other` if it is of no kind that Bolt has to see, LIFECYCLE if a workspace comes or goes by it.

    Raises MalformedPayload if it has not the outer shape of its kind.
    """
    if not isinstance(body, dict):
        raise MalformedPayload("no object")
    kind = "command" if "command" in body else body.get("type")
    outside = _OUTSIDES.get(kind) if isinstance(kind, str) else None
    if outside is None:
        return "other"
    try:
        outside.model_validate(body)
    except (ValidationError, RecursionError) as error:
        raise MalformedPayload(f"not the outer shape of a {kind}") from error
    if kind == "event_callback" and body["event"]["type"] in LIFECYCLE_EVENTS:
        return LIFECYCLE
    return str(kind)


def workspace_of(body: Mapping[str, Any]) -> str | None:
    """The workspace whose installation a payload is for; None if it names none.

    An event in a shared channel may name the workspace of another organisation as its `team_id`; whose it is then
    stands in `authorizations`. In an organisation-wide installation `team` is null, and the person's is meant.
    """
    event = _inner(body, "event")
    return _first_text(
        _inner(body, "view").get("app_installed_team_id"),
        _inner(body, "team").get("id"),
        body.get("team"),
        _first_of(body.get("authorizations")).get("team_id"),
        body.get("team_id"),
        event.get("team_id"),
        event.get("team"),
        _inner(body, "user").get("team_id"),
        _inner(body, "view").get("team_id"),
    )


def organisation_of(body: Mapping[str, Any]) -> str | None:
    """The organisation whose installation, for all of its workspaces, a payload is for; None if it is for one.

    Slash commands have `is_enterprise_install` as a text.
    """
    authorization = _first_of(body.get("authorizations"))
    if not any(each.get("is_enterprise_install") in (True, "true") for each in (body, authorization)):
        return None
    return _first_text(
        _inner(body, "enterprise").get("id"),
        authorization.get("enterprise_id"),
        body.get("enterprise_id"),
        _inner(body, "team").get("enterprise_id"),
    )


def _inner(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = body.get(name)
    return inner if isinstance(inner, dict) else {}


def _first_of(values: object) -> Mapping[str, Any]:
    first = values[0] if isinstance(values, list) and values else None
    return first if isinstance(first, dict) else {}


def _first_text(*values: object) -> str | None:
    return next((value for value in values if isinstance(value, str) and value), None)
