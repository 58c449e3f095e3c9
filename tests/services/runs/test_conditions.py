"""Steps that are carried out only if their condition holds, and what becomes of those behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from db.models import StepGate, StepRun
from db.session import Database
from services.states import StepState
from services.steps.results import StepResult
from tests.support.run_graphs import DO, READ, carry_out, taken
from tests.support.run_starts import begun, decided, registered, run_state, step, step_states

Wire = dict[str, Any]
EMPTY, PRESENT = "empty", "present"


def when(wire: Wire, value: str, operator: str, *to: str) -> Wire:
    return {**wire, "when": {"match": "all", "tests": [{"value": value, "is": operator, "to": list(to)}]}}


def needing_any(wire: Wire) -> Wire:
    return {**wire, "needs": "any"}


def found(*ids: str) -> StepResult:
    return StepResult(StepState.DONE, "done", 200, {"results": [{"id": each} for each in ids]})


REPORT = (
    step("find", "read", then=["file", "add"]),
    when(step("file", "do", then=["tell"]), "{{find.results[0].id}}", EMPTY),
    when(step("add", "do", then=["tell"], body__id="{{find.results[0].id}}"), "{{find.results[0].id}}", PRESENT),
    needing_any(step("tell", "do")),
)


@pytest.fixture(autouse=True)
async def town(database: Database, workspace_id: UUID) -> None:
    await registered(database, workspace_id, DO, READ)


async def ran(
    database: Database, workspace_id: UUID, steps: Sequence[Wire], answers: Mapping[str, StepResult]
) -> tuple[UUID, list[str]]:
    """A run whose steps answer like this, and otherwise nothing: its id, and what was sent, in order."""
    async with database.transaction() as session:
        run_id = await begun(session, workspace_id, steps)
    return run_id, await gone_on(database, run_id, answers)


async def gone_on(database: Database, run_id: UUID, answers: Mapping[str, StepResult]) -> list[str]:
    sent = []
    while jobs := await taken(database):
        for job in jobs:
            async with database.reading() as session:
                name = await session.scalar(select(StepRun.step_id).where(StepRun.id == job.step))
            sent.append(str(name))
            done = StepResult(StepState.DONE, "done", 200, {})
            assert await carry_out(database, job, answers.get(str(name), done))
    return sent


async def skips(database: Database, run_id: UUID) -> dict[str, Any]:
    async with database.reading() as session:
        rows = await session.execute(
            select(StepRun.step_id, StepRun.skip).where(StepRun.run_id == run_id, StepRun.skip.is_not(None))
        )
        return {row.step_id: row.skip["tests"] for row in rows}


@pytest.mark.parametrize(
    ("ids", "sent", "skipped"),
    [((), ["find", "file", "tell"], "add"), (("SR-7",), ["find", "add", "tell"], "file")],
)
async def test_one_of_two_ways_is_taken(
    database: Database, workspace_id: UUID, ids: tuple[str, ...], sent: list[str], skipped: str
) -> None:
    run_id, went = await ran(database, workspace_id, REPORT, {"find": found(*ids)})
    assert went == sent
    states = await step_states(database, run_id)
    assert states == {name: "SKIPPED" if name == skipped else "DONE" for name in states}
    assert await run_state(database, run_id) == "COMPLETED"
    reference, asked = "{{find.results[0].id}}", EMPTY if ids else PRESENT
    reason: dict[str, Any] = {"value": reference, "is": asked, "to": [], "found": ids[0] if ids else None}
    assert await skips(database, run_id) == {skipped: [reason]}


async def test_what_needs_all_is_skipped_with_one_of_them(database: Database, workspace_id: UUID) -> None:
    steps = [*REPORT[:3], step("tell", "do", then=["last"]), needing_any(step("last", "do"))]
    run_id, went = await ran(database, workspace_id, steps, {"find": found()})
    assert went == ["find", "file"]
    assert await skips(database, run_id) == {
        "add": [*(await skips(database, run_id))["add"]],
        "tell": [],
        "last": [],
    }
    assert await run_state(database, run_id) == "COMPLETED"


async def test_what_a_person_skips_counts_as_done(database: Database, workspace_id: UUID) -> None:
    steps = [step("one", "do", then=["two"]), step("two", "do")]
    failed = StepResult(StepState.FAILED, "failed", 422, None, {"code": "http_status", "status": 422})
    run_id, went = await ran(database, workspace_id, steps, {"one": failed})
    await decided(database, workspace_id, run_id, "one", "skip")
    assert went + await gone_on(database, run_id, {}) == ["one", "two"]
    assert await skips(database, run_id) == {}


async def test_the_report_decides_at_the_start(database: Database, workspace_id: UUID) -> None:
    steps = [
        when(step("hurry", "do", then=["both"]), "{{issue.urgency}}", PRESENT),
        when(step("wait", "do", then=["both"]), "{{issue.urgency}}", EMPTY),
        needing_any(step("both", "do")),
    ]
    run_id, went = await ran(database, workspace_id, steps, {})
    assert went == ["wait", "both"]
    assert (await step_states(database, run_id))["hurry"] == "SKIPPED"


async def test_a_run_of_which_nothing_is_wanted_is_completed(database: Database, workspace_id: UUID) -> None:
    steps = [
        when(step("one", "do", then=["two"]), "{{issue.urgency}}", PRESENT),
        step("two", "do"),
    ]
    run_id, went = await ran(database, workspace_id, steps, {})
    assert went == []
    assert await run_state(database, run_id) == "COMPLETED"


async def test_nobody_is_asked_about_a_step_that_is_not_wanted(database: Database, workspace_id: UUID) -> None:
    steps = [step("find", "read"), when(step("act", "do", gate=True), "{{find.results[0].id}}", PRESENT)]
    run_id, _ = await ran(database, workspace_id, steps, {"find": found()})
    assert await step_states(database, run_id) == {"find": "DONE", "act": "SKIPPED"}
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(StepGate)) == 0


async def test_a_condition_that_cannot_be_told_of_is_for_people(database: Database, workspace_id: UUID) -> None:
    steps = [
        step("find", "read"),
        when(step("act", "do", then=["last"]), "{{find.results[0].id}}", "greater", "3"),
        step("last", "do"),
    ]
    run_id, _ = await ran(database, workspace_id, steps, {"find": found("SR-1")})
    assert await step_states(database, run_id) == {"find": "DONE", "act": "FAILED", "last": "PENDING"}
    await decided(database, workspace_id, run_id, "act", "retry")
    assert (await step_states(database, run_id))["act"] == "FAILED"
    await decided(database, workspace_id, run_id, "act", "skip")
    assert await gone_on(database, run_id, {}) == ["last"]
    assert await run_state(database, run_id) == "COMPLETED"


async def test_a_long_chain_is_skipped_at_once(database: Database, workspace_id: UUID) -> None:
    names = [f"s{number}" for number in range(200)]
    chain = [step(name, "do", then=names[place + 1 : place + 2]) for place, name in enumerate(names)]
    steps = [step("find", "read", then=["s0"]), when(chain[0], "{{find.results[0].id}}", PRESENT), *chain[1:]]
    run_id, went = await ran(database, workspace_id, steps, {"find": found()})
    assert went == ["find"]
    assert await run_state(database, run_id) == "COMPLETED"
    assert set((await step_states(database, run_id)).values()) == {"DONE", "SKIPPED"}
