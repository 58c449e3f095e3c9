"""CardService: the one message that shows a plan, posted once and redrawn in place.

Every change of a plan asks for a redraw under the key `card:<id>:<generation>`. Whoever redraws takes the next
generation before reading, so a card has at most one redraw waiting and one running, and none is lost: not when
a change comes in between (it asks under the next generation), and not when a worker dies between taking its
turn and reaching Slack (`drawn_generation` still lags, and the job is run again).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Text,
    Uuid,
    bindparam,
    cast,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from db.group_commit import LockedElsewhere
from db.models import Card
from db.models.documents import MovedFrom
from db.prepared import PreparedStatement
from db.queue import enqueue, enqueue_new
from services import audit, card_marks, card_turns, homes
from services.audit import Actor
from services.card_marks import CardMark
from services.card_pace import Pace
from services.card_turns import NotedPost, NoTurn, PostedCard, Turn
from services.errors import NotFound
from services.jobs import DrawCard, FoldCard, JobDeferral, PostCard

MIN_INTERVAL = timedelta(seconds=2)
"""At most one update of a card in this time (Slack advises one in about 3 s)."""

PROGRESS_DELAY = timedelta(seconds=1)
"""Progress is drawn only if nothing better has come by then: a quick draft costs one update, not three."""

LAG_LIMIT = timedelta(days=30)
"""A card as old as this is not drawn again because its last redraw was given up."""

MAX_LAGGING = 100
"""So many given-up redraws are asked for again at a time, the newest cards first."""

_CARDS_WITH_JOBS = text(
    "(SELECT split_part(dedupe_key, ':', 2) FROM pgqueuer"
    " WHERE dedupe_key LIKE 'card:%' AND status IN ('queued', 'picked'))"
)

_IS_COMING = text(
    "SELECT EXISTS (SELECT FROM pgqueuer"
    " WHERE dedupe_key LIKE 'post:' || :plan || '%' AND status IN ('queued', 'picked', 'failed'))"
)

ARRIVAL_POLL = timedelta(seconds=1)
"""So often it is seen whether a card has arrived that something is to be said in the thread of."""


# Put together once: of what a worker does for runs to hold their cards is a good part.
_HELD = (
    select(Card)
    .where(Card.workspace_id == bindparam("workspace", type_=Uuid), Card.plan_id == bindparam("plan", type_=Uuid))
    .with_for_update()
    .execution_options(populate_existing=True)
)


_MARK = PreparedStatement.of(card_marks.MARK, card_marks.KINDS)


class CardService:
    """Cards and their turns. Every method takes a session and leaves the commit to its caller.

    A card is redrawn at most once in `min_interval`.
    """

    def __init__(self, min_interval: timedelta = MIN_INTERVAL, pace: Pace | None = None) -> None:
        self._min_interval = min_interval
        self._pace = pace or Pace()

    async def begin_post(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, now: datetime
    ) -> Turn | NoTurn:
        """Note that posting begins, before anything is posted."""
        [turn] = await self.begin_posts(session, workspace_id, [(plan_id, now)])
        assert not isinstance(turn, LockedElsewhere)  # noqa: S101 - it was waited for
        return turn

    async def begin_posts(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        asked: Sequence[tuple[UUID, datetime]],
        *,
        may_wait: bool = True,
    ) -> list[Turn | NoTurn | LockedElsewhere]:
        """The same for the cards of many plans, with one statement; an answer for each.

        If a plan is named twice the later is LOCKED, and so, with `may_wait` unset, is a card that somebody
        holds. Raises NotFound.
        """
        turns = await card_turns.begin_posts(session, workspace_id, asked, may_wait=may_wait)
        self._pace.note(workspace_id, sum(isinstance(turn, Turn) for turn in turns))
        return turns

    async def posted(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        plan_id: UUID,
        turn: Turn,
        ts: str,
    ) -> bool:
        """Remember where the card is. False if another worker has posted it meanwhile: ours is one too many."""
        [noted] = await self.all_posted(session, workspace_id, [PostedCard(plan_id, turn, ts)])
        return isinstance(noted, NotedPost) and noted.is_the_card

    async def all_posted(
        self, session: AsyncSession, workspace_id: UUID, posts: Sequence[PostedCard], *, may_wait: bool = True
    ) -> list[NotedPost | LockedElsewhere]:
        """Remember where cards are, many with one statement; LOCKED as with `begin_posts`. Raises NotFound.

        A card is drawn again if its plan has changed since it was read for posting, or if it was found in the
        channel and nobody knows what it shows.
        """
        found = await card_turns.end_posts(session, workspace_id, posts, may_wait=may_wait)
        noted = [
            (post, it) for post, it in zip(posts, found, strict=True) if isinstance(it, NotedPost) and it.is_new
        ]
        for post, it in noted:
            await self._fold(session, workspace_id, post.plan_id, it)
        outdated = [
            (workspace_id, post.plan_id)
            for post, it in noted
            if it.generation != post.turn.generation or post.turn.begun_at is not None
        ]
        if outdated:
            await self.request_redraws(session, outdated)
        if any(post.link is not None for post, _ in noted):
            await homes.request_all(session, workspace_id)
        return found

    async def place(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> tuple[str, str | None]:
        """The card's channel, and the thread that answers to it belong in. Raises NotFound.

        Raises JobDeferral while the card is on its way. What is posted before it would not be in its thread, and
        not be found there by who looks whether it has been posted. No thread: nobody can post the card.
        """
        card = await self._locked(session, workspace_id, plan_id)
        thread = card.thread_ts or card.ts
        if thread is None and await self._is_coming(session, plan_id):
            raise JobDeferral(ARRIVAL_POLL, "the card has not arrived yet")
        return card.channel_id, thread

    async def _is_coming(self, session: AsyncSession, plan_id: UUID) -> bool:
        # A job is over after what it wrote is committed, and the card is held: it has not arrived, or is coming.
        # One that could not be put back, for want of a database, is held as failed, and is taken up again.
        return bool(await session.scalar(_IS_COMING, {"plan": str(plan_id)}))

    async def message(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> tuple[str, str | None]:
        """The card's channel, and its ts once it is posted. Raises NotFound."""
        card = await self._locked(session, workspace_id, plan_id)
        return card.channel_id, card.ts

    async def lost(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, turn: Turn) -> None:
        """The message is gone or can't be changed any more: post the card anew."""
        card = await self._locked(session, workspace_id, plan_id)
        if card.ts == turn.ts:
            card.ts = card.link = card.post_started_at = card.drawing_until = None
            await session.flush()
            # A key of its own: the job that posted the lost one may not have ended yet.
            key = f"post:{plan_id}:{turn.ts}"
            await enqueue(session, PostCard(workspace=workspace_id, plan=plan_id), key=key)

    async def move(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, channel: str, actor: Actor
    ) -> bool:
        """Have the card shown in another channel; False if it is on its way there, or there. Raises NotFound.

        What it leaves behind becomes a line once it is there; if it can't be posted there, `return_to` brings it
        back.
        """
        card = await self._locked(session, workspace_id, plan_id)
        if card.channel_id == channel:
            return False
        if card.moved_from is None:
            card.moved_from = MovedFrom(
                channel=card.channel_id, thread=card.thread_ts, ts=card.ts, user=actor.user
            )
        await audit.record(
            session,
            workspace_id,
            subject=plan_id,
            actor=actor,
            action="card.moved",
            to=channel,
            was=card.channel_id,
        )
        card.channel_id, card.is_private = channel, None
        card.thread_ts = card.ts = card.link = card.post_started_at = card.drawing_until = None
        card.generation += 1
        await session.flush()
        key = f"post:{plan_id}:{channel}:{card.generation}"
        await enqueue(session, PostCard(workspace=workspace_id, plan=plan_id), key=key)
        return True

    async def bring_back(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> MovedFrom | None:
        """A card can't be posted where it was moved to: it is where it was. None if it has not been moved."""
        card = await self._locked(session, workspace_id, plan_id)
        was = card.moved_from
        if was is None or card.ts is not None:
            return None
        card.channel_id, card.thread_ts, card.ts, card.moved_from = was["channel"], was["thread"], was["ts"], None
        card.is_private = None
        card.post_started_at = None
        await session.flush()
        if card.ts is None:
            key = f"post:{plan_id}:back:{card.generation}"
            await enqueue(session, PostCard(workspace=workspace_id, plan=plan_id), key=key)
        else:
            await self.request_redraw(session, workspace_id, plan_id)
        return was

    async def _fold(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, noted: NotedPost) -> None:
        channel, ts = noted.left_channel, noted.left_ts
        if channel is not None and ts is not None:
            job = FoldCard(workspace=workspace_id, plan=plan_id, from_channel=channel, from_ts=ts)
            await enqueue(session, job, key=f"fold:{noted.card_id}:{channel}:{ts}")

    async def note_place(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        plan_id: UUID,
        ts: str,
        *,
        link: str | None,
        is_private: bool | None,
    ) -> None:
        """Remember where the card at `ts` is to be found, and whether only some people can see the channel."""
        noted = await session.scalar(
            update(Card)
            .where(Card.workspace_id == workspace_id, Card.plan_id == plan_id, Card.ts == ts)
            .values(link=link, is_private=is_private)
            .returning(Card.id)
        )
        if noted is not None:
            await homes.request_redraw(session, workspace_id, plan_id)

    async def request_redraw(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> None:
        """Have the card drawn as soon as its turn comes."""
        await self.request_redraws(session, [(workspace_id, plan_id)])

    async def request_redraws(self, session: AsyncSession, plans: Iterable[tuple[UUID, UUID]]) -> None:
        """Have the cards of plans drawn, each given as its workspace's id and its own. A plan has one card.

        One whose posting has not begun will be posted as the plan is then, and needs no redraw.
        """
        asked = set(plans)
        if asked:
            marks = [CardMark(*row) for row in await _MARK.rows(session, **self.marking(asked))]
            await enqueue_new(session, card_marks.redraws(marks))

    def marking(self, plans: Iterable[tuple[UUID, UUID]]) -> Mapping[str, Any]:
        """What `card_marks.MARK` asks for to have the cards of plans drawn, given as with `request_redraws`.

        `card_marks.redraws` makes the jobs of what it finds.
        """
        asked = sorted(set(plans))
        workspaces = list({workspace_id for workspace_id, _ in asked})
        return {
            "workspaces": workspaces,
            "plans": [plan_id for _, plan_id in asked],
            "interval": self._min_interval,
            "hurried": [each for each in workspaces if self._pace.is_fast(each)],
        }

    async def request_lagging(self, session: AsyncSession, now: datetime) -> None:
        """Ask again for the redraws that were given up: what a card shows lags its rows, and nobody is at it."""
        lagging = await session.execute(
            select(Card.workspace_id, Card.plan_id)
            .where(
                Card.ts.is_not(None),
                Card.drawn_generation < Card.generation,
                or_(Card.drawing_until.is_(None), Card.drawing_until < now),
                Card.created_at > now - LAG_LIMIT,
                cast(Card.id, Text).not_in(_CARDS_WITH_JOBS),
            )
            .order_by(Card.created_at.desc())
            .limit(MAX_LAGGING)
        )
        await self.request_redraws(session, [(row.workspace_id, row.plan_id) for row in lagging])

    async def request_progress(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> None:
        """Have the card drawn in a moment, unless it is drawn for a better reason before."""
        card = await self._locked(session, workspace_id, plan_id)
        key = f"card:{card.id}:{card.generation}:progress"
        await enqueue(session, _draw(card), after=PROGRESS_DELAY, key=key)

    async def begin_draw(
        self, session: AsyncSession, workspace_id: UUID, job: DrawCard, now: datetime
    ) -> Turn | NoTurn | JobDeferral:
        """Take the turn to redraw. What is read after this, in the same transaction, is what may be shown."""
        [turn] = await self.begin_draws(session, workspace_id, [(job, now)])
        assert not isinstance(turn, LockedElsewhere)  # noqa: S101 - it was waited for
        return turn

    async def begin_draws(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        jobs: Sequence[tuple[DrawCard, datetime]],
        *,
        may_wait: bool = True,
    ) -> list[Turn | NoTurn | JobDeferral | LockedElsewhere]:
        """The same for many cards, each at its own time, with one statement; an answer for each job.

        Of two jobs about one card the later is LOCKED, and so, with `may_wait` unset, is a card that somebody
        holds. Raises NotFound.
        """
        turns = await card_turns.begin(session, workspace_id, jobs, self._min_interval, may_wait=may_wait)
        self._pace.note(workspace_id, sum(isinstance(turn, Turn) for turn in turns))
        return turns

    async def drawn(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, turn: Turn, now: datetime
    ) -> None:
        """Slack has the redraw of this turn."""
        await self.all_drawn(session, workspace_id, [(plan_id, turn, now)])

    async def all_drawn(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        turns: Sequence[tuple[UUID, Turn, datetime]],
        *,
        may_wait: bool = True,
    ) -> list[LockedElsewhere | None]:
        """The same for many cards, by the ids of their plans; with `may_wait` unset, some may be LOCKED."""
        noted = await card_turns.end(session, workspace_id, turns, may_wait=may_wait)
        if not may_wait:
            return [
                None if (plan, turn.generation) in noted else LockedElsewhere.LOCKED for plan, turn, _ in turns
            ]
        for plan_id, turn, now in turns:
            if (plan_id, turn.generation) not in noted:
                # We slept through our lease and may have painted over what a later turn drew.
                card = await self._locked(session, workspace_id, plan_id)
                card.drawn_at = now
                await session.flush()
                await self.request_redraw(session, workspace_id, plan_id)
        return [None] * len(turns)

    async def give_back(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, turn: Turn) -> None:
        """Slack did not take the redraw: free the turn for the next try."""
        card = await self._locked(session, workspace_id, plan_id)
        if card.drawing_until == turn.until:
            card.drawing_until = None

    async def _locked(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> Card:
        card = await session.scalar(_HELD, {"workspace": workspace_id, "plan": plan_id})
        if card is None:
            raise NotFound("card", plan_id)
        return card


def _draw(card: Card) -> DrawCard:
    return DrawCard(workspace=card.workspace_id, plan=card.plan_id, generation=card.generation)
