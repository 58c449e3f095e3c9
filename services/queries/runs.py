"""Reading runs: what a card, a modal or a list shows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    column,
    func,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, undefer

from db.models import Decision, Run, StepAttempt, StepGate, StepRun, WorkflowPlan
from db.prepared import PreparedStatement, row_type
from services.approvals import ApprovalRules, LimitOutcome
from services.errors import NotFound
from services.queries.glances import StepOrder, chosen, glances
from services.queries.snapshots import AttemptLine, DecisionLine, History, RunLine, RunSnapshot, StepSnapshot
from services.states import RunState, StepState

SHOWN_BYTES = 20_000
"""Of an answer: of a longer one cards are given an outline, and only the page of its own step all of it."""

_MEMBERS, _MEMBER_BYTES = 40, 500
"""Of an outline: how many members there are in it, and how long each may be."""

MAX_RUNS, MAX_ATTEMPTS, MAX_DECISIONS = 20, 200, 200
"""The most of each that a history holds."""


async def step_title(session: AsyncSession, workspace_id: UUID, step_id: UUID) -> str:
    """What a step does, in the plan's words. Raises NotFound."""
    step = await session.scalar(
        select(StepRun)
        .join(Run, Run.id == StepRun.run_id)
        .where(Run.workspace_id == workspace_id, StepRun.id == step_id)
    )
    if step is None:
        raise NotFound("step", step_id)
    return str(step.step.get("description") or step.component_key)


async def run_of_step(session: AsyncSession, workspace_id: UUID, step_id: UUID) -> UUID:
    """The run that a step belongs to. Raises NotFound."""
    run = await session.scalar(
        select(Run.id)
        .join(StepRun, StepRun.run_id == Run.id)
        .where(Run.workspace_id == workspace_id, StepRun.id == step_id)
    )
    if run is None:
        raise NotFound("step", step_id)
    return run


async def answer(session: AsyncSession, workspace_id: UUID, step_id: UUID) -> tuple[UUID, Any]:
    """The run of a step, and the step's whole answer, however long. Raises NotFound."""
    step = await session.scalar(
        select(StepRun)
        .join(Run, Run.id == StepRun.run_id)
        .where(Run.workspace_id == workspace_id, StepRun.id == step_id)
        .options(undefer(StepRun.output))
    )
    if step is None:
        raise NotFound("step", step_id)
    return step.run_id, step.output


async def history(
    session: AsyncSession, workspace_id: UUID, plan_id: UUID, *, run_id: UUID | None = None
) -> History:
    """The runs of a plan, and the attempts and decisions of one of them: of the last, if none is named.

    Of each the last RUNS, ATTEMPTS and DECISIONS, and how many there are.
    """
    runs = (await session.scalars(_runs(workspace_id, plan_id).limit(MAX_RUNS))).all()
    count = (func.count(),)
    shown = run_id or (runs[0].id if runs else None)
    attempts = (
        select(StepAttempt, StepRun.step_id)
        .join(StepRun, StepRun.id == StepAttempt.step_run_id)
        .join(Run, Run.id == StepRun.run_id)
        .where(Run.workspace_id == workspace_id, StepRun.run_id == shown)
    )
    decisions = (
        select(Decision, StepRun.step_id)
        .outerjoin(StepRun, StepRun.id == Decision.step_run_id)
        .where(Decision.workspace_id == workspace_id, Decision.run_id == shown)
    )
    last_attempts = await session.execute(attempts.order_by(StepAttempt.ended_at.desc()).limit(MAX_ATTEMPTS))
    last_decisions = await session.execute(decisions.order_by(Decision.created_at.desc()).limit(MAX_DECISIONS))
    return History(
        runs=tuple(run_line(run) for run in runs),
        attempts=tuple(_attempt_line(*row) for row in reversed(last_attempts.all())),
        decisions=tuple(_decision_line(*row) for row in reversed(last_decisions.all())),
        all_runs=await session.scalar(_runs(workspace_id, plan_id).with_only_columns(*count).order_by(None)) or 0,
        all_attempts=await session.scalar(attempts.with_only_columns(*count, maintain_column_froms=True)) or 0,
        all_decisions=await session.scalar(decisions.with_only_columns(*count, maintain_column_froms=True)) or 0,
    )


def _runs(workspace_id: UUID, plan_id: UUID) -> Select[Run]:
    """The runs of a plan, the last first."""
    return select(Run).where(Run.workspace_id == workspace_id, Run.plan_id == plan_id).order_by(Run.number.desc())


