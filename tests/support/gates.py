"""Gates to decide about: a run without Slack or a model, whose first step waits for people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Decision, StepRun
from db.session import Database
from services.approvals import ApprovalRules, ApprovalService
from services.audit import Actor
from services.cards import CardService
from services.components.service import ComponentService
from services.jobs import GateLimit, RemindGate, StepDecision
from services.queries.workflows import WorkflowQueries
from services.runs.decisions import DecisionService
from services.runs.gates import GateService
from services.runs.progress import RunProgress
from services.runs.reminders import ReminderService
from services.runs.service import RunService
from services.steps.sources import StepSources
from services.workflows.service import WorkflowService
from tests.support.run_starts import begun, registered, step, step_states

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
MARCO, DANA, OMAR, STRANGER = "U0MARCO001", "U0DANA0001", "U0OMAR0001", "U0NOBODY01"
THREE = ApprovalRules(approvers=(MARCO, DANA, OMAR), quorum=2)
DO = {"key": "do", "type": "REST", "http_method": "POST", "endpoint_url": "https://works.example.gov/do"}

approvals = ApprovalService()
_gates = GateService(approvals)
progress = RunProgress(CardService(), _gates, StepSources())
runs = RunService(progress, ComponentService(), approvals)
_decisions = DecisionService(progress, approvals)
reminders = ReminderService(runs, progress, approvals, _gates)
workflows, queries = WorkflowService(CardService(), approvals), WorkflowQueries(approvals)


@dataclass
class Gate:
    """A run of two steps, the first of which waits at its gate."""

    database: Database
    workspace: UUID
    run: UUID
    step: UUID
    revision: int
    plan: UUID

    async def decide(self, user: str, kind: str = "approve", revision: int | None = None) -> None:
        async with self.database.transaction() as session:
            await _decisions.decide(
                session,
                self.workspace,
                self.step,
                revision or self.revision,
                StepDecision(kind),
                Actor(user),
                NOW,
                "because",
            )

    async def states(self) -> list[str]:
        return list((await step_states(self.database, self.run)).values())

    async def revision_now(self) -> int:
        async with self.database.reading() as session:
            return (await session.scalars(select(StepRun.revision).where(StepRun.id == self.step))).one()

    async def remind(self, reminder: int = 1, now: datetime = NOW) -> Any:
        job = RemindGate(
            workspace=self.workspace,
            plan=self.plan,
            run=self.run,
            step=self.step,
            revision=self.revision,
            reminder=reminder,
        )
        async with self.database.transaction() as session:
            return await reminders.remind(session, job, now)

    async def time_out(self) -> None:
        job = GateLimit(workspace=self.workspace, run=self.run, step=self.step, revision=self.revision)
        async with self.database.transaction() as session:
            await reminders.time_out(session, job, NOW)

    async def agreed(self) -> tuple[str, ...]:
        async with self.database.reading() as session:
            snapshot = await queries.get(session, self.workspace, self.plan)
        assert snapshot.run is not None
        return snapshot.run.steps[0].agreed


async def keep(database: Database, workspace_id: UUID, settings: ApprovalRules, user: str = MARCO) -> bool:
    async with database.transaction() as session:
        return await approvals.set_settings(session, workspace_id, settings, Actor(user))


async def waiting(database: Database, workspace_id: UUID, settings: ApprovalRules | None = None) -> Gate:
    """Begin such a run, under these rules or those that there are."""
    async with database.reading() as session:
        is_there = await ComponentService().by_keys(session, workspace_id, ["do"])
    if not is_there:
        await registered(database, workspace_id, DO)
    if settings is not None:
        await keep(database, workspace_id, settings)
    async with database.transaction() as session:
        steps = [step("first", "do", gate=True, then=["second"]), step("second", "do")]
        run = await begun(session, workspace_id, steps)
    async with database.reading() as session:
        row = (await session.scalars(select(StepRun).where(StepRun.run_id == run, StepRun.position == 0))).one()
        plan = (await queries.get_by_run(session, workspace_id, run)).id
    assert row.state == "WAITING"
    return Gate(database, workspace_id, run, row.id, row.revision, plan)


async def queued(database: Database, entrypoint: str) -> list[float]:
    """In how many seconds, from the start of their transaction, the jobs of a kind are to be run."""
    async with database.reading() as session:
        query = (
            "SELECT extract(epoch FROM execute_after - created) FROM pgqueuer WHERE entrypoint = :of ORDER BY 1"
        )
        return [float(seconds) for seconds in await session.scalars(text(query), {"of": entrypoint})]


@asynccontextmanager
async def unchanged(gate: Gate) -> AsyncIterator[None]:
    """Whatever is tried inside leaves the step waiting, as it was shown, and no decision on record."""
    async with gate.database.reading() as session:
        before = await decisions_made(session)
    yield
    assert (await gate.states())[0] == "WAITING"
    assert await gate.revision_now() == gate.revision
    async with gate.database.reading() as session:
        assert await decisions_made(session) == before


async def decisions_made(session: AsyncSession) -> list[tuple[str, str]]:
    return [(each.kind, each.user_id) for each in await session.scalars(select(Decision).order_by(Decision.kind))]
