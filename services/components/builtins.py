"""The step kinds that Mudda carries out itself: saying something in Slack, asking a person, waiting.

To the agents and to the validator they are components like others. Their keys are nobody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.components.specs import ApprovalPolicy, ComponentSpec

NOTIFY = "slack.notify"
ASK_PERSON = "slack.ask_person"
WAIT_FOR = "wait.for"
WAIT_UNTIL = "wait.until"

RESERVED_PREFIXES = ("slack.", "wait.")
"""No registered component has a key that begins like this."""

REPORTER = "reporter"
"""Stands for whoever reported the issue, where a person is named."""

USER = r"[UW][A-Z0-9]{2,20}"
USER_GROUP = r"S[A-Z0-9]{2,20}"
CHANNEL = r"[CDG][A-Z0-9]{2,20}"
MAX_PEOPLE = 20
"""So many are asked one question at most."""

MAX_PHOTOS = 3
PHOTO_TYPES = ("jpg", "jpeg", "png", "gif", "heic", "webp")
PHOTO_MIMETYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/heic", "image/heif", "image/webp"})
"""What counts as a photo: by its name where one is chosen, by what Slack found it to be where one is taken."""

MAX_TEXT = 3_000
MAX_OPTIONS, MAX_OPTION = 100, 75
MIN_MINUTES, MAX_MINUTES = 0.01, 43_200
EVERY_MINUTES, AT_MOST_MINUTES = 5, 1_440
"""What wait.until goes by where a plan does not say: every 5 minutes at first, for a day at most."""

_MINUTES = {"type": "number", "minimum": MIN_MINUTES, "maximum": MAX_MINUTES}
_LABEL = r"(\|[^>]*)?"
_ASKED = rf"({REPORTER}|{USER}|<@{USER}{_LABEL}>|{USER_GROUP}|<!subteam\^{USER_GROUP}{_LABEL}>)"
_FILE_FIELDS = ("id", "name", "mimetype", "permalink")
_FILE = {"type": "object", "properties": {name: {"type": "string"} for name in _FILE_FIELDS}}


def _spec(
    key: str, name: str, description: str, category: str, method: str, takes: dict[str, Any], gives: dict[str, Any]
) -> ComponentSpec:
    return ComponentSpec(
        key=key,
        name=name,
        description=description,
        category=category,
        type="BUILTIN",
        http_method=method,
        request_schema={"type": "object", "additionalProperties": False, **takes},
        response_schema={"type": "object", "additionalProperties": False, "properties": gives},
        approval=ApprovalPolicy.NONE if method == "GET" else ApprovalPolicy.PLAN,
    )


BUILTINS: Mapping[str, ComponentSpec] = {
    spec.key: spec
    for spec in (
        _spec(
            NOTIFY,
            "Post in Slack",
            "Posts a message: to whoever reported the issue, in the thread of its plan, or to a channel. Where "
            "another component tells these people, use that one.",
            "slack",
            "POST",
            {
                "required": ["to", "message"],
                "properties": {
                    "to": {
                        "type": "string",
                        "pattern": rf"^({REPORTER}|{USER}|{CHANNEL}|<#{CHANNEL}(\|[^>]*)?>)$",
                        "description": f'"{REPORTER}", or the id of a channel: {{{{issue.channel}}}}, or one that '
                        "the issue states",
                    },
                    "message": {
                        "type": "string",
                        "minLength": 1,
                        "description": f"plain text, of which {MAX_TEXT:,} characters are shown",
                    },
                },
            },
            {
                "posted": {"type": "boolean"},
                "channel": {"type": "string"},
                "ts": {"type": "string"},
            },
        ),
        _spec(
            ASK_PERSON,
            "Ask a person",
            "Sends a person, several or a group a question in direct messages, and waits for the first answer, "
            "for days if need be. Only for what no other component knows and a person has to say or to show.",
            "slack",
            "POST",
            {
                "required": ["person", "question", "kind"],
                "properties": {
                    "person": {
                        "type": "string",
                        "pattern": rf"^{_ASKED}([,\s]+{_ASKED})*$",
                        "description": f'"{REPORTER}", or the Slack id of a person (U…) or a user group (S…) whom '
                        f"the issue names; several with commas between them, {MAX_PEOPLE} people at most",
                    },
                    "question": {"type": "string", "minLength": 1},
                    "kind": {
                        "type": "string",
                        "enum": ["text", "choice", "photo", "note"],
                        "description": "text: one line; note: several; choice: one of the options; "
                        f"photo: a picture, or up to {MAX_PHOTOS}",
                    },
                    "options": {
                        "type": "array",
                        "items": {"type": "string", "minLength": 1, "maxLength": MAX_OPTION},
                        "minItems": 2,
                        "maxItems": MAX_OPTIONS,
                        "uniqueItems": True,
                        "description": "only with the kind choice, which needs them",
                    },
                },
                "allOf": [
                    {
                        "if": {"properties": {"kind": {"const": "choice"}}, "required": ["kind"]},
                        "then": {"required": ["options"]},
                    }
                ],
            },
            {
                "answer": {"type": "string", "description": "of a photo a link to it"},
                "answered_by": {"type": "string"},
                "files": {"type": "array", "items": _FILE, "description": "only of the kind photo"},
            },
        ),
        _spec(
            WAIT_FOR,
            "Wait a while",
            "Lets minutes, hours or days pass before the steps behind it. Only where the issue asks for that.",
            "wait",
            "GET",
            {"required": ["minutes"], "properties": {"minutes": _MINUTES}},
            {"waited_until": {"type": "string", "format": "date-time"}},
        ),
        _spec(
            WAIT_UNTIL,
            "Wait until something holds",
            "Calls another component again and again until a field of its answer has a value. That component must "
            "have the method GET. Its inputs are given as inputs in the body here, under path.NAME or query.NAME.",
            "wait",
            "GET",
            {
                "required": ["component", "field"],
                "properties": {
                    "component": {"type": "string", "description": "the id of the component to call"},
                    "path": {"type": "object", "description": "its path inputs"},
                    "query": {"type": "object", "description": "its query inputs"},
                    "field": {
                        "type": "string",
                        "minLength": 1,
                        "description": "of its answer, such as status or items[0].status",
                    },
                    "equals": {"type": "string", "description": "the value to wait for; left out: any value"},
                    "every_minutes": {**_MINUTES, "default": EVERY_MINUTES},
                    "at_most_minutes": {**_MINUTES, "default": AT_MOST_MINUTES},
                },
            },
            {"value": {}, "polls": {"type": "integer"}},
        ),
    )
}
"""The built-in components by key. Nothing is called for them: they have no URL."""
