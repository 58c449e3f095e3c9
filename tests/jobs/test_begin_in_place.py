"""Steps that presses let start go on in the places of the presses, and leave most of those to people."""

from __future__ import annotations

from sqlalchemy import select, text

from bot.sandbox.slack import Hold as SlackHold
from bot.sandbox.town import Hold, Town
from db.models import StepRun
from db.queue import enqueue
from services.jobs import DecideRun
from tests.support.run_starts import APPROVER, CHANNEL, begun, registered, until
from tests.support.town_hall import TownHall, town_hall
from tests.support.town_runs import step
from tests.support.waiting import happened

ROUTE = "open311.find_requests"

LENT = 8
"""Said here once more: so many of the 32 places for people's words may be taken by steps that hang."""

PRESSES = 3 * LENT
"""More than it takes: on a slow machine a press may take longer than it has the right to its place."""


async def pressed(hall: TownHall, gate: StepRun, hold: Hold) -> bool:
    """Press, and wait until the step is being called; whether that goes on in the place of the press."""
    async with hall.deps.database.transaction() as session:
        await enqueue(session, press_of(gate))
        place = await session.scalar(text("SELECT id FROM pgqueuer WHERE entrypoint = 'decide_run'"))
    await happened(hold.reached)

    async def is_over() -> bool:
        async with hall.database.reading() as session:
            query = text("SELECT id FROM pgqueuer WHERE entrypoint = 'decide_run'")
            return (await session.execute(query)).first() is None

    # One that has handed its step to the queue ends a moment later.
    await until(is_over, 30)
    async with hall.database.reading() as session:
        jobs = await session.scalars(text("SELECT id FROM pgqueuer WHERE entrypoint = 'run_step'"))
        return place in set(jobs)


async def test_a_step_does_not_wait_until_slack_says_which_language_whoever_pressed_reads(hall: TownHall) -> None:
    workspace, held = hall.deps.workspace.id, SlackHold()
    hall.slack.faults.script("users.info", [held])
    async with hall.deps.database.transaction() as session:
        await begun(session, workspace, [step("look", ROUTE, gate=True)])
        gate = (await session.scalars(select(StepRun))).one()
        await enqueue(session, press_of(gate, user="U0DANA0001"))
    await hall.town.wait_for(ROUTE, 1)
    assert not held.reached.is_set()


def press_of(gate: StepRun, user: str = APPROVER.user) -> DecideRun:
    return DecideRun(
        workspace=gate.workspace_id,
        target=gate.id,
        revision=gate.revision,
        decision="approve",
        user=user,
        channel=CHANNEL,
    )


async def test_steps_that_hang_take_few_places_of_those_for_people(database_url: str) -> None:
    holds = [Hold() for _ in range(PRESSES)]
    async with Town() as slow, town_hall(database_url, component_allowed_hosts="127.0.0.1") as hall:
        slow.script(ROUTE, *holds)
        workspace = hall.deps.workspace.id
        read = {"key": "slow.read", "endpoint_url": f"{slow.url}/open311/v2/requests.json", "timeout_seconds": 120}
        await registered(hall.database, workspace, read)
        async with hall.deps.database.transaction() as session:
            await begun(session, workspace, [step(f"s{n}", "slow.read", gate=True) for n in range(PRESSES)])
            gates = (await session.scalars(select(StepRun).order_by(StepRun.position))).all()
        held = iter(list(zip(gates, holds, strict=True)))
        in_place: list[Hold] = []
        while len(in_place) < LENT:
            gate, hold = next(held)
            in_place += [hold] if await pressed(hall, gate, hold) else []
        assert [await pressed(hall, *next(held)) for _ in range(2)] == [False, False]

        # A place is lent for as long as the step takes.
        in_place[0].released.set()

        async def is_over() -> bool:
            async with hall.database.reading() as session:
                done = await session.scalars(select(StepRun.id).where(StepRun.state == "DONE"))
                jobs = await session.scalars(text("SELECT id FROM pgqueuer WHERE entrypoint = 'run_step'"))
                return len(done.all()) == 1 and len(jobs.all()) == sum(hold.reached.is_set() for hold in holds) - 1

        await until(is_over, 30)
        while not await pressed(hall, *next(held)):
            pass
        for hold in holds:
            hold.released.set()
