"""What may not be done to a run: from another workspace, from a state that it is not in, or by a stale press."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from db.models import StepRun
from db.session import Database
from services.errors import MoveNotAllowed, NotFound
from services.jobs import RunStep, StepDecision
from services.runs import replies
from tests.support.run_graphs import DO, RESULTS, carry_out, taken
from tests.support.run_starts import (
    APPROVER,
    attempts,
    begun,
    decisions,
    now,
    registered,
    run_state,
    runs,
    step,
    step_states,
)


@dataclass(frozen=True)
class Begun:
    """A run of one step that is ready."""

    database: Database
    workspace: UUID
    run: UUID
    job: RunStep

    async def cancel(self, workspace: UUID | None = None, *, only_failed: bool = False) -> None:
        """Cancel it, or stop it where it has failed."""
        async with self.database.transaction() as session:
            args = (workspace or self.workspace, self.run, APPROVER, now())
            await runs.cancel(session, *args, only_failed=only_failed)

    async def end(self, outcome: str) -> None:
        """Carry its step out, with this outcome."""
        assert await carry_out(self.database, self.job, RESULTS[outcome])

    async def state(self) -> str:
        """The run's state."""
        return await run_state(self.database, self.run)


@pytest.fixture
async def a_run(database: Database, workspace_id: UUID) -> Begun:
    await registered(database, workspace_id, DO)
    async with database.transaction() as session:
        run_id = await begun(session, workspace_id, [step("act", "do")])
    [job] = await taken(database)
    return Begun(database, workspace_id, run_id, job)


async def test_another_workspace_has_no_such_run(a_run: Begun) -> None:
    other = uuid4()
    with pytest.raises(NotFound):
        await a_run.cancel(other)
    async with a_run.database.transaction() as session:
        with pytest.raises(NotFound):
            await replies.begin(session, other, {a_run.run: now()})
        found = (await session.scalars(select(StepRun))).one()
        with pytest.raises(NotFound):
            await decisions.decide(session, other, found.id, found.revision, StepDecision.SKIP, APPROVER, now())
    assert await a_run.state() == "RUNNING"


async def test_nor_can_a_step_of_it_be_claimed_or_given_up_from_there(a_run: Begun) -> None:
    job = a_run.job.model_copy(update={"workspace": uuid4()})
    async with a_run.database.transaction() as session:
        with pytest.raises(NotFound):
            await attempts.begin(session, [job], now())
    async with a_run.database.transaction() as session:
        with pytest.raises(NotFound):
            await attempts.abandon(session, job, now())
    assert await step_states(a_run.database, a_run.run) == {"act": "READY"}


@pytest.mark.parametrize("only_failed", [False, True])
@pytest.mark.parametrize("how", ["done", "cancelled"])
async def test_a_run_that_is_over_stays_as_it_is(a_run: Begun, how: str, only_failed: bool) -> None:
    if how == "done":
        await a_run.end("done")
    else:
        await a_run.cancel()
    before = await a_run.state()
    with pytest.raises(MoveNotAllowed):
        await a_run.cancel(only_failed=only_failed)
    assert await a_run.state() == before


async def test_stop_is_for_a_run_that_has_failed_and_cancel_for_one_that_goes_on(a_run: Begun) -> None:
    with pytest.raises(MoveNotAllowed):
        await a_run.cancel(only_failed=True)
    assert await a_run.state() == "RUNNING"
    await a_run.end("fail")
    with pytest.raises(MoveNotAllowed):
        await a_run.cancel()
    assert await a_run.state() == "FAILED"
    await a_run.cancel(only_failed=True)
    assert await a_run.state() == "CANCELLED"


async def test_a_run_that_waits_for_a_person_can_be_cancelled(a_run: Begun) -> None:
    await a_run.end("uncertain")
    assert await a_run.state() == "WAITING"
    await a_run.cancel()
    assert await a_run.state() == "CANCELLED"


async def test_what_was_never_claimed_is_given_up_as_failed_and_what_was_as_uncertain(a_run: Begun) -> None:
    async with a_run.database.transaction() as session:
        await attempts.begin(session, [a_run.job], now())
    for _ in range(2):
        async with a_run.database.transaction() as session:
            await attempts.abandon(session, a_run.job, now())
        assert await step_states(a_run.database, a_run.run) == {"act": "UNCERTAIN"}
    async with a_run.database.reading() as session:
        assert await session.scalar(select(StepRun.error)) == {"code": "internal"}
