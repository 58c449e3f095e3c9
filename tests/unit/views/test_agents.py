"""What is suggested, what is streamed, what workflows are told, and a plan as a work object."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from bot.sandbox.slack.limits.entities import is_entity
from bot.views.messages.entity import task
from bot.views.messages.functions import Refusal, failed, may_not_plan, refusal
from bot.views.messages.looking import begun, line_of, task_id
from bot.views.messages.looking import task as task_chunk
from bot.views.messages.prompts import MAX_PROMPTS, prompts
from services.functions import SUCCESSES, Function, Outcome, outcome_of
from services.queries.lookups import LOOK_UPS
from services.queries.snapshots import PlanSnapshot
from services.states import PlanState, RunState, StepState
from tests.support.run_samples import ENDED_AT, RUNNING, WAITING
from tests.support.samples import draft

INQUIRY = UUID(int=7)
URL = "https://springfield.slack.com/archives/C1/p1"
ZONE = ZoneInfo("America/Chicago")


@pytest.mark.parametrize("waiting", [0, 1, 12])
@pytest.mark.parametrize("is_admin", [False, True])
def test_what_is_suggested_fits_slack_and_begins_with_what_waits(waiting: int, is_admin: bool) -> None:
    found = prompts(waiting=waiting, is_admin=is_admin)
    assert 0 < len(found) <= MAX_PROMPTS
    assert len(set(found)) == len(found)
    assert found[-1] == ("What can Mudda do?", "help")
    assert (found[0][1] == "What waits for me?") == bool(waiting)
    assert ("12" in found[0][0]) == (waiting == 12)


def test_every_look_up_has_a_line() -> None:
    lines = {name: line_of(name) for name in LOOK_UPS}
    assert "Looking…" not in lines.values()
    assert len(set(lines.values())) == len(lines)


def test_a_stream_is_known_by_its_first_task() -> None:
    assert begun(INQUIRY)["id"] == task_id(INQUIRY) == task_chunk(INQUIRY, 0, "x", is_done=True)["id"]
    assert task_chunk(INQUIRY, 1, "x", is_done=True)["status"] == "complete"


def test_workflows_are_told_in_sentences() -> None:
    assert all(refusal(reason).endswith(".") for reason in Refusal)
    assert may_not_plan(["U1", "U2"], is_named=True).startswith("Only some people (2)")
    plan = draft()
    for outcome in set(Outcome) - SUCCESSES:
        for known in (plan, None):
            sentence = failed(outcome, known)
            assert sentence.endswith(".")
            assert str(plan.id) not in sentence


@pytest.mark.parametrize(
    ("state", "drafted", "run"),
    [
        (PlanState.DRAFTING, None, None),
        (PlanState.DRAFT, Outcome.DRAFTED, None),
        (PlanState.APPROVED, Outcome.DRAFTED, None),
        (PlanState.DISCARDED, Outcome.DISCARDED, Outcome.DISCARDED),
        (PlanState.FAILED, Outcome.NO_PLAN, Outcome.NO_PLAN),
    ],
)
def test_when_a_step_of_a_workflow_ends(state: PlanState, drafted: Outcome | None, run: Outcome | None) -> None:
    plan = replace(draft(), state=state)
    assert outcome_of(Function.DRAFT, plan) is drafted
    assert outcome_of(Function.RUN, plan) is run


@pytest.mark.parametrize("state", list(RunState))
def test_a_run_is_waited_for_until_it_is_over(state: RunState) -> None:
    plan = RUNNING
    assert plan.run is not None
    ends = {RunState.COMPLETED: Outcome.COMPLETED, RunState.CANCELLED: Outcome.CANCELLED}
    assert outcome_of(Function.RUN, replace(plan, run=replace(plan.run, state=state))) is ends.get(state)


def fields(plan: PlanSnapshot, **given: Any) -> dict[str, Any]:
    entity = task(plan, URL, ZONE, ENDED_AT, **given)
    assert is_entity(entity)
    found: dict[str, Any] = entity["entity_payload"]["fields"]
    return found


@pytest.mark.parametrize("state", list(PlanState))
def test_every_state_of_a_plan_is_a_task(state: PlanState) -> None:
    assert fields(replace(draft(), state=state), in_full=True)["status"]["value"]


@pytest.mark.parametrize("state", list(RunState))
def test_every_state_of_a_run_is_a_task(state: RunState) -> None:
    plan = RUNNING
    assert plan.run is not None
    assert fields(replace(plan, run=replace(plan.run, state=state)))["status"]["tag_color"]


def test_a_gate_says_for_whom_and_until_when() -> None:
    plan = WAITING
    assert plan.run is not None
    limit = datetime(2026, 12, 2, 3, 0, tzinfo=UTC)
    steps = tuple(
        replace(step, assigned_to="U0DANA0001", limit_at=limit) if step.state is StepState.WAITING else step
        for step in plan.run.steps
    )
    found = fields(replace(plan, run=replace(plan.run, steps=steps)))
    assert found["assignee"]["user"] == {"user_id": "U0DANA0001"}
    # In the town it is still the day before.
    assert found["due_date"]["value"] == "2026-12-01"


def test_who_is_waited_for_is_one_person_or_nobody() -> None:
    plan = replace(draft(), state=PlanState.DRAFT)
    assert "assignee" not in fields(replace(plan, approvers=None))
    assert "assignee" not in fields(replace(plan, approvers=("U1", "U2")))
    assert fields(replace(plan, approvers=("U1",)))["assignee"]["user"] == {"user_id": "U1"}


def test_what_was_reported_is_for_whoever_looks() -> None:
    assert "description" not in fields(draft())
    assert fields(draft(), in_full=True)["description"]["value"] == draft().issue.text
