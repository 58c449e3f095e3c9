"""What a notification is about, and how that stands now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Decision, Notification, Run, StepGate, StepRun, WorkflowPlan
from services.jobs import StepDecision
from services.states import PlanState, RunState, StepState


class NotificationKind(StrEnum):
    """What somebody is asked to act about."""

    PLAN = "plan"
    GATE = "gate"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Subject:
    """A plan, a step as it was at `revision`, or a failed run; `occasion` counts how often it was handed on."""

    kind: NotificationKind
    name: str
    plan: UUID
    revision: int
    run: UUID | None = None
    step: UUID | None = None
    occasion: int = 0

    @classmethod
    def of_plan(cls, plan: UUID, revision: int) -> Subject:
        """A draft that waits for approval."""
        return cls(NotificationKind.PLAN, f"plan:{plan}:{revision}", plan, revision)

    @classmethod
    def of_step(
        cls, kind: NotificationKind, plan: UUID, run: UUID, step: UUID, revision: int, occasion: int
    ) -> Subject:
        """A step at its gate, or one of which nobody knows whether it was done."""
        return cls(kind, f"step:{step}:{revision}", plan, revision, run, step, occasion)

    @classmethod
    def of_failure(cls, plan: UUID, run: UUID, failed_at: datetime) -> Subject:
        """A run that failed at that moment; it may go on, and fail again."""
        return cls(NotificationKind.FAILED, f"failed:{run}:{failed_at.isoformat()}", plan, 0, run)


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands: whether it `waits` for people still, and in `mark` all that a message about it shows."""

    waits: bool
    mark: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ended the wait: `kind` as in the table of decisions, or a state; who, in whose place, and when."""

    kind: str
    user: str | None = None
    on_behalf_of: str | None = None
    at: datetime | None = None
    agreed: tuple[tuple[str, str | None], ...] = ()
    """Of a gate: who has agreed, each with the absent in whose place."""


async def standings(session: AsyncSession, rows: Sequence[Notification]) -> dict[UUID, Standing]:
    """How the subjects of notifications stand, by the ids of these."""
    step, gate, run, plan = StepRun, StepGate, Run, WorkflowPlan
    of_steps = select(step.id, step.state, step.revision).where(step.id.in_({row.step_run_id for row in rows}))
    of_gates = select(
        gate.step_run_id, gate.revision, gate.agreed, gate.assignments, func.jsonb_array_length(gate.requests)
    ).where(gate.step_run_id.in_({row.step_run_id for row in rows if row.kind == NotificationKind.GATE}))
    of_runs = select(run.id, run.state, run.ended_at).where(run.id.in_({row.run_id for row in rows}))
    of_plans = select(plan.id, plan.state, plan.revision).where(plan.id.in_({row.plan_id for row in rows}))
    steps = {each.id: each for each in await session.execute(of_steps)}
    gates = {each[:2]: each[2:] for each in await session.execute(of_gates)}
    runs = {each.id: each for each in await session.execute(of_runs)}
    plans = {each.id: each for each in await session.execute(of_plans)}
    found = {}
    for row in rows:
        match NotificationKind(row.kind):
            case NotificationKind.PLAN:
                state, revision = plans[row.plan_id][1:]
                waits, mark = (state, revision) == (PlanState.DRAFT, row.revision), f"{state}:{revision}"
            case NotificationKind.FAILED:
                state, at = runs[row.run_id][1:]
                when = at.isoformat() if at else ""
                waits = state == RunState.FAILED and row.subject == f"failed:{row.run_id}:{when}"
                mark = f"{state}:{when}"
            case kind:
                state, revision = steps[row.step_run_id][1:]
                wanted = StepState.WAITING if kind is NotificationKind.GATE else StepState.UNCERTAIN
                waits = (state, revision) == (wanted, row.revision)
                mark = f"{state if waits else 'over'}:{gates.get((row.step_run_id, row.revision))}"
        found[row.id] = Standing(waits, mark)
    return found


async def verdict(session: AsyncSession, row: Notification) -> Verdict:
    """What ended the wait that a notification is about. It is on record before it is asked for."""
    if row.kind == NotificationKind.PLAN:
        plan = await session.get_one(WorkflowPlan, row.plan_id, populate_existing=True)
        is_decided = plan.state in (PlanState.APPROVED, PlanState.DISCARDED)
        by = (plan.decided_by, plan.decided_for, plan.decided_at) if is_decided else (None, None, None)
        return Verdict(plan.state, *by)
    of_step = Decision.step_run_id == row.step_run_id
    made = select(Decision).where(Decision.run_id == row.run_id)
    if row.step_run_id is not None:
        made = made.where(of_step | Decision.step_run_id.is_(None))
    if row.kind == NotificationKind.GATE:
        return await _at_gate(session, row, made)
    last = await session.scalar(made.order_by(Decision.created_at.desc()).limit(1))
    return _verdict(last)


async def _at_gate(session: AsyncSession, row: Notification, made: Select[Decision]) -> Verdict:
    """Of a gate: all who agreed, if that was enough; else what was decided instead."""
    gate = await session.scalar(
        select(StepGate)
        .where(StepGate.step_run_id == row.step_run_id, StepGate.revision == row.revision)
        .execution_options(populate_existing=True)
    )
    if gate is None or row.step_run_id is None:
        return _verdict(None)
    step = await session.get_one(StepRun, row.step_run_id, populate_existing=True)
    since = made.where(Decision.created_at >= gate.created_at).order_by(Decision.created_at)
    agreeing = Decision.kind == StepDecision.APPROVE
    if step.approved and gate.agreed:
        last = await session.scalar(
            since.where(agreeing).order_by(None).order_by(Decision.created_at.desc()).limit(1)
        )
        people = tuple(
            (gate.deputies.get(user, user), user if user in gate.deputies else None) for user in gate.agreed
        )
        return replace(_verdict(last), agreed=people)
    return _verdict(await session.scalar(since.where(~agreeing).limit(1)))


def _verdict(decision: Decision | None) -> Verdict:
    if decision is None:
        return Verdict("changed")
    return Verdict(decision.kind, decision.user_id, decision.on_behalf_of, decision.created_at)
