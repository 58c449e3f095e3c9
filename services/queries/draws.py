"""Turns to draw cards, and what these are to show: as many with one transaction as there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.group_commit import GroupCommits, LockedElsewhere
from db.session import Database
from services import functions
from services.card_turns import NoTurn, Turn
from services.cards import CardService
from services.jobs import DrawCard, JobDeferral
from services.queries.snapshots import PlanSnapshot
from services.queries.workflows import WorkflowQueries

MAX_BATCH = 50
"""Cards in one transaction, which holds their rows while it reads what they show."""

PAUSE = 0.05
"""In seconds, between two transactions about cards of a workspace: nobody sees it, and more go into each."""

Asked = tuple[DrawCard, datetime]
Drawn = tuple[UUID, Turn, datetime]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The turn to draw a card, or why there is none, and the plan as it was then; None: it was drawn since."""

    turn: Turn | NoTurn | JobDeferral
    plan: PlanSnapshot | None


class CardDraws:
    """Begins and ends the drawing of cards. One per process; a transaction is about one workspace only."""

    def __init__(self, database: Database, cards: CardService, queries: WorkflowQueries) -> None:
        self._database = database
        self._cards = cards
        self._queries = queries
        self._beginning = GroupCommits(self._begin, max_batch=MAX_BATCH, pause=PAUSE)
        self._ending = GroupCommits(self._end, max_batch=MAX_BATCH, pause=PAUSE)

    async def begin(self, job: DrawCard, now: datetime) -> Drawing:
        """Take the turn to redraw, and read what may be shown. Raises NotFound.

        Steps of workflows that wait for the plan end, whether or not there is a card to be seen.
        """
        return await self._beginning.put(job.workspace, (job, now))

    async def drawn(self, job: DrawCard, turn: Turn, now: datetime) -> None:
        """Slack has the redraw of this turn."""
        await self._ending.put(job.workspace, (job.plan, turn, now))

    async def close(self) -> None:
        """Wait until what was handed over is written."""
        await self._beginning.close()
        await self._ending.close()

    async def _begin(
        self, workspace: UUID, asked: Sequence[Asked], may_wait: bool
    ) -> list[Drawing | LockedElsewhere]:
        async with self._database.of(workspace).transaction() as session:
            turns = await self._cards.begin_draws(session, workspace, asked, may_wait=may_wait)
            wanted = {
                job.plan
                for (job, _), turn in zip(asked, turns, strict=True)
                if not isinstance(turn, LockedElsewhere) and turn is not NoTurn.DONE_SINCE
            }
            plans = await self._queries.get_all(session, workspace, wanted) if wanted else {}
            for plan in plans.values():
                if plan.is_awaited:
                    await functions.follow(session, workspace, plan)
        return [
            turn
            if isinstance(turn, LockedElsewhere)
            else Drawing(turn, None if turn is NoTurn.DONE_SINCE else plans[job.plan])
            for (job, _), turn in zip(asked, turns, strict=True)
        ]

    async def _end(self, workspace: UUID, turns: Sequence[Drawn], may_wait: bool) -> list[LockedElsewhere | None]:
        async with self._database.of(workspace).transaction() as session:
            return await self._cards.all_drawn(session, workspace, turns, may_wait=may_wait)
