"""The app's functions, as steps of workflows, and their executions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.slack.state.model import Json

_TYPES: Mapping[str, type] = {"integer": int, "string": str, "boolean": bool}
"""What a value of a type is; those of Slack's own types are texts, a user_context apart."""

USER_CONTEXT = "slack#/types/user_context"
CHANNEL_ID = "slack#/types/channel_id"


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the app has declared: its parameters by name, with their types, and which must be given."""

    callback_id: str
    title: str
    inputs: Mapping[str, str]
    required_inputs: tuple[str, ...]
    outputs: Mapping[str, str]
    required_outputs: tuple[str, ...]

    def object(self) -> Json:
        """What Slack says of it in an event."""

        def parameters(types: Mapping[str, str], required: tuple[str, ...]) -> list[Json]:
            return [
                {"name": name, "type": kind, "title": name, "description": "", "is_required": name in required}
                for name, kind in types.items()
            ]

        return {
            "callback_id": self.callback_id,
            "title": self.title,
            "description": "",
            "input_parameters": parameters(self.inputs, self.required_inputs),
            "output_parameters": parameters(self.outputs, self.required_outputs),
        }


_RESULTS = {"plan_number": "integer", "plan_link": "string", "outcome": "string"}

FUNCTIONS = {
    each.callback_id: each
    for each in (
        Function(
            "draft_plan",
            "Draft a civic plan",
            {"issue": "string", "channel": CHANNEL_ID, "person": USER_CONTEXT},
            ("issue",),
            _RESULTS,
            ("plan_number", "outcome"),
        ),
        Function(
            "run_plan",
            "Run plan and wait",
            {"plan_number": "integer", "person": USER_CONTEXT},
            ("plan_number",),
            _RESULTS,
            ("plan_number", "outcome"),
        ),
    )
}
"""As the manifest declares them."""


@dataclass(slots=True)
class FunctionExecution:
    """One execution: "running", and then "completed" with outputs, or "failed" with an error."""

    id: str
    function: Function
    inputs: Json
    state: str = "running"
    outputs: Json = field(default_factory=dict)
    error: str = ""


def fits(values: Any, types: Mapping[str, str], required: tuple[str, ...]) -> bool:
    """Whether values are what was declared."""
    if not isinstance(values, dict) or not values.keys() <= types.keys() or not values.keys() >= set(required):
        return False
    return all(_is_of(value, types[name]) for name, value in values.items())


def _is_of(value: Any, kind: str) -> bool:
    if kind == USER_CONTEXT:
        return isinstance(value, dict) and isinstance(value.get("id"), str)
    expected = _TYPES.get(kind, str)
    return isinstance(value, expected) and (expected is bool or not isinstance(value, bool))
