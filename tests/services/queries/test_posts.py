"""What it costs to post cards: so many statements for one, and no more for many; and none is lost or held up."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from db.models import Card, Run
from db.session import Database
from services.approvals import ApprovalService
from services.card_turns import NotedPost
from services.cards import CardService
from services.errors import NotFound
from services.jobs import PostCard
from services.queries.posts import CardPosts
from services.queries.workflows import WorkflowQueries
from services.states import RunState
from tests.support.run_starts import begun, now, registered, step
from tests.support.sent_statements import statements

MOST = 5
"""Statements of a post, besides BEGIN and COMMIT: the turn, the plan, its steps, its version, and where it is."""

LINK = "https://springfield.slack.com/archives/C1/p11"

cards = CardService()


@pytest.fixture
async def jobs(database: Database, workspace_id: UUID) -> list[PostCard]:
    """Ten cards to post, in the order in which their rows are locked."""
    await registered(
        database, workspace_id, {"key": "do", "http_method": "GET", "endpoint_url": "https://do.example"}
    )
    async with database.transaction() as session:
        for _ in range(10):
            await begun(session, workspace_id, [step("act", "do")])
        await session.execute(text("DELETE FROM pgqueuer"))
        plans = await session.scalars(select(Card.plan_id).order_by(Card.id))
        return [PostCard(workspace=workspace_id, plan=plan) for plan in plans]


@pytest.fixture
def posts(database: Database) -> CardPosts:
    return CardPosts(database, cards, WorkflowQueries(ApprovalService()))


async def posted(posts: CardPosts, job: PostCard, ts: str = "1.1", link: str | None = None) -> NotedPost:
    """Post a card, but for Slack."""
    posting = await posts.begin(job, now())
    assert posting is not None
    return await posts.posted(job, posting, ts, link)


async def card(database: Database, job: PostCard) -> Card:
    async with database.reading() as session:
        return (await session.scalars(select(Card).where(Card.plan_id == job.plan))).one()


async def test_a_post_costs_no_more_than_five_statements(
    database: Database, posts: CardPosts, jobs: list[PostCard]
) -> None:
    with statements(database) as sent:
        await posted(posts, jobs[0])
    assert len(sent) <= MOST, sent


async def test_ten_posts_at_once_cost_hardly_more_than_one(
    database: Database, posts: CardPosts, jobs: list[PostCard]
) -> None:
    with statements(database) as sent:
        noted = await asyncio.gather(*(posted(posts, job) for job in jobs))
    # The first goes alone, since there is nothing to wait for, and the others together.
    assert len(sent) <= 3 * MOST, f"ten posts at once cost {len(sent)} statements: {sent}"
    assert all(each.is_the_card and each.is_new for each in noted)
    async with database.reading() as session:
        assert len((await session.scalars(select(Card).where(Card.ts == "1.1", Card.drawn_generation == 1))).all())


async def test_a_card_that_somebody_holds_does_not_hold_up_others(
    database: Database, posts: CardPosts, jobs: list[PostCard]
) -> None:
    async with database.transaction() as session:
        await session.execute(select(Card.id).where(Card.plan_id == jobs[0].plan).with_for_update())
        held = asyncio.create_task(posted(posts, jobs[0]))
        await asyncio.wait_for(asyncio.gather(*(posted(posts, job) for job in jobs[1:])), 20)
        assert not held.done()
    assert (await asyncio.wait_for(held, 20)).is_the_card


async def test_a_change_before_the_post_begins_is_in_it_and_asks_for_no_redraw(
    database: Database, posts: CardPosts, jobs: list[PostCard]
) -> None:
    async with database.transaction() as session:
        # As the engine does: the card is asked for while a change of its run is not yet to be seen.
        run = (await session.scalars(select(Run).where(Run.plan_id == jobs[0].plan))).one()
        run.state = RunState.FAILED
        await cards.request_redraw(session, jobs[0].workspace, jobs[0].plan)
        waiting = asyncio.create_task(posts.begin(jobs[0], now()))
        await asyncio.wait_for(posted(posts, jobs[1]), 20)
        assert not waiting.done()
    posting = await asyncio.wait_for(waiting, 20)
    assert posting is not None
    assert posting.plan.run is not None
    assert posting.plan.run.state is RunState.FAILED
    await posts.posted(jobs[0], posting, "1.1", None)
    assert await redraws(database) == 0


async def test_a_change_while_it_is_posted_is_drawn_after_it(
    database: Database, posts: CardPosts, jobs: list[PostCard]
) -> None:
    posting = await posts.begin(jobs[0], now())
    assert posting is not None
    async with database.transaction() as session:
        await cards.request_redraw(session, jobs[0].workspace, jobs[0].plan)
    await posts.posted(jobs[0], posting, "1.1", None)
    assert await redraws(database) == 1


async def test_a_post_that_was_cut_off_is_begun_again_and_says_since_when(
    database: Database, posts: CardPosts, jobs: list[PostCard]
) -> None:
    began = now()
    found = [await posts.begin(jobs[0], began + timedelta(seconds=20 * n)) for n in range(3)]
    turns = [posting for posting in found if posting is not None]
    assert [posting.turn.begun_at for posting in turns] == [None, began, began]
    await posts.posted(jobs[0], turns[-1], "1.1", None)
    assert await redraws(database) == 1, "nobody knows what the one shows that was found"


async def test_of_two_posts_of_one_card_at_once_one_is_the_card(
    database: Database, posts: CardPosts, jobs: list[PostCard]
) -> None:
    turns = [await posts.begin(jobs[0], now()) for _ in range(2)]
    noted = await asyncio.gather(
        *(posts.posted(jobs[0], turn, f"1.{n}", None) for n, turn in enumerate(turns, 1) if turn is not None)
    )
    assert sorted(each.is_the_card for each in noted) == [False, True]
    assert await posts.begin(jobs[0], now()) is None
    [the_card] = [f"1.{n}" for n, each in enumerate(noted, 1) if each.is_the_card]
    assert (await card(database, jobs[0])).ts == the_card


async def test_a_post_that_is_noted_twice_is_still_the_card(posts: CardPosts, jobs: list[PostCard]) -> None:
    posting = await posts.begin(jobs[0], now())
    assert posting is not None
    # As after a commit whose answer was lost.
    noted = [await posts.posted(jobs[0], posting, "1.1", None) for _ in range(2)]
    assert [(each.is_the_card, each.is_new) for each in noted] == [(True, True), (True, False)]


async def test_what_is_known_of_the_place_is_noted_with_the_post(
    database: Database, posts: CardPosts, jobs: list[PostCard]
) -> None:
    assert (await posted(posts, jobs[0])).is_private is None
    async with database.transaction() as session:
        await cards.note_place(session, jobs[0].workspace, jobs[0].plan, "1.1", link=LINK, is_private=True)
    assert (await posted(posts, jobs[1], "2.2", f"{LINK}2")).is_private is True
    found = await card(database, jobs[1])
    assert (found.link, found.is_private) == (f"{LINK}2", True)


async def test_a_card_that_was_moved_leaves_a_line_behind(
    database: Database, posts: CardPosts, jobs: list[PostCard]
) -> None:
    async with database.transaction() as session:
        was = '{"channel": "C0", "thread": null, "ts": "0.1", "user": "U1"}'
        await session.execute(text("UPDATE cards SET moved_from = CAST(:was AS jsonb)"), {"was": was})
    await posted(posts, jobs[0])
    async with database.reading() as session:
        [payload] = await session.scalars(text("SELECT payload FROM pgqueuer WHERE entrypoint = 'fold_card'"))
    assert b'"from_channel":"C0","from_ts":"0.1"' in payload
    assert (await card(database, jobs[0])).moved_from is None


async def test_one_that_moved_meanwhile_is_not_where_it_was_posted(
    database: Database, posts: CardPosts, jobs: list[PostCard]
) -> None:
    posting = await posts.begin(jobs[0], now())
    assert posting is not None
    async with database.transaction() as session:
        await session.execute(text("UPDATE cards SET channel_id = 'C2'"))
    assert not (await posts.posted(jobs[0], posting, "1.1", None)).is_the_card
    assert (await card(database, jobs[0])).ts is None


async def test_a_plan_that_is_gone_is_its_own_fault_only(posts: CardPosts, jobs: list[PostCard]) -> None:
    gone = jobs[0].model_copy(update={"plan": UUID(int=1)})
    found = await asyncio.gather(
        *(posts.begin(job, now()) for job in (jobs[1], gone, jobs[2])), return_exceptions=True
    )
    assert [type(each).__name__ for each in found] == ["Posting", NotFound.__name__, "Posting"]


async def redraws(database: Database) -> int:
    async with database.reading() as session:
        found = await session.scalar(text("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'draw_card'"))
        return int(found or 0)
