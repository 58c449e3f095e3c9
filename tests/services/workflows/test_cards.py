"""A card's turns: nothing that changed stays undrawn, whatever dies, sleeps or overtakes in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from db.models import Card, WorkflowPlan
from db.session import Database
from services.card_turns import DRAW_LEASE, NoTurn, Turn
from services.cards import MIN_INTERVAL, CardService
from services.jobs import DrawCard, JobDeferral
from services.states import PlanState

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
cards = CardService()


@pytest.fixture
async def plan_id(database: Database, workspace_id: UUID) -> UUID:
    """A plan with a card that nobody has posted."""
    plan_id = uuid4()
    async with database.transaction() as session:
        session.add(
            WorkflowPlan(
                id=plan_id,
                workspace_id=workspace_id,
                number=1,
                inbox_key="k",
                source="command",
                channel_id="C1",
                reporter_id="U1",
                issue_text="A leak",
                state=PlanState.DRAFTING,
            )
        )
        await session.flush()
        session.add(Card(workspace_id=workspace_id, plan_id=plan_id, channel_id="C1"))
    return plan_id


@pytest.fixture
async def posted(database: Database, workspace_id: UUID, plan_id: UUID) -> UUID:
    """The same, posted, with no redraw wanted."""
    async with database.transaction() as session:
        turn = await cards.begin_post(session, workspace_id, plan_id, NOW)
        assert isinstance(turn, Turn)
    async with database.transaction() as session:
        assert await cards.posted(session, workspace_id, plan_id, turn, "1.1")
    return plan_id


async def queued(database: Database) -> list[tuple[str, Any]]:
    async with database.reading() as session:
        rows = await session.execute(text("SELECT dedupe_key, payload FROM pgqueuer ORDER BY id"))
        return [(key, DrawCard.model_validate_json(payload)) for key, payload in rows if key.startswith("card:")]


async def take(database: Database, workspace_id: UUID, plan_id: UUID, generation: int, now: datetime) -> Any:
    job = DrawCard(workspace=workspace_id, plan=plan_id, generation=generation)
    async with database.transaction() as session:
        return await cards.begin_draw(session, workspace_id, job, now)


async def change(database: Database, workspace_id: UUID, plan_id: UUID) -> None:
    async with database.transaction() as session:
        await cards.request_redraw(session, workspace_id, plan_id)


async def finish(database: Database, workspace_id: UUID, plan_id: UUID, turn: Turn, now: datetime) -> None:
    async with database.transaction() as session:
        await cards.drawn(session, workspace_id, plan_id, turn, now)


async def test_a_storm_of_changes_is_one_redraw(database: Database, workspace_id: UUID, posted: UUID) -> None:
    for _ in range(20):
        await change(database, workspace_id, posted)
    assert len(await queued(database)) == 1


async def test_a_change_during_a_redraw_asks_for_the_next(
    database: Database, workspace_id: UUID, posted: UUID
) -> None:
    await change(database, workspace_id, posted)
    [(_, first)] = await queued(database)
    turn = await take(database, workspace_id, posted, first.generation, NOW)
    await change(database, workspace_id, posted)
    await finish(database, workspace_id, posted, turn, NOW)
    [_, (_, second)] = await queued(database)
    later = NOW + MIN_INTERVAL
    assert isinstance(await take(database, workspace_id, posted, second.generation, later), Turn)


async def test_a_redraw_that_ran_twice_finds_it_done(database: Database, workspace_id: UUID, posted: UUID) -> None:
    turn = await take(database, workspace_id, posted, 1, NOW)
    await finish(database, workspace_id, posted, turn, NOW)
    again = await take(database, workspace_id, posted, 1, NOW + MIN_INTERVAL)
    assert again is NoTurn.DONE_SINCE


async def test_updates_keep_their_distance(database: Database, workspace_id: UUID, posted: UUID) -> None:
    turn = await take(database, workspace_id, posted, 1, NOW)
    await finish(database, workspace_id, posted, turn, NOW)
    early = await take(database, workspace_id, posted, 2, NOW + timedelta(seconds=0.5))
    assert isinstance(early, JobDeferral)
    assert early.delay == timedelta(seconds=1.5)


async def test_two_redraws_do_not_overtake_each_other(
    database: Database, workspace_id: UUID, posted: UUID
) -> None:
    assert isinstance(await take(database, workspace_id, posted, 1, NOW), Turn)
    assert isinstance(await take(database, workspace_id, posted, 2, NOW + timedelta(seconds=3)), JobDeferral)


async def test_a_redraw_whose_worker_died_is_done_again(
    database: Database, workspace_id: UUID, posted: UUID
) -> None:
    await take(database, workspace_id, posted, 1, NOW)
    again = await take(database, workspace_id, posted, 1, NOW + DRAW_LEASE + timedelta(seconds=1))
    assert isinstance(again, Turn)


async def test_whoever_slept_through_the_lease_has_the_card_drawn_again(
    database: Database, workspace_id: UUID, posted: UUID
) -> None:
    sleeper = await take(database, workspace_id, posted, 1, NOW)
    later = NOW + DRAW_LEASE + timedelta(seconds=1)
    other = await take(database, workspace_id, posted, 1, later)
    await finish(database, workspace_id, posted, other, later)
    await finish(database, workspace_id, posted, sleeper, later)
    assert len(await queued(database)) == 1


async def test_a_refused_redraw_can_be_tried_at_once(database: Database, workspace_id: UUID, posted: UUID) -> None:
    turn = await take(database, workspace_id, posted, 1, NOW)
    async with database.transaction() as session:
        await cards.give_back(session, workspace_id, posted, turn)
    assert isinstance(await take(database, workspace_id, posted, 1, NOW), Turn)


async def test_a_change_before_the_card_is_posted_is_drawn_after_it(
    database: Database, workspace_id: UUID, plan_id: UUID
) -> None:
    async with database.transaction() as session:
        turn = await cards.begin_post(session, workspace_id, plan_id, NOW)
        assert isinstance(turn, Turn)
    assert await take(database, workspace_id, plan_id, turn.generation, NOW) is NoTurn.NOT_POSTED
    async with database.transaction() as session:
        await cards.posted(session, workspace_id, plan_id, turn, "1.1")
    assert len(await queued(database)) == 1


async def test_posting_again_says_when_it_was_first_begun(
    database: Database, workspace_id: UUID, plan_id: UUID
) -> None:
    begun = []
    for seconds in (0, 20, 40):
        async with database.transaction() as session:
            turn = await cards.begin_post(session, workspace_id, plan_id, NOW + timedelta(seconds=seconds))
        assert isinstance(turn, Turn)
        begun.append(turn.begun_at)
    assert begun == [None, NOW, NOW]


async def test_only_one_of_two_posts_is_the_card(database: Database, workspace_id: UUID, plan_id: UUID) -> None:
    async with database.transaction() as session:
        turn = await cards.begin_post(session, workspace_id, plan_id, NOW)
        assert isinstance(turn, Turn)
        assert await cards.posted(session, workspace_id, plan_id, turn, "1.1")
        assert not await cards.posted(session, workspace_id, plan_id, turn, "1.2")
        assert await cards.begin_post(session, workspace_id, plan_id, NOW) is NoTurn.DONE_SINCE


async def test_a_lost_message_is_posted_anew(database: Database, workspace_id: UUID, posted: UUID) -> None:
    turn = await take(database, workspace_id, posted, 1, NOW)
    async with database.transaction() as session:
        await cards.lost(session, workspace_id, posted, turn)
    async with database.reading() as session:
        card = await session.scalar(select(Card))
        keys = (await session.scalars(text("SELECT dedupe_key FROM pgqueuer"))).all()
    assert card is not None
    assert card.ts is None
    assert keys == [f"post:{posted}:1.1"], "not the key of the job that posted it, which may still be running"
