"""How plans stand, as conditions of queries: by what an index of the few that are not over can find.

The rows are named anew in each: the query around may have plans and runs of its own.
"""

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
"""The states of a plan of which nothing is to be carried out yet, and may be."""

GOING = (RunState.RUNNING, RunState.WAITING, RunState.FAILED)
"""The states of a run that is not over; of one that has failed people decide how it goes on."""


def is_open(workspace_id: UUID) -> ColumnElement[bool]:
    """What is not over: being drafted, to be decided about, without a plan, or with a run that goes on."""
    other = aliased(WorkflowPlan)
    unfinished = select(other.id).where(other.workspace_id == workspace_id, is_unfinished(other))
    return WorkflowPlan.id.in_(union_all(unfinished, _with_last_run_in(workspace_id, GOING)))


def last_run_in(workspace_id: UUID, states: Iterable[RunState]) -> ColumnElement[bool]:
    """Whether a plan's last run is in one of the states."""
    return WorkflowPlan.id.in_(_with_last_run_in(workspace_id, states))


def _with_last_run_in(workspace_id: UUID, states: Iterable[RunState]) -> Select[Any]:
    run = aliased(Run)
    return select(run.plan_id).where(run.workspace_id == workspace_id, is_in(run.state, states), is_last_run(run))


def is_last_run(run: Any = Run) -> ColumnElement[bool]:
    """Whether a run is the last one of its plan."""
    later = aliased(Run)
    # A later one is not the first: this alone leaves out nearly all.
    return ~exists().where(later.number > 1, later.plan_id == run.plan_id, later.number > run.number)


def is_unfinished(plan: Any) -> ColumnElement[bool]:
    """Whether there is nothing to be carried out yet, and there may be."""
    return is_in(plan.state, UNFINISHED)


def is_in(column: Any, states: Iterable[StrEnum]) -> ColumnElement[bool]:
    """Whether a state is one of these. They are written out: PostgreSQL sees that a partial index has them all."""
    found: ColumnElement[bool] = column.in_([literal_column(f"'{state.value}'") for state in states])
    return found
