"""Who decided what: about plans, their runs and their steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, func, literal, literal_column, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Card, Decision, Run, StepRun, WorkflowPlan
from services.formats.text import clip, search_words
from services.queries.lookups.arguments import Period, PersonId, Text, person
from services.queries.lookups.plan_rows import (
    about,
    about_plan,
    beginning,
    plan_columns,
    plan_ref,
    title_of,
    told,
)
from services.queries.lookups.rows import Fact, Facts, Person, RowKind, Said, Scope, Value, known
from services.queries.lookups.waiting import step_title
from services.states import PlanState

MAX_DECISIONS = 12

What = Literal["any", "approved", "rejected", "discarded", "skipped", "retried", "stopped"]

_KINDS: Mapping[str, tuple[str, ...]] = {
    "approved": ("approve",),
    "rejected": ("reject",),
    "skipped": ("skip",),
    "retried": ("retry", "again"),
    "stopped": ("cancel", "stop"),
}
_WORDS = {
    "approve": "approved",
    "reject": "rejected",
    "retry": "had it tried again",
    "skip": "skipped",
    "mark_done": "marked as done",
    "edit_outputs": "edited the outputs",
    "cancel": "ended the run",
    "stop": "stopped the run",
    "again": "started it again",
    "time_out": "nobody decided in time",
}
_PLAN_STATES: Mapping[str, tuple[PlanState, ...]] = {
    "any": (PlanState.APPROVED, PlanState.DISCARDED),
    "approved": (PlanState.APPROVED,),
    "discarded": (PlanState.DISCARDED,),
}
_STEP_TEXT = StepRun.step.op("->>")(literal_column("'description'"))


class DecisionArguments(Period):
    """Which decisions."""

    what: What = Field("any", description="what was decided")
    person: PersonId | None = Field(None, description="who decided: a Slack id, or me for whoever asks")
    text: Text | None = Field(None, description="words of the step, or of the plan's title, such as crane")


# Made once: SQLAlchemy takes as long to make them as PostgreSQL does to answer.
_RUN_OF = select(Run.plan_id).limit(1)
_PLAN_OF = select(WorkflowPlan.id, WorkflowPlan.title, WorkflowPlan.place).limit(1)
_DECIDED_PLANS = select(
    WorkflowPlan.id,
    WorkflowPlan.number,
    WorkflowPlan.decided_at,
    WorkflowPlan.title,
    WorkflowPlan.place,
    WorkflowPlan.issue_search,
    WorkflowPlan.issue_text,
)
_PLANS_SHOWN = plan_columns().add_columns(WorkflowPlan.state, WorkflowPlan.decided_by, WorkflowPlan.decided_at)
_STEP_OF = select(_STEP_TEXT.label("description"), StepRun.component_key).limit(1)


async def decisions(session: AsyncSession, scope: Scope, given: DecisionArguments) -> Facts:
    """The latest that fit; with words, those about steps that are called so first."""
    found = await _all(session, scope, given)
    if given.text and not found.found:
        # Who agreed to a step that had no gate of its own approved it with the plan.
        plans = await _plans_with_step(session, scope, given.text)
        found = await _of_plans(session, scope, given.model_copy(update={"text": None}), plans)
    if given.text:
        words = search_words(given.text)
        rows = sorted(found.rows, key=lambda fact: _distance(fact, words))
        return Facts(rows[:MAX_DECISIONS], found.found, found.more)
    return Facts(found.rows[:MAX_DECISIONS], found.found, found.more)


async def decisions_of(session: AsyncSession, scope: Scope, plan_id: UUID) -> Facts:
    """The latest about one plan."""
    found = await _all(session, scope, DecisionArguments(), [plan_id])
    return Facts(found.rows[:MAX_DECISIONS], found.found, found.more)


def _distance(fact: Fact, words: Sequence[str]) -> int:
    """What is about a step of these words comes first, then plans of these words, and last steps of such plans."""
    step = str(fact.values.get("step", "")).casefold()
    return 1 if not step else 0 if all(beginning(word) in step for word in words) else 2


_MOST = 20
_LATEST = 1_000
"""So many decisions about runs, and as many about plans, are looked through: the latest that fit but for words."""

_LATEST_PLANS = 100
"""So many approved plans are looked through for a step."""


async def _all(
    session: AsyncSession, scope: Scope, given: DecisionArguments, plans: Sequence[UUID] | None = None
) -> Facts:
    of_runs = await _of_runs(session, scope, given, plans)
    of_plans = await _of_plans(session, scope, given, plans)
    facts = sorted([*of_runs.rows, *of_plans.rows], key=_at, reverse=True)
    is_cut = _LATEST in (of_runs.found, of_plans.found)
    looked = Said("only the latest {count} of each kind", {"count": f"{_LATEST:,}"})
    cut: dict[str, Value] = {"looked_through": looked} if is_cut else {}
    return Facts(facts, of_runs.found + of_plans.found, cut)


async def _plans_with_step(session: AsyncSession, scope: Scope, text: str) -> Sequence[UUID]:
    """The plans, of the latest that were approved, with a step of these words."""
    latest = (
        select(WorkflowPlan.id)
        .where(told(scope), WorkflowPlan.state == PlanState.APPROVED)
        .order_by(WorkflowPlan.decided_at.desc())
        .limit(_LATEST_PLANS)
        .subquery()
    )
    steps = (
        select(Run.plan_id)
        .join(latest, latest.c.id == Run.plan_id)
        .join(StepRun, StepRun.run_id == Run.id)
        .where(about(text, _STEP_TEXT, StepRun.component_key))
        .distinct()
    )
    return (await session.scalars(steps)).all()


async def _of_runs(
    session: AsyncSession, scope: Scope, given: DecisionArguments, plans: Sequence[UUID] | None
) -> Facts:
    kinds, who = _KINDS.get(given.what), person(given.person, scope)
    if given.what != "any" and kinds is None:
        return Facts()
    where = [Decision.workspace_id == scope.workspace_id, *_between(scope, given, Decision.created_at)]
    where += [Decision.kind.in_(kinds)] if kinds else []
    where += [Decision.user_id == who] if who else []
    where += [] if plans is None else [Decision.run_id.in_(select(Run.id).where(_one_of(Run.plan_id, plans)))]
    columns = (Decision.run_id, Decision.step_run_id, Decision.kind, Decision.user_id, Decision.reason)
    latest = (
        select(*columns, Decision.created_at)
        .where(*where)
        .order_by(Decision.created_at.desc())
        .limit(_LATEST)
        .subquery("latest")
    )
    # Each is looked up by its id: PostgreSQL would rather read whole tables, and take ten times as long.
    run = _RUN_OF.where(Run.id == latest.c.run_id).lateral("run")
    its_plan = _PLAN_OF if scope.places is None else _PLAN_OF.join(Card, Card.plan_id == WorkflowPlan.id)
    plan = its_plan.where(WorkflowPlan.id == run.c.plan_id, told(scope, is_joined=True)).lateral("plan")
    step = _STEP_OF.where(StepRun.id == latest.c.step_run_id).lateral("step")
    query = (
        select(latest, plan.c.id.label("plan_id"), step, func.count().over().label("found"))
        .select_from(latest)
        .join(run, true())
        .join(plan, true())
        .outerjoin(step, true())
        .order_by(latest.c.created_at.desc())
        .limit(_MOST)
    )
    if given.text:
        of_step = about(given.text, step.c.description, step.c.component_key)
        query = query.where(or_(of_step, about(given.text, plan.c.title, plan.c.place)))
    # What is shown of plans is read of those alone that are.
    fits = query.subquery("fits")
    shown = plan_columns().add_columns(*fits.c).join(fits, fits.c.plan_id == WorkflowPlan.id)
    rows = (await session.execute(shown.order_by(fits.c.created_at.desc()))).all()
    return Facts([_of_run(row) for row in rows], rows[0].found if rows else 0)


def _of_run(row: Any) -> Fact:
    is_person = row.user_id[:1] in ("U", "W")
    values = known(
        number=row.number,
        title=title_of(row),
        what=_WORDS.get(row.kind, clip(row.kind, 40)),
        step=None if row.component_key is None else step_title(row),
        by=Person(row.user_id) if is_person else None,
        at=row.created_at,
        reason=None if not row.reason else clip(" ".join(row.reason.split()), 200),
    )
    return Fact(RowKind.DECISION, values, plan_ref(row))


async def _of_plans(
    session: AsyncSession, scope: Scope, given: DecisionArguments, plans: Sequence[UUID] | None
) -> Facts:
    states, who, plan = _PLAN_STATES.get(given.what), person(given.person, scope), WorkflowPlan
    if states is None:
        return Facts()
    where = [told(scope), plan.state.in_(states), plan.decided_at.is_not(None)]
    where += [*_between(scope, given, plan.decided_at), *([plan.decided_by == who] if who else [])]
    where += [] if plans is None else [_one_of(plan.id, plans)]
    # Whether the words are in them is asked of the latest alone, and what is shown of those alone that fit.
    latest = _DECIDED_PLANS.where(*where).order_by(plan.decided_at.desc()).limit(_LATEST).subquery("latest")
    fits = (
        select(latest.c.id, func.count().over().label("found"))
        .order_by(latest.c.decided_at.desc(), latest.c.number.desc())
        .limit(_MOST)
    )
    if given.text:
        fits = fits.where(about_plan(given.text, latest.c))
    its = fits.subquery("fits")
    shown = _PLANS_SHOWN.add_columns(its.c.found).join(its, its.c.id == plan.id)
    rows = (await session.execute(shown.order_by(plan.decided_at.desc(), plan.number.desc()))).all()
    return Facts([_of_plan(row) for row in rows], rows[0].found if rows else 0)


def _of_plan(row: Any) -> Fact:
    values = known(
        number=row.number,
        title=title_of(row),
        what="approved the plan" if row.state == PlanState.APPROVED else "discarded the plan",
        by=None if row.decided_by is None else Person(row.decided_by),
        at=row.decided_at,
    )
    return Fact(RowKind.DECISION, values, plan_ref(row))


def _between(scope: Scope, given: Period, when: Any) -> list[ColumnElement[bool]]:
    begins, ends = given.begins(scope), given.ends(scope)
    return [*([] if begins is None else [when >= begins]), *([] if ends is None else [when < ends])]


def _one_of(column: Any, ids: Sequence[UUID]) -> ColumnElement[bool]:
    """Once PostgreSQL plans for all values, it reads all plans for a list of a hundred, and none for an array."""
    found: ColumnElement[bool] = column == any_(literal(list(ids), ARRAY(Uuid)))
    return found


def _at(fact: Fact) -> Any:
    return fact.values["at"], fact.values["number"]
