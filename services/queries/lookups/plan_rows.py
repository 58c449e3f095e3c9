"""What every look-up about plans shares: which plans may be told, how they stand, and their rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    collate,
    func,
    literal_column,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import Card, Run, WorkflowPlan
from services.formats.text import clip, search_words
from services.queries.lookups.rows import Fact, Person, PlanRef, RowKind, Said, Scope, Several, Took, known
from services.states import PlanState, RunState

TITLE = 120
"""Characters of a title that a row holds."""

_MAX_WORDS = 8
_LONGEST = 4_000
"""Characters of an issue that are looked through for a word that is no lexeme."""

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


def standing(plan: str, run: str | None) -> str:
    """How a plan stands in words, by its state and that of its last run."""
    return _PLANS[PlanState(plan)] if run is None else RUNS[RunState(run)]


def told(scope: Scope, *, is_joined: bool = False) -> ColumnElement[bool]:
    """The plans of the workspace that may be told of. `is_joined`: the query has their cards at hand."""
    of_workspace = WorkflowPlan.workspace_id == scope.workspace_id
    only = true() if scope.only is None else WorkflowPlan.id == scope.only
    return and_(of_workspace, only, _in_sight(scope, is_joined))


def _in_sight(scope: Scope, is_joined: bool) -> ColumnElement[bool]:
    """A plan lies where its card does, and there is a card as soon as there is a plan."""
    if scope.places is None:
        return true()
    if is_joined:
        return Card.channel_id.in_(sorted(scope.places))
    card = aliased(Card)
    of_workspace = card.workspace_id == scope.workspace_id
    return WorkflowPlan.id.in_(select(card.plan_id).where(of_workspace, card.channel_id.in_(sorted(scope.places))))


def about_plan(text: str) -> ColumnElement[bool]:
    """Whether each word of a text stands in a plan's issue, its place or its title."""
    plan = WorkflowPlan
    return and_(true(), *(or_(_in_issue(word), _has(word, plan.place, plan.title)) for word in _words(text)))


def about(text: str, *columns: Any) -> ColumnElement[bool]:
    """Whether each word of a text stands in one of the columns, all of them short.

    Letters begin a word, digits are one.
    """
    return and_(true(), *(_has(word, *columns) for word in _words(text)))


_SMALL = frozenset(("a", "an", "and", "at", "for", "in", "of", "on", "the", "to"))
"""Words that say nothing by themselves, and that everything has."""


def _words(text: str) -> list[str]:
    words = search_words(text)
    telling = [word for word in words if word not in _SMALL][:_MAX_WORDS] or words[:_MAX_WORDS]
    # PostgreSQL looks at them in this order: what few plans have spares it the others.
    return sorted(telling, key=lambda word: (not word.isdigit(), -len(word)))


def _has(word: str, *columns: Any) -> ColumnElement[bool]:
    texts: list[ColumnElement[str]] = [type_coerce(func.coalesce(column, ""), String) for column in columns]
    whole = reduce(lambda one, other: one.concat(" ").concat(other), texts)
    # A regular expression takes ten times as long, and is looked at only where the letters are.
    if not word.isascii():
        return and_(whole.icontains(beginning(word), autoescape=True), whole.op("~*")(_pattern(word)))
    # Where no letter but ours is wanted, PostgreSQL need not know of any other: that takes half as long.
    plain = func.lower(collate(whole, "C"))
    return and_(plain.contains(beginning(word), autoescape=True), plain.op("~")(_pattern(word)))


def _in_issue(word: str) -> ColumnElement[bool]:
    """An issue may be long, and PostgreSQL has its words as lexemes; not those of every script, though."""
    if not word.isascii():
        return func.left(WorkflowPlan.issue_text, _LONGEST).icontains(word, autoescape=True)
    lexeme = f"'{word}'" if word.isdigit() else f"'{word}':*"
    query = select(func.to_tsquery(literal_column("'english'::regconfig"), lexeme)).scalar_subquery()
    return WorkflowPlan.issue_search.op("@@")(query)


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
            *card_columns(),
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
    session: AsyncSession, ids: Iterable[UUID], waits: Mapping[UUID, Said | Several] | None = None
) -> list[Fact]:
    """The rows of plans; `waits` says of some what they wait for."""
    return [plan_fact(row, (waits or {}).get(row[0].id)) for row in await session.execute(plans(ids))]


def plan_fact(row: Any, waits_for: Said | Several | None = None) -> Fact:
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
    return Fact(RowKind.PLAN, values, ref_of(row))


def ref_of(row: Any) -> PlanRef:
    """Where the card of a whole plan is."""
    return PlanRef(row[0].id, row[0].number, row.card_channel or row[0].channel_id, row.card_ts)


def plan_columns() -> Select[Any]:
    """Of plans what their names and the links to their cards take, for `plan_ref` and `title_of`."""
    plan = WorkflowPlan
    issue = func.left(plan.issue_text, 2 * TITLE).label("issue_text")
    return select(
        plan.id,
        plan.number,
        plan.title,
        issue,
        plan.place,
        plan.reporter_id,
        plan.requester_id,
        plan.channel_id,
        *card_columns(),
    ).outerjoin(Card, Card.plan_id == plan.id)


def card_columns() -> tuple[Any, Any]:
    """Where the card is."""
    return Card.channel_id.label("card_channel"), Card.ts.label("card_ts")


def plan_ref(row: Any) -> PlanRef:
    """Where a plan's card is."""
    return PlanRef(row.id, row.number, row.card_channel or row.channel_id, row.card_ts)


def title_of(plan: Any) -> str:
    """What a plan is called; before there is a plan, what was reported."""
    return clip(" ".join((plan.title or plan.issue_text[: 2 * TITLE]).split()), TITLE)
