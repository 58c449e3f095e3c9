"""Turns to post and to draw cards: taken, and ended, with a statement for however many cards there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Interval,
    and_,
    any_,
    case,
    exists,
    func,
    literal,
    not_,
    or_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from db.group_commit import LockedElsewhere
from db.models import Card, FunctionExecution, Notification, WorkflowPlan
from services.card_statements import BEGIN_DRAWS, BEGIN_POSTS, END_DRAWS, END_POSTS, Posted, ToDraw, ToPost
from services.errors import NotFound
from services.jobs import DrawCard, JobDeferral
from services.states import OPEN_NOTIFICATIONS, PlanState

T = TypeVar("T")

DRAW_LEASE = timedelta(seconds=20)
"""How long a redraw may take before another assumes that its worker is gone; Slack itself gets 10 s."""

HURRIED = 3
"""Where so many cards are drawn that Slack minds, each rests so many times as long: more comes with a redraw."""

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


@dataclass(frozen=True, slots=True)
class PostedCard:
    """A card that Slack has taken: in which turn, its `ts` there, and its address where that is known."""

    plan_id: UUID
    turn: Turn
    ts: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class NotedPost:
    """What became of a post: whether it `is_the_card`, or one too many; and what is known of its channel.

    `is_new`: it became the card just now, and `generation` is that of its row. If it was moved, `left_channel` is
    where it was before, and `left_ts` the message there.
    """

    card_id: UUID
    is_the_card: bool
    is_new: bool
    is_private: bool | None
    generation: int
    left_channel: str | None
    left_ts: str | None


class NoTurn(Enum):
    """Why there is nothing to do."""

    DONE_SINCE = "done since"
    NOT_POSTED = "not posted"


async def begin_posts(
    session: AsyncSession, workspace_id: UUID, asked: Sequence[tuple[UUID, datetime]], *, may_wait: bool
) -> list[Turn | NoTurn | LockedElsewhere]:
    """Take the turns to post, as `CardService.begin_posts` has it."""
    first = _first(plan_id for plan_id, _ in asked)
    found = await BEGIN_POSTS[may_wait].rows(
        session,
        workspace=workspace_id,
        plans=list(first),
        nows=[asked[place][1] for place in first.values()],
    )
    turns = {card.plan_id: _turn_to_post(card) for card in map(ToPost._make, found)}
    _check_found(first, turns, may_wait=may_wait)
    return _in_order([plan_id for plan_id, _ in asked], first, turns)


async def end_posts(
    session: AsyncSession, workspace_id: UUID, posts: Sequence[PostedCard], *, may_wait: bool
) -> list[NotedPost | LockedElsewhere]:
    """Note that Slack has posts. What else follows from that is left to the caller."""
    first = _first(post.plan_id for post in posts)
    its = [posts[place] for place in first.values()]
    found = await END_POSTS[may_wait].rows(
        session,
        workspace=workspace_id,
        plans=list(first),
        generations=[post.turn.generation for post in its],
        channels=[post.turn.channel_id for post in its],
        stamps=[post.ts for post in its],
        links=[post.link for post in its],
    )
    noted = {
        card.plan_id: NotedPost(
            card_id=card.id,
            is_the_card=card.is_new or card.ts == card.stamp,
            is_new=card.is_new,
            is_private=card.is_private,
            generation=card.generation,
            left_channel=card.left_channel,
            left_ts=card.left_ts,
        )
        for card in map(Posted._make, found)
    }
    _check_found(first, noted, may_wait=may_wait)
    return _in_order([post.plan_id for post in posts], first, noted)


async def begin(
    session: AsyncSession,
    workspace_id: UUID,
    jobs: Sequence[tuple[DrawCard, datetime]],
    min_interval: timedelta,
    *,
    may_wait: bool,
) -> list[Turn | NoTurn | JobDeferral | LockedElsewhere]:
    """Take the turns to redraw, as `CardService.begin_draws` has it."""
    first = _first(job.plan for job, _ in jobs)
    asked = [jobs[place] for place in first.values()]
    found = await BEGIN_DRAWS[may_wait].rows(
        session,
        workspace=workspace_id,
        plans=list(first),
        generations=[job.generation for job, _ in asked],
        nows=[now for _, now in asked],
        lease=DRAW_LEASE,
        interval=min_interval,
    )
    turns = {
        card.plan_id: _turn(card, jobs[first[card.plan_id]][1], min_interval) for card in map(ToDraw._make, found)
    }
    _check_found(first, turns, may_wait=may_wait)
    return _in_order([job.plan for job, _ in jobs], first, turns)


async def end(
    session: AsyncSession,
    workspace_id: UUID,
    turns: Sequence[tuple[UUID, Turn, datetime]],
    *,
    may_wait: bool,
) -> set[tuple[UUID, int]]:
    """Note that Slack has the redraws of turns; the plans and generations of those whose lease is not over."""
    found = await END_DRAWS[may_wait].rows(
        session,
        workspace=workspace_id,
        plans=[plan_id for plan_id, _, _ in turns],
        generations=[turn.generation for _, turn, _ in turns],
        untils=[turn.until for _, turn, _ in turns],
        nows=[now for _, _, now in turns],
    )
    return {(plan_id, generation) for plan_id, generation in found}


def _first(plan_ids: Iterable[UUID]) -> dict[UUID, int]:
    """The place at which each plan is named first."""
    return {plan_id: place for place, plan_id in reversed(list(enumerate(plan_ids)))}


def _check_found(wanted: Collection[UUID], found: Collection[UUID], *, may_wait: bool) -> None:
    if may_wait and (missing := set(wanted) - set(found)):
        raise NotFound("card", missing.pop())


def _in_order(
    plan_ids: Sequence[UUID], first: Mapping[UUID, int], found: Mapping[UUID, T]
) -> list[T | LockedElsewhere]:
    """What was found for each plan; of two that name the same the later is LOCKED, as is what others hold."""
    return [
        found.get(plan_id, LockedElsewhere.LOCKED) if first[plan_id] == place else LockedElsewhere.LOCKED
        for place, plan_id in enumerate(plan_ids)
    ]


def _turn_to_post(card: ToPost) -> Turn | NoTurn:
    if card.ts is not None:
        return NoTurn.DONE_SINCE
    generation = card.generation + 1
    return Turn(card.id, card.channel_id, card.thread_ts, None, generation, begun_at=card.post_started_at)


def is_to_come() -> ColumnElement[bool]:
    """In a query of cards, which it holds: whether one is posted later, as its plan is then.

    Nobody has begun to post it, and whoever will has to hold its row first. Not where steps of workflows wait for
    its plan: those end when it is drawn, though it may not be possible to post it.
    """
    return and_(Card.ts.is_(None), Card.post_started_at.is_(None), not_(_is_awaited()))


def rest(min_interval: ColumnElement[timedelta], hurried: ColumnElement[Any]) -> ColumnElement[timedelta | None]:
    """In a query of cards: how long each still rests after it was drawn, or null.

    A redraw that comes sooner would be put off. Of the `hurried` workspaces even those that have rested wait, for
    HURRIED times as long: what comes in that time is drawn with it. A redraw comes at once where it has more to
    do than to draw: people's own messages follow, steps of workflows end, and approvers are told of a draft.
    """
    is_more = or_(
        exists().where(Notification.plan_id == Card.plan_id, Notification.state.in_(OPEN_NOTIFICATIONS)),
        _is_awaited(),
        exists().where(WorkflowPlan.id == Card.plan_id, WorkflowPlan.state != PlanState.APPROVED),
    )
    left = case((Card.drawing_until > func.now(), min_interval), else_=Card.drawn_at + min_interval - func.now())
    is_hurried = Card.workspace_id == any_(hurried)
    at_most = case(
        (is_hurried, min_interval.op("*", return_type=Interval())(literal(HURRIED, Integer))), else_=min_interval
    )
    longer = func.greatest(left, case((is_hurried, at_most)))
    return case((and_(longer > timedelta(), not_(is_more)), func.least(longer, at_most)))


def _is_awaited() -> ColumnElement[bool]:
    return exists().where(FunctionExecution.plan_id == Card.plan_id, FunctionExecution.completed_at.is_(None))


def _turn(card: ToDraw, now: datetime, min_interval: timedelta) -> Turn | NoTurn | JobDeferral:
    if card.is_taken:
        if card.ts is None:
            return NoTurn.NOT_POSTED  # `posted` is told by the generation that what it shows is no longer all
        until = now + DRAW_LEASE
        return Turn(card.id, card.channel_id, card.thread_ts, card.ts, card.generation + 1, until=until)
    if card.drawn_generation > card.asked:
        return NoTurn.DONE_SINCE
    if card.drawing_until is not None and card.drawing_until > now:
        return JobDeferral(DRAW_POLL, "somebody else draws the card")
    drawn_at = card.drawn_at or now
    return JobDeferral(drawn_at + min_interval - now, "the card was drawn a moment ago")
