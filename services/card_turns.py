"""Turns to draw cards: taken, and ended, with a statement for however many cards there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Integer,
    Interval,
    Row,
    TextClause,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    func,
    not_,
    or_,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from db.group_commit import LockedElsewhere
from db.models import Card, FunctionExecution, Notification, WorkflowPlan
from services.errors import NotFound
from services.jobs import DrawCard, JobDeferral
from services.states import OPEN_NOTIFICATIONS, PlanState

DRAW_LEASE = timedelta(seconds=20)
"""How long a redraw may take before another assumes that its worker is gone; Slack itself gets 10 s."""

DRAW_POLL = timedelta(milliseconds=500)
"""When to look again whether the redraw under way has ended."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A worker's turn to post or redraw a card: where it is (`ts`: none yet), and the generation it took."""

    card_id: UUID
    channel_id: str
    thread_ts: str | None
    ts: str | None
    generation: int
    begun_at: datetime | None = None
    """When posting was first begun, if that was before this turn: it may be in the channel already."""
    until: datetime | None = None


class NoTurn(Enum):
    """Why there is nothing to do."""

    DONE_SINCE = "done since"
    NOT_POSTED = "not posted"


_HOLD = """
held AS (
    SELECT cards.*, {columns} FROM cards JOIN came USING (plan_id)
    WHERE cards.workspace_id = :workspace ORDER BY cards.id FOR UPDATE OF cards {others}
)
"""

_BEGIN = """
WITH came AS (
    SELECT * FROM unnest(:plans, :generations, :nows) AS came (plan_id, asked, now)
), {held}, taken AS (
    UPDATE cards SET generation = cards.generation + 1,
        drawing_until = CASE WHEN held.ts IS NULL THEN cards.drawing_until ELSE held.now + :lease END
    FROM held
    WHERE cards.id = held.id AND held.drawn_generation <= held.asked AND (
        held.ts IS NULL
        OR COALESCE(held.drawing_until <= held.now, true)
        AND COALESCE(held.drawn_at + :interval <= held.now, true)
    )
    RETURNING cards.id
)
SELECT held.id, plan_id, channel_id, thread_ts, ts, generation, drawn_generation, asked, drawing_until, drawn_at,
    taken.id IS NOT NULL AS is_taken
FROM held LEFT JOIN taken USING (id)
"""

_DRAWN = """
WITH came AS (
    SELECT * FROM unnest(:plans, :generations, :untils, :nows) AS came (plan_id, turn, until, now)
), {held}
UPDATE cards SET drawn_at = held.now, drawn_generation = held.turn, drawing_until = NULL
FROM held
WHERE cards.id = held.id AND held.drawing_until = held.until
RETURNING held.plan_id, held.turn
"""


_TIMES = ARRAY(DateTime(timezone=True))
_KINDS: dict[str, Any] = {
    "workspace": Uuid(),
    "plans": ARRAY(Uuid),
    "generations": ARRAY(Integer),
    "untils": _TIMES,
    "nows": _TIMES,
    "lease": Interval(),
    "interval": Interval(),
}


def _of_many(statement: str, columns: str) -> dict[bool, TextClause]:
    """A statement about many cards, by whether it may wait for those that others hold; else it leaves them out."""
    of = {True: "", False: "SKIP LOCKED"}
    times = ("untils", "nows")
    kinds: dict[str, Any] = {
        "plans": Uuid(),
        "generations": Integer(),
        **dict.fromkeys(times, DateTime(timezone=True)),
    }
    typed: list[Any] = [
        bindparam(name, type_=ARRAY(kind)) for name, kind in kinds.items() if f":{name}" in statement
    ]
    typed += [bindparam(name, type_=Interval()) for name in ("lease", "interval") if f":{name}" in statement]
    return {
        may_wait: text(statement.format(held=_HOLD.format(columns=columns, others=others))).bindparams(
            bindparam("workspace", type_=Uuid), *typed
        )
        for may_wait, others in of.items()
    }


