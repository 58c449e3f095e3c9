"""Open plans that may be about the same as a new issue, and people who have reported what is planned already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import Card, Run, WorkflowPlan
from db.prepared import PreparedStatement
from services.issue_words import issue_query
from services.likeness import LIKELY, Report, likeness
from services.states import PlanState, RunState
from services.workflows.clarifications import LookAlike, Settled, clarification_of

DAYS = timedelta(days=14)
"""What was reported longer ago is another story."""

CANDIDATES = 40
"""Those that share the most telling words with the issue are compared with it."""

_OVER = (RunState.COMPLETED, RunState.CANCELLED)
_TITLE = 200


async def likeliest(
    session: AsyncSession, workspace_id: UUID, plan_id: UUID, *, wide: bool, now: datetime
) -> UUID | None:
    """The open plan that a new one is most likely the same as; None: there is none to ask people about.

    Only older ones, so that of two new reports one is planned. Only those whose cards everybody sees who sees the
    card of the new one: in the same conversation, or with `wide` in a public channel.
    """
    plan = await session.scalar(_plan(workspace_id, plan_id))
    if plan is None:
        return None
    words = issue_query(f"{plan.issue_text} {plan.place or ''}")
    found = await session.scalars(
        _open(plan, wide=wide, now=now)
        .where(WorkflowPlan.number < plan.number, WorkflowPlan.issue_search.op("@@")(words))
        .order_by(func.ts_rank(WorkflowPlan.issue_search, words).desc(), WorkflowPlan.number.desc())
        .limit(CANDIDATES)
    )
    new = _report(plan)
    scored = [(likeness(new, _report(other)), other.number, other.id) for other in found]
    best = max(scored, default=(0.0, 0, None))
    return best[2] if best[0] >= LIKELY else None


async def still_open(
    session: AsyncSession, plan: WorkflowPlan, other_id: UUID, *, wide: bool, now: datetime
) -> WorkflowPlan | None:
    """The other plan, or that which it was itself put away for, if that is open still; None if it is over.

    Its run is held until the transaction ends: whoever says how it ended sees who else has reported it.
    """
    for _ in range(2):
        other = await session.scalar(_plan(plan.workspace_id, other_id).with_for_update())
        if other is None or other.same_as is None:
            break
        other_id = other.same_as
    await session.execute(select(Run.id).where(Run.plan_id == other_id).with_for_update(read=True))
    found: WorkflowPlan | None = await session.scalar(
        _open(plan, wide=wide, now=now).where(WorkflowPlan.id == other_id)
    )
    return found


async def followers(
    session: AsyncSession, workspace_id: UUID, plan_ids: Collection[UUID]
) -> dict[UUID, list[UUID]]:
    """The plans that were put away for others, by the ids of those: their reporters hear what comes of them."""
    found: defaultdict[UUID, list[UUID]] = defaultdict(list)
    rows = await _FOLLOWERS.rows(session, workspace=workspace_id, plans=list(plan_ids))
    for plan_id, same_as in rows:
        found[same_as].append(plan_id)
    return found


# Asked for each reply to a reporter.
_FOLLOWERS = PreparedStatement(
    select(WorkflowPlan.id, WorkflowPlan.same_as)
    .where(
        WorkflowPlan.workspace_id == bindparam("workspace", type_=Uuid),
        WorkflowPlan.same_as == any_(bindparam("plans", type_=ARRAY(Uuid))),
    )
    .order_by(WorkflowPlan.number)
)


async def shown(session: AsyncSession, plan: WorkflowPlan) -> LookAlike | None:
    """What a card says of the other plan: while it is asked, if nobody has said, once it is put away for it.

    No more than its number where it is not to be seen any more: the card may have been moved since.
    """
    asked = clarification_of(plan.clarification)
    is_of_interest = asked is not None and asked.outcome in (None, Settled.UNANSWERED, Settled.GONE)
    other_id = plan.same_as or (asked.look_alike if asked is not None and is_of_interest else None)
    if other_id is None:
        return None
    found = await session.execute(
        select(_seen(plan, wide=bool((plan.clarification or {}).get("wide"))), *_facts(WorkflowPlan, Card))
        .outerjoin(Card, Card.plan_id == WorkflowPlan.id)
        .where(WorkflowPlan.workspace_id == plan.workspace_id, WorkflowPlan.id == other_id)
    )
    row = found.one_or_none()
    return None if row is None else of_row(*row)


class Asked:
    """What to add to a query of plans and their cards for the plan that each may be the same as, while asked.

    `of_row` reads the columns.
    """

    def __init__(self) -> None:
        self.plan, self.card = aliased(WorkflowPlan), aliased(Card)
        asked = WorkflowPlan.clarification
        is_wide = func.coalesce(asked["wide"].as_boolean(), false())
        is_seen = or_(self.card.channel_id == Card.channel_id, and_(is_wide, self.card.is_private.is_(False)))
        # By an id that is found out first: row-level security lets no index be used for what a cast may fail on.
        self.named = (
            select(cast(asked["look_alike"].as_string(), Uuid).label("plan_id"))
            .where(~asked.has_key("outcome"))
            .limit(1)
            .correlate(WorkflowPlan)
            .lateral("named")
        )
        self.columns = (func.coalesce(is_seen, false()), *_facts(self.plan, self.card))
        self.is_of_plan = and_(
            self.plan.workspace_id == WorkflowPlan.workspace_id, self.plan.id == self.named.c.plan_id
        )
        self.is_of_card = self.card.plan_id == self.plan.id


def of_row(is_seen: bool, plan_id: UUID | None, *facts: Any) -> LookAlike | None:
    """The other plan; no more than its number and its day where it is not to be seen."""
    if plan_id is None:
        return None
    other = LookAlike(plan_id, *facts)
    return other if is_seen else replace(other, title="", reporter="", link=None)


def others() -> ColumnElement[int]:
    """How many people besides its reporter have reported a plan, in a query of it."""
    same = aliased(WorkflowPlan)
    return (
        select(func.count(func.distinct(same.reporter_id)))
        .where(
            same.workspace_id == WorkflowPlan.workspace_id,
            same.same_as == WorkflowPlan.id,
            same.reporter_id != WorkflowPlan.reporter_id,
        )
        .correlate(WorkflowPlan)
        .scalar_subquery()
    )


def _plan(workspace_id: UUID, plan_id: UUID) -> Select[Any]:
    return select(WorkflowPlan).where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.id == plan_id)


def _open(plan: WorkflowPlan, *, wide: bool, now: datetime) -> Select[Any]:
    """The query of plans that are not over, of these days, whose cards are to be seen where that of `plan` is."""
    over = exists().where(Run.plan_id == WorkflowPlan.id, Run.state.in_(_OVER))
    undecided = WorkflowPlan.state.in_((PlanState.DRAFTING, PlanState.DRAFT))
    return (
        select(WorkflowPlan)
        .join(Card, Card.plan_id == WorkflowPlan.id)
        .where(
            WorkflowPlan.workspace_id == plan.workspace_id,
            WorkflowPlan.id != plan.id,
            WorkflowPlan.created_at > now - DAYS,
            or_(undecided, and_(WorkflowPlan.state == PlanState.APPROVED, ~over)),
            _seen(plan, wide=wide),
        )
    )


def _seen(plan: WorkflowPlan, *, wide: bool) -> ColumnElement[bool]:
    """Whether a card is to be seen by all who see that of `plan`."""
    mine = aliased(Card)
    here = select(mine.channel_id).where(mine.workspace_id == plan.workspace_id, mine.plan_id == plan.id)
    return or_(Card.channel_id == here.scalar_subquery(), and_(literal(wide), Card.is_private.is_(False)))


def _report(plan: WorkflowPlan) -> Report:
    return Report(plan.issue_text, plan.place or plan.place_found or "")


def _facts(plan: Any, card: Any) -> tuple[Any, ...]:
    """What a LookAlike is made of."""
    title = func.left(func.coalesce(plan.title, plan.issue_text), _TITLE)
    return plan.id, plan.number, title, plan.reporter_id, plan.created_at, card.link
