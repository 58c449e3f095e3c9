"""What it costs to draw cards: so many statements for one, and no more for many; and none holds up another."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from db.models import Card, Run
from db.session import Database
from services.approvals import ApprovalService
from services.card_pace import MANY
from services.card_turns import DRAW_LEASE, HURRIED, Turn
from services.cards import MIN_INTERVAL, CardService
from services.jobs import DrawCard, JobDeferral
from services.queries.draws import CardDraws
from services.queries.workflows import WorkflowQueries
from services.states import RunState
from tests.support.run_starts import begun, now, registered, step
from tests.support.sent_statements import statements

MOST = 4
"""Statements of a draw, besides BEGIN and COMMIT: the turn, the plan, its steps, and that Slack has it."""

MOST_DRAWS = 2
"""Of a card, for a run that is over before it may be drawn again."""

STEPS = [step(f"s{n}", "do", then=[f"s{n + 1}"] if n < 5 else []) for n in range(6)]

cards = CardService()


@pytest.fixture
async def jobs(database: Database, workspace_id: UUID) -> list[DrawCard]:
    """Redraws of ten cards that are posted; each has a run of six steps."""
    await registered(
        database, workspace_id, {"key": "do", "http_method": "GET", "endpoint_url": "https://do.example"}
    )
    async with database.transaction() as session:
        for _ in range(10):
            await begun(session, workspace_id, STEPS)
        await session.execute(text("UPDATE cards SET ts = '1.1'"))
        await session.execute(text("DELETE FROM pgqueuer"))
    async with database.reading() as session:
        found = await session.scalars(select(Card).order_by(Card.id))
        return [DrawCard(workspace=workspace_id, plan=card.plan_id, generation=card.generation) for card in found]


@pytest.fixture
def draws(database: Database) -> CardDraws:
    return CardDraws(database, cards, WorkflowQueries(ApprovalService()))


async def drawn(draws: CardDraws, job: DrawCard) -> None:
    """Draw a card, but for Slack."""
    drawing = await draws.begin(job, now())
    assert isinstance(drawing.turn, Turn)
    assert drawing.plan is not None
    assert drawing.plan.run is not None
    assert len(drawing.plan.run.steps) == 6
    await draws.drawn(job, drawing.turn, now())


async def test_a_draw_costs_no_more_than_four_statements(
    database: Database, draws: CardDraws, jobs: list[DrawCard]
) -> None:
    await drawn(draws, jobs[0])  # which reads the version of the plan, once for all of its draws
    async with database.transaction() as session:
        await session.execute(text("UPDATE cards SET drawn_at = NULL"))
    again = jobs[0].model_copy(update={"generation": jobs[0].generation + 1})
    with statements(database) as sent:
        await drawn(draws, again)
    assert len(sent) <= MOST, f"a draw costs {len(sent)} statements, and may cost {MOST}: {sent}"


async def test_ten_draws_at_once_cost_hardly_more_than_one(
    database: Database, draws: CardDraws, jobs: list[DrawCard]
) -> None:
    with statements(database) as sent:
        await asyncio.gather(*(drawn(draws, job) for job in jobs))
    # The first goes alone, since there is nothing to wait for, and the others together; versions are new here.
    most = 3 * (MOST + 1)
    assert len(sent) <= most, f"ten draws at once cost {len(sent)} statements, and may cost {most}: {sent}"
    async with database.reading() as session:
        lagging = await session.scalars(select(Card.id).where(Card.drawn_generation < Card.generation))
        assert not lagging.all()


async def test_a_card_that_somebody_holds_does_not_hold_up_others(
    database: Database, draws: CardDraws, jobs: list[DrawCard]
) -> None:
    async with database.transaction() as session:
        await session.execute(select(Card.id).where(Card.plan_id == jobs[0].plan).with_for_update())
        held = asyncio.create_task(drawn(draws, jobs[0]))
        await asyncio.wait_for(asyncio.gather(*(drawn(draws, job) for job in jobs[1:])), 20)
        assert not held.done()
    await asyncio.wait_for(held, 20)


async def test_what_is_shown_was_read_after_the_turn_was_taken(
    database: Database, draws: CardDraws, jobs: list[DrawCard]
) -> None:
    async with database.transaction() as session:
        # As the engine does: the card is asked for while a change of its run is not yet to be seen.
        run = await session.scalar(select(Run).where(Run.plan_id == jobs[0].plan))
        assert run is not None
        run.state = RunState.FAILED
        await cards.request_redraw(session, jobs[0].workspace, jobs[0].plan)
        waiting = asyncio.create_task(draws.begin(jobs[0], now()))
        await asyncio.wait_for(drawn(draws, jobs[1]), 20)
    drawing = await asyncio.wait_for(waiting, 20)
    assert drawing.plan is not None
    assert drawing.plan.run is not None
    assert drawing.plan.run.state is RunState.FAILED


async def test_of_two_redraws_of_one_card_at_once_one_has_the_turn(draws: CardDraws, jobs: list[DrawCard]) -> None:
    both = await asyncio.gather(draws.begin(jobs[0], now()), draws.begin(jobs[0], now()))
    assert sorted(type(each.turn).__name__ for each in both) == [JobDeferral.__name__, Turn.__name__]


async def test_of_two_turns_that_end_at_once_the_one_that_slept_has_the_card_drawn_again(
    database: Database, draws: CardDraws, jobs: list[DrawCard]
) -> None:
    later = now() + DRAW_LEASE + timedelta(seconds=1)
    turns = [(await draws.begin(jobs[0], when)).turn for when in (now(), later)]
    await asyncio.gather(*(draws.drawn(jobs[0], turn, later) for turn in turns if isinstance(turn, Turn)))
    assert len(await waiting_for(database)) == 1


async def test_a_run_that_is_over_in_a_moment_is_drawn_twice(
    database: Database, draws: CardDraws, jobs: list[DrawCard]
) -> None:
    """When it begins, at once, and when it has ended; what a worker takes from the queue in between is nothing."""
    begins = 0
    for change in range(2 * len(STEPS)):
        async with database.transaction() as session:
            await cards.request_redraw(session, jobs[0].workspace, jobs[0].plan)
        if change == 0:
            assert [wait <= timedelta() for wait in await waiting_for(database)] == [True]
            await drawn(draws, jobs[0])
            begins += 1
            async with database.transaction() as session:
                await session.execute(text("DELETE FROM pgqueuer"))  # the job is done
    later = await waiting_for(database)
    told = f"a run of {len(STEPS)} steps is drawn {begins + len(later)} times, and may be {MOST_DRAWS}: {later}"
    assert begins + len(later) <= MOST_DRAWS, told
    assert all(timedelta(seconds=1) < wait <= MIN_INTERVAL for wait in later), f"put off twice: {later}"


async def test_a_redraw_waits_in_the_queue_while_its_card_rests(
    database: Database, draws: CardDraws, jobs: list[DrawCard]
) -> None:
    await drawn(draws, jobs[0])
    async with database.transaction() as session:
        await cards.request_redraws(session, [(job.workspace, job.plan) for job in jobs[:2]])
    rested, resting = sorted(await waiting_for(database))
    assert rested <= timedelta()
    assert timedelta(seconds=1) < resting <= MIN_INTERVAL


async def test_where_many_cards_are_drawn_at_once_the_next_wait_a_moment(
    database: Database, draws: CardDraws, jobs: list[DrawCard]
) -> None:
    await asyncio.gather(*(drawn(draws, job) for job in jobs[:MANY]))
    rested = jobs[MANY:]
    async with database.transaction() as session:
        await cards.request_redraws(session, [(job.workspace, job.plan) for job in rested])
        # One that is asked for later is in the same redraw, and does not put it off again.
        await cards.request_redraws(session, [(job.workspace, job.plan) for job in rested])
    assert await waiting_for(database) == [HURRIED * MIN_INTERVAL] * len(rested)


async def test_where_many_cards_are_posted_at_once_redraws_wait_a_moment(
    database: Database, jobs: list[DrawCard]
) -> None:
    async with database.transaction() as session:
        await session.execute(text("UPDATE cards SET ts = NULL"))
        posts = [(job.plan, now()) for job in jobs[:MANY]]
        await cards.begin_posts(session, jobs[0].workspace, posts)
        await session.execute(text("UPDATE cards SET ts = '1.1'"))
        await cards.request_redraw(session, jobs[-1].workspace, jobs[-1].plan)
    assert await waiting_for(database) == [HURRIED * MIN_INTERVAL]


async def test_a_redraw_that_people_wait_for_comes_at_once(
    database: Database, draws: CardDraws, jobs: list[DrawCard]
) -> None:
    await drawn(draws, jobs[0])
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO notifications (id, workspace_id, plan_id, user_id, kind, subject, revision, occasion,"
                " state, turn, created_at) VALUES (gen_random_uuid(), :workspace, :plan, 'U1', 'gate', 's', 1, 0,"
                " 'sent', 0, now())"
            ),
            {"workspace": jobs[0].workspace, "plan": jobs[0].plan},
        )
        await cards.request_redraw(session, jobs[0].workspace, jobs[0].plan)
    [at_once] = await waiting_for(database)
    assert at_once <= timedelta(), "its copies have to follow, whenever the card itself may be drawn"


async def waiting_for(database: Database) -> list[timedelta]:
    """For how long each redraw in the queue is put off."""
    async with database.reading() as session:
        found = await session.scalars(
            text("SELECT execute_after - created FROM pgqueuer WHERE entrypoint = 'draw_card' ORDER BY id")
        )
        return list(found)
