"""What a forecast is made of: how the last steps of each component went in this workspace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Float, Select, Subquery, Text, Uuid, bindparam, column, func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AICall, StepAttempt, StepRun
from services.plans.forecast import Forecast, Record, forecast, timed_components
from services.queries.snapshots import VersionSnapshot

SINCE = timedelta(days=90)
"""What is longer ago says little of how a component is now."""

STEPS = 50
"""So many steps of a component are looked at, the last ones."""

_WORKSPACE = bindparam("workspace", type_=Uuid)
_WITHOUT_HELP = ("done", "retry")
"""The outcomes of attempts that no person had to see to."""


async def read(session: AsyncSession, workspace_id: UUID, plan_id: UUID, version: VersionSnapshot) -> Forecast:
    """The forecast of a version of a plan. It is one query, and takes no longer where there is more on record."""
    keys = timed_components(version.plan)
    given = {"workspace": workspace_id, "plan": plan_id, "keys": list(keys)}
    rows = (await session.execute(_QUERY, given)).all()
    records = {row.key: Record(row.seconds or (), row.steps) for row in rows if row.key is not None}
    return forecast(version.plan, version.components, records, tokens=int(rows[0].tokens))


def _query() -> Select[Any]:
    """A row for each component with a history, each with the plan's tokens; at least one, if only with those."""
    steps = _steps()
    in_order = aggregate_order_by(steps.c.seconds, steps.c.seconds)
    records = (
        select(
            steps.c.key,
            func.array_agg(in_order, type_=ARRAY(Float)).filter(steps.c.passed).label("seconds"),
            func.count().label("steps"),
        )
        .group_by(steps.c.key)
        .subquery("records")
    )
    spent = (
        select(func.coalesce(func.sum(AICall.total_tokens), 0).label("tokens"))
        .where(AICall.workspace_id == _WORKSPACE, AICall.plan_id == bindparam("plan", type_=Uuid))
        .subquery("spent")
    )
    return select(spent.c.tokens, *records.c).outerjoin(records, true())


def _steps() -> Subquery:
    """The last steps of each component that were tried.

    `seconds` run from the first attempt to the one that was the last or needed a person; `passed`: none did.
    """
    names = bindparam("keys", type_=ARRAY(Text))
    wanted = func.unnest(names).table_valued(column("key", Text), name="wanted").render_derived()
    last = (
        select(StepRun.id)
        .where(
            StepRun.workspace_id == _WORKSPACE,
            StepRun.component_key == wanted.c.key,
            StepRun.ended_at > func.now() - SINCE,
        )
        .order_by(StepRun.ended_at.desc())
        .limit(STEPS)
        .lateral("last")
    )
    end = func.min(StepAttempt.ended_at).filter(StepAttempt.outcome != "retry")
    seconds = func.extract("epoch", end - func.min(StepAttempt.started_at))
    return (
        select(
            wanted.c.key,
            func.greatest(seconds, 0, type_=Float).label("seconds"),
            func.bool_and(StepAttempt.outcome.in_(_WITHOUT_HELP)).label("passed"),
        )
        .join_from(wanted, last, true())
        .join(StepAttempt, StepAttempt.step_run_id == last.c.id)
        .where(StepAttempt.workspace_id == _WORKSPACE)
        .group_by(wanted.c.key, last.c.id)
        .having(end.is_not(None))
        .subquery("steps")
    )


_QUERY = _query()
