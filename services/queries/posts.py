"""Cards on their way to Slack for the first time: as many with one transaction as there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.group_commit import GroupCommits, LockedElsewhere
from db.session import Database
from services import functions
from services.card_turns import NotedPost, PostedCard, Turn
from services.cards import CardService
from services.jobs import PostCard
from services.queries.draws import MAX_BATCH, PAUSE
from services.queries.snapshots import PlanSnapshot
from services.queries.workflows import WorkflowQueries


@dataclass(frozen=True, slots=True)
class Posting:
    """The turn to post a card, and its plan as it was then."""

    turn: Turn
    plan: PlanSnapshot


class CardPosts:
    """Begins and ends the posting of cards. One per process; a transaction is about one workspace only."""

    def __init__(self, database: Database, cards: CardService, queries: WorkflowQueries) -> None:
        self._database = database
        self._cards = cards
        self._queries = queries
        self._beginning = GroupCommits(self._begin, max_batch=MAX_BATCH, pause=PAUSE)
        self._ending = GroupCommits(self._end, max_batch=MAX_BATCH, pause=PAUSE)

    async def begin(self, job: PostCard, now: datetime) -> Posting | None:
        """Note that posting begins, and read what is shown; None if the card is posted. Raises NotFound."""
        return await self._beginning.put(job.workspace, (job.plan, now))

    async def posted(self, job: PostCard, posting: Posting, ts: str, link: str | None) -> NotedPost:
        """Remember where the card is, and its address if that is known.

        Steps of workflows that wait for the plan end.
        """
        card = PostedCard(job.plan, posting.turn, ts, link)
        return await self._ending.put(job.workspace, (card, posting.plan))

    async def close(self) -> None:
        """Wait until what was handed over is written."""
        await self._beginning.close()
        await self._ending.close()

    async def _begin(
        self, workspace: UUID, asked: Sequence[tuple[UUID, datetime]], may_wait: bool
    ) -> list[Posting | LockedElsewhere | None]:
        async with self._database.of(workspace).transaction() as session:
            turns = await self._cards.begin_posts(session, workspace, asked, may_wait=may_wait)
            wanted = {plan for (plan, _), turn in zip(asked, turns, strict=True) if isinstance(turn, Turn)}
            plans = await self._queries.get_all(session, workspace, wanted) if wanted else {}
        return [
            Posting(turn, plans[plan])
            if isinstance(turn, Turn)
            else turn
            if isinstance(turn, LockedElsewhere)
            else None
            for (plan, _), turn in zip(asked, turns, strict=True)
        ]

    async def _end(
        self, workspace: UUID, posts: Sequence[tuple[PostedCard, PlanSnapshot]], may_wait: bool
    ) -> list[NotedPost | LockedElsewhere]:
        async with self._database.of(workspace).transaction() as session:
            noted = await self._cards.all_posted(
                session, workspace, [card for card, _ in posts], may_wait=may_wait
            )
            for (_, plan), it in zip(posts, noted, strict=True):
                if plan.is_awaited and isinstance(it, NotedPost):
                    await functions.follow(session, workspace, plan)
        return noted