def run_line(run: Any) -> RunLine:
    """A run as a line of a list; `run` is its row, or what has the same columns."""
    return RunLine(
        id=run.id,
        number=run.number,
        version=run.version,
        state=RunState(run.state),
        started_by=run.started_by,
        started_at=run.created_at,
        ended_by=run.ended_by,
        ended_at=run.ended_at,
    )


def _attempt_line(attempt: StepAttempt, step_id: str) -> AttemptLine:
    return AttemptLine(
        step_id=step_id,
        number=attempt.number,
        outcome=attempt.outcome,
        status=attempt.status,
        error=attempt.facts or None,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
    )


def _decision_line(decision: Decision, step_id: str | None) -> DecisionLine:
    return DecisionLine(
        kind=decision.kind,
        user=decision.user_id,
        at=decision.created_at,
        step_id=step_id,
        reason=decision.reason,
        on_behalf_of=decision.on_behalf_of,
    )


def _size(output: ColumnElement[Any]) -> ColumnElement[int]:
    """About how many bytes an answer has; null where there is none.

    As a column it is compressed, and as a text it takes five times as long to make: in an array it is neither.
    """
    return case((output.is_not(None), func.pg_column_size(array([output]))))


def _outline(output: ColumnElement[Any]) -> ColumnElement[Any]:
    """What of a long answer tells most: its short members, its first item, or the beginning of a text."""
    member = func.jsonb_each(output).table_valued("key", column("value", JSONB)).alias("member")
    short = func.pg_column_size(member.c.value) <= _MEMBER_BYTES
    members = select(member.c.key, member.c.value).where(short).limit(_MEMBERS).subquery()
    of_object = select(func.jsonb_object_agg(members.c.key, members.c.value)).scalar_subquery()
    first = output[0]
    of_array = case((_size(first) <= SHOWN_BYTES, func.jsonb_build_array(first)))
    of_text = func.to_jsonb(func.left(output.op("#>>")(array([], type_=Text)), SHOWN_BYTES // 10))
    kind = func.jsonb_typeof(output)
    chosen = case((kind == "object", of_object), (kind == "array", of_array), (kind == "string", of_text))
    return type_coerce(chosen, JSONB)


_SHOWN = (
    *("id", "run_id", "step_id", "state", "revision", "attempt", "gated", "request", "error", "wait", "warnings"),
    *("retry_at", "decided_by", "decided_for", "decided_at", "note", "skip", "started_at", "ended_at"),
)
"""What is read of a step besides its answer."""

_OF_GATE = (
    *("id", "agreed", "limit_at", "limit_outcome", "deputies", "assigned_to", "assigned_by", "assignments"),
    "requests",
)

# Rows have the names that the columns have, and are read as if they were the objects.
_StepRow = row_type("_StepRow", _SHOWN)
_GateRow = row_type("_GateRow", _OF_GATE)


def _steps() -> Select[Any]:
    """Steps of runs, each with its answer, or with what is shown of a long one, and its last gate.

    Columns, not objects: to make those was a good part of what a worker does for a card.
    """
    output = StepRun.output.expression
    size = _size(output)
    is_long = size > SHOWN_BYTES
    shown = case((is_long, _outline(output)), else_=output)
    last = select(StepGate).where(StepGate.step_run_id == StepRun.id, StepRun.gated)
    gate = aliased(StepGate, last.order_by(StepGate.revision.desc()).limit(1).lateral("gate"))
    return (
        select(
            *(getattr(StepRun, name) for name in _SHOWN),
            shown.label("shown"),
            size.label("size"),
            is_long.label("is_long"),
            *(getattr(gate, name) for name in _OF_GATE),
        )
        .outerjoin(gate, true())
        .order_by(StepRun.run_id, StepRun.position)
    )


# Each card that is drawn asks one of these: to put it together took a tenth of a worker's time.
_STEPS = PreparedStatement(_steps().where(StepRun.run_id == any_(bindparam("runs", type_=ARRAY(Uuid)))))
_CHOSEN = PreparedStatement(_steps().where(StepRun.id == any_(bindparam("steps", type_=ARRAY(Uuid)))))


async def snapshots(session: AsyncSession, runs: Sequence[tuple[Run, ApprovalRules]]) -> dict[UUID, RunSnapshot]:
    """Runs with all of their steps, each under the rules of now, by their ids."""
    if not runs:
        return {}
    steps: dict[UUID, list[StepSnapshot]] = {run.id: [] for run, _ in runs}
    rules = {run.id: settings for run, settings in runs}
    for row in await _STEPS.rows(session, runs=list(steps)):
        run_id, step = _read(row, rules)
        steps[run_id].append(step)
    return {run.id: _run_snapshot(run, steps[run.id]) for run, _ in runs}


async def glimpses(
    session: AsyncSession, runs: Sequence[tuple[Run, ApprovalRules, StepOrder]]
) -> dict[UUID, RunSnapshot]:
    """The same of large runs for their cards: of a step that a card does not show, no more than how it stands."""
    if not runs:
        return {}
    rules = {run.id: settings for run, settings, _ in runs}
    standing = await glances(session, list(rules))
    wanted = [step for run, _, order in runs for step in chosen(standing[run.id], order)]
    whole = [_read(row, rules)[1] for row in await _CHOSEN.rows(session, steps=wanted)]
    by_id = {step.id: step for step in whole}
    return {
        run.id: _run_snapshot(run, [by_id.get(each.id) or each.snapshot() for each in standing[run.id]])
        for run, _, _ in runs
    }


def _read(row: Sequence[Any], rules: Mapping[UUID, ApprovalRules]) -> tuple[UUID, StepSnapshot]:
    """A step and its run's id."""
    step = _StepRow._make(row[: len(_SHOWN)])
    output, size, is_long, *of_gate = row[len(_SHOWN) :]
    gate = _GateRow._make(of_gate)
    return step.run_id, step_snapshot(
        cast("StepRun", step),
        None if gate.id is None else cast("StepGate", gate),
        rules[step.run_id],
        output=output,
        output_size=size or 0,
        is_long=bool(is_long),
    )


def _run_snapshot(run: Run, steps: Sequence[StepSnapshot]) -> RunSnapshot:
    return RunSnapshot(
        id=run.id,
        number=run.number,
        version=run.version,
        state=RunState(run.state),
        started_by=run.started_by,
        started_at=run.created_at,
        steps=tuple(steps),
        ended_at=run.ended_at,
        ended_by=run.ended_by,
    )


def _agreed(step: StepRun, gate: StepGate | None, settings: ApprovalRules) -> tuple[str, ...]:
    """Who has agreed: at a gate that still waits, only those who are approvers now."""
    agreed = gate.agreed if gate is not None else []
    return tuple(user for user in agreed if step.state != StepState.WAITING or user in settings.approvers)


def step_snapshot(
    step: StepRun,
    gate: StepGate | None,
    settings: ApprovalRules,
    *,
    output: Any = None,
    output_size: int = 0,
    is_long: bool = False,
) -> StepSnapshot:
    """A step as it stands, with its last gate; without its answer, where nobody has read that."""
    return StepSnapshot(
        id=step.id,
        step_id=step.step_id,
        state=StepState(step.state),
        revision=step.revision,
        attempt=step.attempt,
        gated=step.gated,
        request=step.request,
        output=output,
        output_size=output_size,
        is_long=is_long,
        error=step.error,
        wait=step.wait,
        warnings=tuple(step.warnings),
        retry_at=step.retry_at,
        agreed=_agreed(step, gate, settings),
        quorum=settings.quorum,
        limit_at=None if gate is None else gate.limit_at,
        limit_outcome=LimitOutcome(gate.limit_outcome) if gate is not None and gate.limit_outcome else None,
        decided_by=step.decided_by,
        decided_for=step.decided_for,
        decided_at=step.decided_at,
        note=step.note,
        deputies={} if gate is None else gate.deputies,
        assigned_to=None if gate is None else gate.assigned_to,
        assigned_by=None if gate is None else gate.assigned_by,
        assignments=0 if gate is None else gate.assignments,
        requests=() if gate is None else tuple(gate.requests),
        skip=step.skip,
        started_at=step.started_at,
        ended_at=step.ended_at,
    )


async def find_run(session: AsyncSession, workspace_id: UUID, number: int, run: int | None = None) -> UUID:
    """The id of a run by the number of its plan, and its own: the last run if none is given. Raises NotFound."""
    runs = (
        select(Run.id)
        .join(WorkflowPlan, WorkflowPlan.id == Run.plan_id)
        .where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.number == number)
        .order_by(Run.number.desc())
        .limit(1)
    )
    found = await session.scalar(runs if run is None else runs.where(Run.number == run))
    if found is None:
        raise NotFound("run", f"{number}" if run is None else f"{number}.{run}")
    return found