_BEGIN_MANY = _of_many(_BEGIN, "came.asked, came.now")
_DRAWN_MANY = _of_many(_DRAWN, "came.turn, came.until, came.now")


async def begin(
    session: AsyncSession,
    workspace_id: UUID,
    jobs: Sequence[tuple[DrawCard, datetime]],
    min_interval: timedelta,
    *,
    may_wait: bool,
) -> list[Turn | NoTurn | JobDeferral | LockedElsewhere]:
    """Take the turns to redraw, as `CardService.begin_draws` has it."""
    first = {job.plan: place for place, (job, _) in reversed(list(enumerate(jobs)))}
    asked = [jobs[place] for place in first.values()]
    found = await session.execute(
        _BEGIN_MANY[may_wait],
        {
            "workspace": workspace_id,
            "plans": list(first),
            "generations": [job.generation for job, _ in asked],
            "nows": [now for _, now in asked],
            "lease": DRAW_LEASE,
            "interval": min_interval,
        },
    )
    turns = {row.plan_id: _turn(row, jobs[first[row.plan_id]][1], min_interval) for row in found}
    if may_wait and (missing := first.keys() - turns.keys()):
        raise NotFound("card", missing.pop())
    return [
        turns.get(job.plan, LockedElsewhere.LOCKED) if first[job.plan] == place else LockedElsewhere.LOCKED
        for place, (job, _) in enumerate(jobs)
    ]


async def end(
    session: AsyncSession,
    workspace_id: UUID,
    turns: Sequence[tuple[UUID, Turn, datetime]],
    *,
    may_wait: bool,
) -> set[tuple[UUID, int]]:
    """Note that Slack has the redraws of turns; the plans and generations of those whose lease is not over."""
    found = await session.execute(
        _DRAWN_MANY[may_wait],
        {
            "workspace": workspace_id,
            "plans": [plan_id for plan_id, _, _ in turns],
            "generations": [turn.generation for _, turn, _ in turns],
            "untils": [turn.until for _, turn, _ in turns],
            "nows": [now for _, _, now in turns],
        },
    )
    return {(row.plan_id, row.turn) for row in found}


def rest(min_interval: timedelta) -> ColumnElement[timedelta | None]:
    """In a query of cards: how long each still rests after it was drawn, or null.

    A redraw that comes sooner would be put off. It does come at once where it has more to do than to draw:
    messages that people have of their own follow, steps of workflows end, and approvers are told of a draft.
    """
    is_more = or_(
        exists().where(Notification.plan_id == Card.plan_id, Notification.state.in_(OPEN_NOTIFICATIONS)),
        exists().where(FunctionExecution.plan_id == Card.plan_id, FunctionExecution.completed_at.is_(None)),
        exists().where(WorkflowPlan.id == Card.plan_id, WorkflowPlan.state != PlanState.APPROVED),
    )
    left = case((Card.drawing_until > func.now(), min_interval), else_=Card.drawn_at + min_interval - func.now())
    return case((and_(left > timedelta(), not_(is_more)), func.least(left, min_interval)))


def _turn(card: Row[Any], now: datetime, min_interval: timedelta) -> Turn | NoTurn | JobDeferral:
    if card.is_taken:
        if card.ts is None:
            return NoTurn.NOT_POSTED  # `posted` is told by the generation that what it shows is no longer all
        until = now + DRAW_LEASE
        return Turn(card.id, card.channel_id, card.thread_ts, card.ts, card.generation + 1, until=until)
    if card.drawn_generation > card.asked:
        return NoTurn.DONE_SINCE
    if card.drawing_until is not None and card.drawing_until > now:
        return JobDeferral(DRAW_POLL, "somebody else draws the card")
    return JobDeferral(card.drawn_at + min_interval - now, "the card was drawn a moment ago")
