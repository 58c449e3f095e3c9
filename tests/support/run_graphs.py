"""Graphs that are carried out without a network."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from db.models import StepRun
from db.session import Database
from services.jobs import RunStep, StepDecision
from services.runs.claims import Attempt, AttemptOutcome
from services.states import StepState
from services.steps.calls import StepCall
from services.steps.results import StepResult
from tests.support.run_starts import APPROVER, attempts, begun, decisions, now, run_state, runs, step, step_states

DO = {"key": "do", "http_method": "POST", "endpoint_url": "https://works.example.gov/do"}

READ = {"key": "read", "http_method": "GET", "endpoint_url": "https://works.example.gov/read"}

Edges = Mapping[str, Sequence[str]]
"""What comes after each step."""

RESULTS = {
    "done": StepResult(StepState.DONE, "done", 200, {"ok": True}),
    "fail": StepResult(StepState.FAILED, "failed", 422, None, {"code": "http_status", "status": 422}),
    "uncertain": StepResult(StepState.UNCERTAIN, "uncertain", 500, None, {"code": "http_status", "status": 500}),
    "again": StepResult(StepState.READY, "retry", 503, None, {"code": "http_status"}, (), timedelta(seconds=30)),
}


async def taken(database: Database) -> list[RunStep]:
    """Take every queued step, as workers would, whether or not its time has come."""
    async with database.transaction() as session:
        payloads = await session.scalars(
            text("DELETE FROM pgqueuer WHERE entrypoint = 'run_step' RETURNING payload")
        )
        return [RunStep.model_validate_json(payload) for payload in payloads]


async def begin(database: Database, job: RunStep) -> Attempt[StepCall] | None:
    """Claim a step, as a worker would; None if there is nothing to send."""
    async with database.transaction() as session:
        [attempt] = await attempts.begin(session, [job], now())
    assert attempt is None or isinstance(attempt, Attempt)
    return attempt


async def record(database: Database, job: RunStep, attempt: Attempt[StepCall], result: StepResult) -> bool:
    """Write down what came of it."""
    async with database.transaction() as session:
        [is_kept] = await attempts.record(session, [AttemptOutcome(job, attempt, result)], now())
    assert isinstance(is_kept, bool)
    return is_kept


async def carry_out(database: Database, job: RunStep, result: StepResult) -> bool:
    """What a worker does with a step, less the call. False if there was nothing to send."""
    attempt = await begin(database, job)
    if attempt is None:
        return False
    assert await record(database, job, attempt, result)
    return True


@dataclass(slots=True)
class Model:
    """What must be true of a run, worked out from the graph and from what has happened, and from nothing else."""

    needs: Mapping[str, frozenset[str]]
    gates: frozenset[str]
    unsafe: frozenset[str]
    state: dict[str, str] = field(default_factory=dict)
    approved: set[str] = field(default_factory=set)
    cancelled: bool = False

    def open_what_can(self) -> None:
        """Let the steps whose needs are met start, or wait at their gate."""
        if self.cancelled:
            return
        for name, needs in self.needs.items():
            met = all(self.state.get(needed) in ("DONE", "SKIPPED") for needed in needs)
            if met and self.state.setdefault(name, "PENDING") == "PENDING":
                self.open(name)
            self.state.setdefault(name, "PENDING")

    def open(self, name: str) -> None:
        """Its turn has come."""
        self.state[name] = "WAITING" if name in self.gates - self.approved else "READY"

    def result(self, name: str, outcome: str) -> None:
        """A call has ended like this."""
        self.state[name] = {"done": "DONE", "fail": "FAILED", "uncertain": "UNCERTAIN", "again": "READY"}[outcome]
        if self.cancelled and outcome == "again":
            self.state[name] = "CANCELLED"
        self.open_what_can()

    def decide(self, name: str, kind: str) -> None:
        """A person has said so."""
        if kind == "approve":
            self.approved.add(name)
            self.state[name] = "READY"
        elif kind == "retry" and self.state[name] == "FAILED":
            self.open(name)
        else:
            after = {"retry": "READY", "reject": "FAILED", "skip": "SKIPPED", "mark_done": "DONE"}
            self.state[name] = after[kind]
        self.open_what_can()

    def cancel(self) -> None:
        """A person has cancelled the run."""
        self.cancelled = True
        for name, state in self.state.items():
            if state in ("PENDING", "READY", "WAITING"):
                self.state[name] = "CANCELLED"

    @property
    def run(self) -> str:
        """The state of the run."""
        states = set(self.state.values())
        if self.cancelled:
            return "CANCELLED"
        if states & {"READY", "RUNNING"}:
            return "RUNNING"
        if states & {"WAITING", "UNCERTAIN"}:
            return "WAITING"
        return "FAILED" if "FAILED" in states else "COMPLETED"


DECISIONS = {
    "WAITING": ("approve", "approve", "reject", "skip"),
    "FAILED": ("retry", "skip"),
    "UNCERTAIN": ("retry", "skip", "mark_done"),
}


@dataclass(slots=True)
class Play:
    """A run and its model, to which the same things happen."""

    database: Database
    workspace_id: UUID
    run_id: UUID
    model: Model
    chance: random.Random
    names: Mapping[UUID, str]
    jobs: list[RunStep] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    happened: list[str] = field(default_factory=list)

    async def something_happens(self) -> bool:
        """One event at random. False if nothing can happen any more."""
        self.jobs.extend(await taken(self.database))
        moot = [
            name for name, state in self.model.state.items() if state in DECISIONS and not self.model.cancelled
        ]
        choices = [*["job"] * (3 * bool(self.jobs)), *["decide"] * bool(moot)]
        if not choices:
            return False
        if self.model.run in ("RUNNING", "WAITING") and self.chance.random() < 0.02:
            await self._cancel()
        elif self.chance.choice(choices) == "job":
            await self._job(self.jobs.pop(self.chance.randrange(len(self.jobs))))
        else:
            await self._decide(self.chance.choice(moot))
        return True

    async def agrees(self) -> None:
        """The rows say what the model says."""
        states = await step_states(self.database, self.run_id)
        assert (states, await run_state(self.database, self.run_id)) == (
            self.model.state,
            self.model.run,
        ), self.happened

    async def _job(self, job: RunStep) -> None:
        name = self.names[job.step]
        fate = self.chance.choices(("done", "fail", "uncertain", "again", "killed", "twice"), (8, 2, 1, 1, 1, 1))[
            0
        ]
        self.happened.append(f"{fate} {name}")
        if fate == "killed":
            await self._killed(job, name)
            return
        may_run = self.model.state[name] == "READY"
        outcome = "done" if fate == "twice" else fate
        assert await carry_out(self.database, job, RESULTS[outcome]) == may_run, self.happened
        if may_run:
            self.sent[name] += 1
            self.model.result(name, outcome)
        if fate == "twice":
            assert not await carry_out(self.database, job, RESULTS["done"]), "a job that runs again finds it done"

    async def _killed(self, job: RunStep, name: str) -> None:
        """The worker is gone between claim and record; the job comes back, and what it had sent comes too late."""
        lost = await begin(self.database, job)
        assert (lost is not None) == (self.model.state[name] == "READY"), self.happened
        if lost is None:
            return
        if self.chance.random() < 0.2:
            await self._cancel()
        self.model.state[name] = "RUNNING"
        again = await begin(self.database, job)
        if name in self.model.unsafe or self.model.cancelled:
            assert again is None, self.happened
            self.model.state[name] = "UNCERTAIN"
        assert not await record(self.database, job, lost, RESULTS["done"]), self.happened
        if again is not None:
            assert await record(self.database, job, again, RESULTS["done"]), self.happened
            self.model.result(name, "done")

    async def _decide(self, name: str) -> None:
        kind = self.chance.choice(DECISIONS[self.model.state[name]])
        self.happened.append(f"{kind} {name}")
        async with self.database.transaction() as session:
            row = (await session.execute(select(StepRun.id, StepRun.revision).where(self._is(name)))).one()
            args = (self.workspace_id, row.id, row.revision, StepDecision(kind), APPROVER, now(), "because")
            await decisions.decide(session, *args)
        self.model.decide(name, kind)

    async def _cancel(self) -> None:
        self.happened.append("cancel")
        async with self.database.transaction() as session:
            await runs.cancel(session, self.workspace_id, self.run_id, APPROVER, now())
        self.model.cancel()

    def _is(self, name: str) -> Any:
        return (StepRun.run_id == self.run_id) & (StepRun.step_id == name)


async def play(database: Database, workspace_id: UUID, chance: random.Random) -> Play:
    """A run of a small graph at random."""
    names = [f"s{number}" for number in range(chance.randint(1, 9))]
    edges = {
        name: [later for later in names[index + 1 :] if chance.random() < 0.35] for index, name in enumerate(names)
    }
    gates = frozenset(name for name in names if chance.random() < 0.25)
    unsafe = frozenset(name for name in names if chance.random() < 0.5)
    steps = [
        step(name, "do" if name in unsafe else "read", then=edges[name], gate=name in gates) for name in names
    ]
    async with database.transaction() as session:
        run_id = await begun(session, workspace_id, steps)
    async with database.reading() as session:
        rows = await session.execute(select(StepRun.id, StepRun.step_id).where(StepRun.run_id == run_id))
        by_id = {row.id: row.step_id for row in rows}
    needs = {name: frozenset(before for before in names if name in edges[before]) for name in names}
    model = Model(needs, gates, unsafe)
    model.open_what_can()
    return Play(database, workspace_id, run_id, model, chance, by_id)
