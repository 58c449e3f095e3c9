"""What a card says of steps that wait to be sent, and of calls that were answered with an error."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from bot.views.run import builtins
from bot.views.run.errors import explain_error
from services.plans.model import Step
from services.queries.snapshots import StepSnapshot
from services.states import StepState

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
WIRE = Step(step_id="order", component_id="works.create")


def step(held: dict[str, Any] | None, **more: Any) -> StepSnapshot:
    values = {"state": StepState.READY, "revision": 1, "attempt": 2, "gated": False, "retry_at": AT, **more}
    return StepSnapshot(id=uuid4(), step_id="order", wait=None if held is None else {"held": held}, **values)


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ({"by": "host", "host": "a.example"}, "Waiting: a.example does not answer; tried again at "),
        ({"by": "rate", "host": "a.example"}, "Waiting: a.example may be called only so often; called at "),
        ({"by": "busy", "host": "a.example"}, "Waiting: a.example is busy with other steps; tried again at "),
        ({"by": "new in a later version"}, "Waiting: ? is busy with other steps; tried again at "),
    ],
)
def test_why_a_step_is_not_sent_yet(why: dict[str, Any], words: str) -> None:
    told = builtins.told(step({**why, "attempt": 2}), WIRE, 500)
    assert told is not None
    assert told[0]["text"] == words
    assert told[1]["type"] == "date"


@pytest.mark.parametrize(
    "snapshot",
    [
        step({"by": "host", "attempt": 1}),
        step({"by": "host", "attempt": 2}, state=StepState.RUNNING),
        step({"by": "host", "attempt": 2}, retry_at=None),
        step(None),
    ],
)
def test_what_was_waited_for_once_is_not_told_any_more(snapshot: StepSnapshot) -> None:
    assert builtins.told(snapshot, WIRE, 500) is None


def test_an_error_in_an_answer_is_told_with_what_came_beside_it() -> None:
    facts = {"code": "answered_error", "kind": "graphql", "message": "No <!here> rights", "data": '{"a": 1}'}
    assert explain_error(facts, "Permits", {}).endswith(
        'answered with an error: “No <!here> rights”. With that it sent “{"a": 1}”.'
    )
