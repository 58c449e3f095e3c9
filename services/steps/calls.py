"""What a step is about to do, once all that it refers to is known: call a component, or what Mudda does itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from jsonschema import Draft202012Validator

from db.models.documents import RequestPreview
from services.components.builtins import (
    ASK_PERSON,
    BUILTINS,
    CHANNEL,
    NOTIFY,
    REPORTER,
    USER,
    USER_GROUP,
    WAIT_UNTIL,
)
from services.components.definitions import ComponentDefinition
from services.connectors import PreparedRequest, is_safe, prepare, preview
from services.connectors.errors import NotPollable, RequestRefused
from services.plans.model import Step, input_field
from services.plans.polls import field_reference, is_pollable, polled_step
from services.plans.references import Reference
from services.steps.resolving import Values, resolve_inputs

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_USER = re.compile(rf"(?:<@)?({USER})(?:\|[^>]*)?>?")
_CHANNEL = re.compile(rf"(?:<#)?({CHANNEL})(?:\|[^>]*)?>?")
_ASKED = re.compile(r"<(?:@|!subteam\^)(\w+)[^>]*>|(\w+)")


COMPONENT = "component"
"""The kind of a step that calls a component; that of a built-in step is its key."""


@dataclass(frozen=True, slots=True)
class ComponentCall:
    """A request to a component. It may be made again unseen if that does no harm."""

    request: PreparedRequest
    definition: ComponentDefinition

    kind: ClassVar[str] = COMPONENT

    @property
    def is_repeatable(self) -> bool:
        """Whether another worker may take it up that does not know what became of it."""
        return is_safe(self.definition)

    def preview(self) -> RequestPreview:
        """What it will send, as it is shown and kept."""
        return preview(self.request)


@dataclass(frozen=True, slots=True)
class Poll:
    """The call that a wait.until makes, and the field of the answer that it waits for."""

    call: ComponentCall
    field: Reference


@dataclass(frozen=True, slots=True)
class BuiltinCall:
    """A built-in step with its references resolved.

    `inputs` are as its component's request schema has them. `person` is whom its message is for; `channel` where
    its message goes, if not into the thread of the plan. `people` and `groups` are the ids of those whom it asks.
    """

    key: str
    inputs: Mapping[str, Any]
    person: str | None = None
    channel: str | None = None
    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    poll: Poll | None = None

    is_repeatable: ClassVar[bool] = True
    """Another worker looks for what has been posted before it posts anything."""

    @property
    def kind(self) -> str:
        """The kind of step that it is: each built-in is one."""
        return self.key

    def preview(self) -> RequestPreview:
        """What it will do, in the shape in which a request is shown and kept."""
        return {
            "method": "",
            "url": self.key,
            "query": [],
            "headers": {},
            "own_headers": [],
            "body": dict(self.inputs),
            "body_format": "json",
            "auth": "none",
        }


StepCall = ComponentCall | BuiltinCall


def prepare_builtin(step: Step, values: Values, polled: ComponentDefinition | None = None) -> BuiltinCall:
    """Resolve a built-in step; `polled` is what a wait.until calls.

    Raises UnresolvedReference, RequestRefused or NotPollable.
    """
    spec = BUILTINS[step.component_id]
    properties: Mapping[str, Any] = spec.request_schema["properties"]
    given = resolve_inputs(step, spec, values).body or {}
    inputs = {name: _typed(value, properties.get(name, {}).get("type")) for name, value in given.items()}
    for misfit in Draft202012Validator(spec.request_schema).iter_errors(inputs):
        name = ".".join(map(str, misfit.absolute_path)) or _missing(misfit.validator_value, inputs)
        raise RequestRefused(input_field("body", name), "missing" if misfit.validator == "required" else "unfit")
    if spec.key == NOTIFY:
        return _notice(inputs, values)
    if spec.key == ASK_PERSON:
        return _question(inputs, values)
    if spec.key == WAIT_UNTIL:
        return BuiltinCall(spec.key, inputs, poll=_poll(step, inputs, values, polled))
    return BuiltinCall(spec.key, inputs)


def _notice(inputs: Mapping[str, Any], values: Values) -> BuiltinCall:
    channel = _id(_CHANNEL, inputs["to"], values)
    if channel is not None:
        return BuiltinCall(NOTIFY, inputs, channel=channel)
    if _id(_USER, inputs["to"], values) != values.issue_reporter:
        # Nobody is written to on the quiet: one person who is not the reporter can be asked, by slack.ask_person.
        raise RequestRefused("body.to", "unfit")
    return BuiltinCall(NOTIFY, inputs, person=values.issue_reporter)


def _question(inputs: Mapping[str, Any], values: Values) -> BuiltinCall:
    named = (found[1] or found[2] for found in _ASKED.finditer(inputs["person"]))
    asked = tuple(dict.fromkeys(values.issue_reporter if name == REPORTER else name for name in named))
    groups = tuple(name for name in asked if re.fullmatch(USER_GROUP, name))
    people = tuple(name for name in asked if _USER.fullmatch(name))
    if len(people) + len(groups) != len(asked):
        raise RequestRefused("body.person", "unfit")
    return BuiltinCall(ASK_PERSON, inputs, people=people, groups=groups)


def _id(kind: re.Pattern[str], text: str, values: Values) -> str | None:
    match = kind.fullmatch(values.issue_reporter if text == REPORTER else text)
    return match[1] if match else None


def _poll(step: Step, inputs: Mapping[str, Any], values: Values, polled: ComponentDefinition | None) -> Poll:
    if polled is None or not is_pollable(polled.http_method, polled.approval):
        raise NotPollable(inputs["component"])
    field = field_reference(inputs["field"])
    if not isinstance(field, Reference):
        raise RequestRefused("body.field", "unfit")
    request = prepare(polled, resolve_inputs(polled_step(step), polled, values))
    return Poll(ComponentCall(request, polled), field)


def _typed(value: Any, kind: Any) -> Any:
    """A single value of an earlier answer as the type that is asked for, where it can be read as that."""
    if kind == "string" and isinstance(value, bool | int | float):
        return json.dumps(value)
    if kind == "number" and isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return value


def _missing(required: Any, inputs: Mapping[str, Any]) -> str:
    names = required if isinstance(required, list) else []
    return next((str(name) for name in names if name not in inputs), "")
