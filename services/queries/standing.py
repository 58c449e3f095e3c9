"""How plans and their runs stand, as conditions by which PostgreSQL finds the few of many by an index."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, literal_column, select, union_all
from sqlalchemy.orm import aliased

from db.models import Run, WorkflowPlan
from services.states import PlanState, RunState

UNFINISHED = (PlanState.DRAFTING, PlanState.DRAFT, PlanState.FAILED)
"""There is nothing to be carried out yet, and there may be."""

GOING = (RunState.RUNNING, RunState.WAITING, RunState.FAILED)
"""Runs that are not over: what has failed waits for somebody to decide."""


def is_in(column: Any, states: Iterable[StrEnum]) -> ColumnElement[bool]:
    """Whether a state is one of these. They are written out: PostgreSQL sees that a partial index has them all."""
    found: ColumnElement[bool] = column.in_([literal_column(f"'{state.value}'") for state in states])
    return found


def is_unfinished(plan: Any) -> ColumnElement[bool]:
    """Whether a plan is one of `UNFINISHED`."""
    return is_in(plan.state, UNFINISHED)


def is_last_run() -> ColumnElement[bool]:
    """Whether a run is the last one of its plan."""
    return _IS_LAST_RUN


# Made once: SQLAlchemy takes as long to make them as PostgreSQL does to answer.
_OTHER_RUN, _OTHER_PLAN = aliased(Run), aliased(WorkflowPlan)
# A later one is not the first: this alone leaves out nearly all.
_IS_LAST_RUN: ColumnElement[bool] = ~exists().where(
    _OTHER_RUN.number > 1, _OTHER_RUN.plan_id == Run.plan_id, _OTHER_RUN.number > Run.number
)


def with_last_run_in(workspace_id: UUID, states: Iterable[RunState]) -> Select[Any]:
    """The ids of the plans whose last run is in one of the states."""
    return select(Run.plan_id).where(Run.workspace_id == workspace_id, is_in(Run.state, states), _IS_LAST_RUN)


def is_open(workspace_id: UUID) -> ColumnElement[bool]:
    """Whether a plan is not over: unfinished, or with a run that goes on. Each that was approved has a run."""
    plan = _OTHER_PLAN
    unfinished = select(plan.id).where(plan.workspace_id == workspace_id, is_unfinished(plan))
    return WorkflowPlan.id.in_(union_all(unfinished, with_last_run_in(workspace_id, GOING)))
