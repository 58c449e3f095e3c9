"""How steps went: how often they failed, by component, and how long plans took to be done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import Field
from sqlalchemy import Float, distinct, extract, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Run, StepAttempt, StepRun, WorkflowPlan
from services.components.service import ComponentService
from services.formats.text import clip
from services.queries.lookups.arguments import Period, Text
from services.queries.lookups.components import named
from services.queries.lookups.plan_rows import about_plan, told
from services.queries.lookups.rows import Fact, Facts, RowKind, Scope, Took, Value, known
from services.states import RunState

MAX_COMPONENTS = 12

LATELY = timedelta(days=30)
"""So far back failures are counted where no first day is named."""

_FAILED, _UNCERTAIN, _RETRIED = "failed", "uncertain", "retry"


class FailureArguments(Period):
    """Whose failures."""

    component: Text | None = Field(None, description="words of the name of a component; none: all that failed")


class DurationArguments(Period):
    """Of which plans."""

    text: Text | None = Field(None, description="words of the report, its place or its title")


async def failures(session: AsyncSession, scope: Scope, given: FailureArguments) -> Facts:
    """How often calls of components failed, the most first; with words, of all that are called so."""
    specs = await named(session, scope, given.component) if given.component else []
    if given.component and not specs:
        return Facts()
    attempt, failed = StepAttempt, StepAttempt.outcome == _FAILED
    # By its id: PostgreSQL would rather read the whole table of steps.
    step = (
        select(StepRun.id, StepRun.component_key).where(StepRun.id == attempt.step_run_id).limit(1).lateral("step")
    )
    query = (
        select(
            step.c.component_key.label("key"),
            func.count(attempt.id).label("attempts"),
            func.count(attempt.id).filter(failed).label("failed"),
            func.count(attempt.id).filter(attempt.outcome == _UNCERTAIN).label("uncertain"),
            func.count(attempt.id).filter(attempt.outcome == _RETRIED).label("retried"),
            func.count(distinct(step.c.id)).label("steps"),
            func.count(distinct(step.c.id)).filter(failed).label("failed_steps"),
            func.max(attempt.ended_at).filter(failed).label("last_failed_at"),
        )
        .select_from(attempt)
        .join(step, true())
        .where(attempt.workspace_id == scope.workspace_id)
        .group_by(step.c.component_key)
        .order_by(func.count(attempt.id).filter(failed).desc(), step.c.component_key)
    )
    begins = given.begins(scope) or scope.now - LATELY
    query = query.where(attempt.ended_at >= begins)
    if (ends := given.ends(scope)) is not None:
        query = query.where(attempt.ended_at < ends)
    if specs:
        query = query.where(step.c.component_key.in_([spec.key for spec in specs]))
    else:
        query = query.having(func.count(attempt.id).filter(failed | (attempt.outcome == _UNCERTAIN)) > 0)
    rows = {row.key: row for row in await session.execute(query)}
    names = {spec.key: spec.name for spec in specs}
    if not specs:
        found = await ComponentService().by_keys(session, scope.workspace_id, list(rows))
        names = {key: spec.name for key, spec in found.items()}
    facts = [_failures(key, names.get(key, key), rows.get(key)) for key in (names if specs else rows)]
    facts.sort(key=lambda fact: -int(str(fact.values["failed"])))
    total: dict[str, Value] = {
        "failed": sum(row.failed for row in rows.values()),
        "calls": sum(row.attempts for row in rows.values()),
        "since": begins,
    }
    return Facts(facts[:MAX_COMPONENTS], len(facts), total)


def _failures(key: str, name: str, row: Any) -> Fact:
    """What there is of a component; one that was not called has not failed."""
    values = known(
        component=clip(name, 120),
        key=key,
        calls=row.attempts if row else 0,
        failed=row.failed if row else 0,
        uncertain=row.uncertain if row else 0,
        tried_again=row.retried if row else 0,
        steps=row.steps if row else 0,
        failed_steps=row.failed_steps if row else 0,
        last_failed_at=row.last_failed_at if row else None,
    )
    return Fact(RowKind.FAILURES, values)


async def durations(session: AsyncSession, scope: Scope, given: DurationArguments) -> Facts:
    """From the report to the end of the run: median, shortest and longest of the plans that are done."""
    plan = WorkflowPlan
    took = extract("epoch", Run.ended_at - plan.created_at)
    ran = extract("epoch", Run.ended_at - Run.created_at)
    query = (
        select(
            func.count().label("plans"),
            func.percentile_cont(0.5).within_group(took.cast(Float)).label("median"),
            func.percentile_cont(0.5).within_group(ran.cast(Float)).label("median_run"),
            func.min(took).label("shortest"),
            func.max(took).label("longest"),
        )
        .select_from(Run)
        .join(plan, plan.id == Run.plan_id)
        .where(told(scope), Run.workspace_id == scope.workspace_id)
        .where(Run.state == RunState.COMPLETED, Run.ended_at.is_not(None))
    )
    if (begins := given.begins(scope)) is not None:
        query = query.where(Run.ended_at >= begins)
    if (ends := given.ends(scope)) is not None:
        query = query.where(Run.ended_at < ends)
    if given.text:
        query = query.where(about_plan(given.text))
    row = (await session.execute(query)).one()
    if not row.plans:
        return Facts(more={"plans": 0})
    values = known(
        plans=row.plans,
        median=Took(row.median),
        median_run=Took(row.median_run),
        shortest=Took(float(row.shortest)),
        longest=Took(float(row.longest)),
    )
    return Facts([Fact(RowKind.DURATION, values)], 1)
