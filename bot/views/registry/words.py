"""What a component is, in words: what it takes and answers with, who is asked before it, how it signs in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.languages import N_, Sentence, _
from bot.views.kit.text import clip, in_quotes, join, one_line
from bot.views.kit.values import label
from services.components.definitions import ComponentDefinition
from services.components.registry import ACTIVE
from services.components.specs import ApprovalPolicy
from services.connectors.trying import InputField, input_fields
from services.formats.schemas import stated_types

GATES: Mapping[ApprovalPolicy, Sentence] = {
    ApprovalPolicy.NONE: N_("Nobody is asked: it only reads, or may be called freely"),
    ApprovalPolicy.PLAN: N_("People approve the plan that calls it"),
    ApprovalPolicy.STEP: N_("People approve the plan, and are asked again right before each call"),
}
FIELDS: Mapping[str, Sentence] = {
    "name": N_("Name"),
    "description": N_("What it does"),
    "category": N_("Category"),
    "approval": N_("Who is asked before it is called"),
    "timeout_seconds": N_("Seconds until a call is given up"),
    "attempts": N_("Attempts, where a call may be repeated"),
    "max_concurrent": N_("Calls at once, at most"),
    "per_minute": N_("Calls a minute, at most"),
    "owner_service": N_("Owner"),
    ACTIVE: N_("In use"),
}
_SIGN_INS: Mapping[str, Sentence] = {
    "none": N_("None"),
    "bearer": N_("With a token"),
    "basic": N_("With a name and a password"),
    "oauth2": N_("With OAuth 2: Mudda fetches its tokens"),
    "hmac": N_("By signing each request"),
    "mtls": N_("With a certificate"),
}
_KEYS: Mapping[str, Sentence] = {
    "header": N_("With a key in a header"),
    "query": N_("With a key in the address"),
    "body": N_("With a key in what is sent"),
}
_TYPES: Mapping[str, Sentence] = {
    "string": N_("text"),
    "integer": N_("whole number"),
    "number": N_("number"),
    "boolean": N_("yes or no"),
    "array": N_("list"),
    "object": N_("set of values"),
}
_NAME, _LINE, _VALUE = 60, 160, 200
_CHOICES = 6


def sign_in(definition: ComponentDefinition) -> str:
    """How the component is signed in at."""
    auth = definition.auth
    if auth.type == "api_key":
        return _(_KEYS[auth.location])
    return _(_SIGN_INS[auth.type])


def inputs(definition: ComponentDefinition) -> list[str]:
    """A line for each input, those first that must be given."""
    return [_input(field) for field in input_fields(definition)]


def outputs(definition: ComponentDefinition) -> list[str]:
    """A line for each value at the top of the answer; of a list, for those of its items."""
    schema: Any = definition.response_schema
    items = schema.get("items") if isinstance(schema, Mapping) else None
    found = items if isinstance(items, Mapping) and "properties" not in schema else schema
    properties = found.get("properties")
    return list(_outputs(properties)) if isinstance(properties, Mapping) else []


def value_text(name: str, value: Any) -> str:
    """A member of a component as it is read."""
    if name == ACTIVE:
        return _("yes") if value else _("no")
    if name == "approval":
        return _(GATES[ApprovalPolicy(value)])
    if value in (None, ""):
        return _("nothing")
    return f"{value:g}" if isinstance(value, float) else clip(one_line(str(value)), _VALUE)


def kind_of(schema: Mapping[str, Any]) -> str:
    """What a value is: "text", "one of “a” and “b”"."""
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        shown = [in_quotes(clip(one_line(str(each)), _NAME)) for each in choices]
        return _("one of {choices}", choices=join(shown, most=_CHOICES, last="or"))
    types = stated_types(schema) or ()
    said = [_(_TYPES[each]) for each in _TYPES if each in types]
    return join(said, last="or") if said else _("any value")


def _input(field: InputField) -> str:
    facts = {"name": clip(label(field.name), _NAME), "kind": kind_of(field.schema)}
    line = _("{name}: {kind}", **facts) if field.required else _("{name}: {kind}, may be left out", **facts)
    return _described(line, field.schema)


def _outputs(properties: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in properties.items():
        known = schema if isinstance(schema, Mapping) else {}
        yield _described(_("{name}: {kind}", name=clip(label(str(name)), _NAME), kind=kind_of(known)), known)


def _described(line: str, schema: Mapping[str, Any]) -> str:
    described = schema.get("description")
    words = clip(one_line(described), _LINE) if isinstance(described, str) else ""
    return f"{line} – {words}" if words else line
