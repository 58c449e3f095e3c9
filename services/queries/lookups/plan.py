"""One plan: how it stands, its runs, its steps, what they wait for, and who decided what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import PlanVersion, Run, StepRun, WorkflowPlan
from services.formats.text import clip
from services.plans.model import Plan, dependencies, levels
from services.queries.lookups.arguments import Arguments, PlanNumber
from services.queries.lookups.decisions import decisions_of
from services.queries.lookups.plan_rows import RUNS, TITLE, plan_fact, plans, ref_of, told
from services.queries.lookups.rows import Fact, Facts, Person, PlanRef, RowKind, Scope, StepError, Took, known
from services.queries.lookups.waiting import Wait, all_waits, together, who_can
from services.states import OVER, RunState, StepState

MAX_STEPS = 24
"""Of a larger plan those are told first that people have to do with."""

_STATES = {
    StepState.PENDING: "not started",
    StepState.READY: "about to start",
    StepState.RUNNING: "running",
    StepState.WAITING: "waiting for a person",
    StepState.DONE: "done",
    StepState.SKIPPED: "skipped",
    StepState.FAILED: "failed",
    StepState.UNCERTAIN: "nobody knows whether it was done",
    StepState.CANCELLED: "not done",
}
_FIRST = (StepState.WAITING, StepState.UNCERTAIN, StepState.FAILED, StepState.RUNNING, StepState.READY)


class PlanArgument(Arguments):
    """Which plan."""

    number: PlanNumber = Field(description="the number of the plan, such as 12")


async def plan(session: AsyncSession, scope: Scope, given: PlanArgument) -> Facts:
    """All that is to be told of it; nothing where it is not there, or may not be told of."""
    query = select(WorkflowPlan.id).where(told(scope), WorkflowPlan.number == given.number)
    plan_id = await session.scalar(query)
    if plan_id is None:
        return Facts()
    row = (await session.execute(plans([plan_id]))).one()
    ref = ref_of(row)
    waits = await all_waits(session, scope, [plan_id])
    fact = plan_fact(row, together(waits))
    facts = [replace(fact, values={**fact.values, **(who_can(waits[0]) if waits else {})})]
    run = await session.scalar(select(Run).where(Run.plan_id == plan_id).order_by(Run.number.desc()).limit(1))
    version = await session.scalar(
        select(PlanVersion).where(
            PlanVersion.plan_id == plan_id,
            PlanVersion.version == (row[0].version if run is None else run.version),
        )
    )
    numbers = {} if version is None else _numbers(Plan.model_validate(version.document))
    if run is None:
        steps = [] if version is None else list(_drafted(version, numbers, ref))
    else:
        facts.append(_run_fact(run, ref))
        names = {} if version is None else _names(version)
        steps = await _steps(session, run, numbers, ref, waits, names)
    decided = await decisions_of(session, scope, plan_id)
    return Facts([*facts, *steps[:MAX_STEPS], *decided.rows], len(facts) + len(steps) + decided.found)


async def number_of(session: AsyncSession, scope: Scope, plan_id: object) -> int | None:
    """The number of the plan of that id, if it may be told of."""
    return await session.scalar(select(WorkflowPlan.number).where(told(scope), WorkflowPlan.id == plan_id))


def _numbers(document: Plan) -> dict[str, int]:
    """The numbers that the steps have on the card."""
    needs = dependencies(document)
    order = dict.fromkeys(step for level in levels(needs) for step in level) | dict.fromkeys(needs)
    return {step_id: number for number, step_id in enumerate(order, start=1)}


def _names(version: PlanVersion) -> dict[str, str]:
    """What the components of a version are called."""
    return {spec["key"]: clip(str(spec.get("name") or spec["key"]), TITLE) for spec in version.components}


def _drafted(version: PlanVersion, numbers: dict[str, int], ref: PlanRef) -> Iterator[Fact]:
    names = _names(version)
    steps = Plan.model_validate(version.document).steps
    for step in sorted(steps, key=lambda each: numbers[each.step_id]):
        yield Fact(
            RowKind.STEP,
            known(
                step=numbers[step.step_id],
                title=clip(step.description or step.component_id, TITLE),
                component=names.get(step.component_id, step.component_id),
                state="not started: the plan is not approved yet",
            ),
            ref,
        )


async def _steps(
    session: AsyncSession,
    run: Run,
    numbers: dict[str, int],
    ref: PlanRef,
    waits: list[Wait],
    names: dict[str, str],
) -> list[Fact]:
    who = {wait.step_id: wait for wait in waits if wait.step_id}
    rows = await session.scalars(select(StepRun).where(StepRun.run_id == run.id))
    steps = sorted(rows, key=lambda step: numbers.get(step.step_id, step.position))
    if len(steps) > MAX_STEPS:
        steps.sort(key=lambda step: step.state not in _FIRST)
    return [
        _step_fact(step, numbers, ref, who.get(step.step_id), names.get(step.component_key, step.component_key))
        for step in steps
    ]


def _step_fact(step: StepRun, numbers: dict[str, int], ref: PlanRef, wait: Wait | None, component: str) -> Fact:
    ended = step.ended_at if step.state in OVER or step.state == StepState.FAILED else None
    values = known(
        step=numbers.get(step.step_id),
        title=clip(" ".join(str(step.step.get("description") or step.component_key).split()), TITLE),
        component=component,
        state=_STATES[StepState(step.state)],
        waits_for=None if wait is None else wait.what,
        **({} if wait is None else who_can(wait)),
        error=_error(step, component, numbers),
        attempts=step.attempt if step.attempt > 1 else None,
        decided_by=Person(step.decided_by) if step.decided_by else None,
        started_at=step.started_at,
        ended_at=ended,
        took=None if ended is None or step.started_at is None else Took((ended - step.started_at).total_seconds()),
    )
    return Fact(RowKind.STEP, values, ref)


def _error(step: StepRun, component: str, numbers: dict[str, int]) -> StepError | None:
    """Why it failed, as far as the component or the engine says."""
    if step.state not in (StepState.FAILED, StepState.UNCERTAIN) or not step.error:
        return None
    return StepError(step.error, component, numbers)


def _run_fact(run: Run, ref: PlanRef) -> Fact:
    over = run.state in (RunState.COMPLETED, RunState.CANCELLED)
    values = known(
        run=run.number,
        state=RUNS[RunState(run.state)],
        started_by=Person(run.started_by),
        started_at=run.created_at,
        ended_by=Person(run.ended_by) if run.ended_by else None,
        ended_at=run.ended_at if over else None,
        took=Took((run.ended_at - run.created_at).total_seconds()) if over and run.ended_at else None,
    )
    return Fact(RowKind.RUN, values, ref)
