"""What every look-up about plans shares: which plans may be told, how they stand, and their rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import Card, Run, WorkflowPlan
from services.formats.text import clip, search_words
from services.queries.lookups.rows import Fact, Person, PlanRef, RowKind, Scope, Took, known
from services.states import PlanState, RunState

TITLE = 120
"""Characters of a title that a row holds."""

_MAX_WORDS = 8

_PLANS: Mapping[PlanState, str] = {
    PlanState.DRAFTING: "being drafted",
    PlanState.DRAFT: "waiting for approval of the plan",
    PlanState.APPROVED: "approved",
    PlanState.DISCARDED: "discarded",
    PlanState.FAILED: "no plan could be drafted",
}
RUNS: Mapping[RunState, str] = {
    RunState.RUNNING: "running",
    RunState.WAITING: "waiting for a person",
    RunState.COMPLETED: "done",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "cancelled",
}
"""How a run stands, in words."""

_UNFINISHED = (PlanState.DRAFTING, PlanState.DRAFT, PlanState.FAILED)
GOES_ON = (RunState.RUNNING, RunState.WAITING, RunState.FAILED)
"""Runs that are not over: what has failed waits for somebody to decide."""


def standing(plan: str, run: str | None) -> str:
    """How a plan stands in words, by its state and that of its last run."""
    return _PLANS[PlanState(plan)] if run is None else RUNS[RunState(run)]


def told(scope: Scope) -> ColumnElement[bool]:
    """The plans of the workspace that may be told of."""
    of_workspace = WorkflowPlan.workspace_id == scope.workspace_id
    only = true() if scope.only is None else WorkflowPlan.id == scope.only
    return and_(of_workspace, only, _in_sight(scope))


def _in_sight(scope: Scope) -> ColumnElement[bool]:
    """A plan lies where its card does; one without a card, where it was reported."""
    if scope.places is None:
        return true()
    places, card = sorted(scope.places), aliased(Card)
    of_plan = card.plan_id == WorkflowPlan.id
    reported_there = and_(WorkflowPlan.channel_id.in_(places), ~exists().where(of_plan))
    return or_(exists().where(of_plan, card.channel_id.in_(places)), reported_there)


def last_run_in(scope: Scope, states: Iterable[RunState]) -> ColumnElement[bool]:
    """Whether a plan's last run is in one of the states."""
    later = aliased(Run)
    runs = select(Run.plan_id).where(
        Run.workspace_id == scope.workspace_id,
        Run.state.in_(list(states)),
        ~exists().where(later.plan_id == Run.plan_id, later.number > Run.number),
    )
    return WorkflowPlan.id.in_(runs)


def is_open(scope: Scope) -> ColumnElement[bool]:
    """What is not over: being drafted, to be decided about, without a plan, or with a run that goes on."""
    return or_(WorkflowPlan.state.in_(_UNFINISHED), last_run_in(scope, GOES_ON))


def about(text: str, *columns: Any) -> ColumnElement[bool]:
    """Whether each word of a text stands in one of the columns: letters begin a word, digits are one."""
    whole = func.concat_ws(" ", *columns)
    words = search_words(text)[:_MAX_WORDS]
    return and_(true(), *(whole.op("~*")(_pattern(word)) for word in words))


def _pattern(word: str) -> str:
    # Words are letters, marks and digits: nothing in them means anything to a regular expression.
    return rf"\m{word}\M" if word.isdigit() else rf"\m{beginning(word)}"


_ENDINGS = re.compile(r"(?<=\w{4})(?:ing|ment|ed|es|s)$")


def beginning(word: str) -> str:
    """What other forms of an English word begin with, too: "clos" of closing, as of "Close"."""
    return _ENDINGS.sub("", word)


def plans(ids: Iterable[UUID]) -> Select[Any]:
    """Plans with their cards and their last runs, the newest first."""
    last = (
        select(Run.number, Run.state, Run.created_at, Run.ended_at)
        .where(Run.plan_id == WorkflowPlan.id)
        .order_by(Run.number.desc())
        .limit(1)
        .lateral("last_run")
    )
    return (
        select(
            WorkflowPlan,
            Card.channel_id.label("card_channel"),
            Card.ts.label("card_ts"),
            last.c.number.label("run_number"),
            last.c.state.label("run_state"),
            last.c.created_at.label("run_began"),
            last.c.ended_at.label("run_ended"),
        )
        .outerjoin(Card, Card.plan_id == WorkflowPlan.id)
        .outerjoin(last, true())
        .where(WorkflowPlan.id.in_(list(ids)))
        .order_by(WorkflowPlan.number.desc())
    )


async def plan_facts(
    session: AsyncSession, ids: Iterable[UUID], waits: Mapping[UUID, str] | None = None
) -> list[Fact]:
    """The rows of plans; `waits` says of some what they wait for."""
    return [plan_fact(row, (waits or {}).get(row[0].id)) for row in await session.execute(plans(ids))]


def plan_fact(row: Any, waits_for: str | None = None) -> Fact:
    """The row of one plan."""
    plan: WorkflowPlan = row[0]
    is_done = row.run_state == RunState.COMPLETED and row.run_ended is not None
    values = known(
        number=plan.number,
        title=title_of(plan),
        state=standing(plan.state, row.run_state),
        waits_for=waits_for,
        place=None if plan.place is None else clip(plan.place, TITLE),
        urgency=plan.urgency,
        reporter=Person(plan.reporter_id),
        reported_at=plan.created_at,
        decided_by=None if plan.decided_by is None else Person(plan.decided_by),
        decided_at=plan.decided_at,
        steps=plan.steps,
        done_at=row.run_ended if is_done else None,
        took=Took((row.run_ended - plan.created_at).total_seconds()) if is_done else None,
    )
    return Fact(RowKind.PLAN, values, plan_ref(plan, row.card_channel, row.card_ts))


def plan_ref(plan: WorkflowPlan, channel_id: str | None, ts: str | None) -> PlanRef:
    """Where a plan's card is."""
    return PlanRef(plan.id, plan.number, channel_id or plan.channel_id, ts)


def title_of(plan: WorkflowPlan) -> str:
    """What a plan is called; before there is a plan, what was reported."""
    return clip(" ".join((plan.title or plan.issue_text[: 2 * TITLE]).split()), TITLE)
