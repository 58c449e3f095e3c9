"""Steps that presses let start go on in the places of the presses, and leave most of those to people."""

from __future__ import annotations

from sqlalchemy import select, text

from bot.jobs.worker import LENT_PLACES
from bot.sandbox.slack import Hold
from bot.sandbox.town import Hang, Town
from db.models import StepRun
from db.queue import enqueue
from services.jobs import DecideRun
from tests.support.run_starts import APPROVER, CHANNEL, begun, registered
from tests.support.town_hall import TownHall, town_hall
from tests.support.town_runs import step

ROUTE = "open311.find_requests"
GATES = LENT_PLACES + 4


async def test_a_step_does_not_wait_until_slack_says_which_language_whoever_pressed_reads(hall: TownHall) -> None:
    workspace, held = hall.deps.workspace.id, Hold()
    hall.slack.faults.script("users.info", [held])
    async with hall.deps.database.transaction() as session:
        await begun(session, workspace, [step("look", ROUTE, gate=True)])
        gate = (await session.scalars(select(StepRun))).one()
        await enqueue(session, pressed(gate, user="U0DANA0001"))
    await hall.town.wait_for(ROUTE, 1)
    assert not held.reached.is_set()


def pressed(gate: StepRun, user: str = APPROVER.user) -> DecideRun:
    return DecideRun(
        workspace=gate.workspace_id,
        target=gate.id,
        revision=gate.revision,
        decision="approve",
        user=user,
        channel=CHANNEL,
    )


async def test_steps_that_hang_take_few_places_of_those_for_people(database_url: str) -> None:
    async with Town() as slow, town_hall(database_url, component_allowed_hosts="127.0.0.1") as hall:
        slow.script(ROUTE, *[Hang()] * GATES)
        workspace = hall.deps.workspace.id
        read = {"key": "slow.read", "endpoint_url": f"{slow.url}/open311/v2/requests.json", "timeout_seconds": 120}
        await registered(hall.database, workspace, read)
        async with hall.deps.database.transaction() as session:
            await begun(session, workspace, [step(f"s{n}", "slow.read", gate=True) for n in range(GATES)])
            gates = (await session.scalars(select(StepRun))).all()
            for gate in gates:
                await enqueue(session, pressed(gate))
            presses = await session.scalars(text("SELECT id FROM pgqueuer WHERE entrypoint = 'decide_run'"))
            places = list(presses)
        await slow.wait_for(ROUTE, GATES)
        async with hall.database.reading() as session:
            steps = await session.scalars(text("SELECT id FROM pgqueuer WHERE entrypoint = 'run_step'"))
            found = set(steps)
        assert len(found) == GATES
        assert 0 < len(found.intersection(places)) <= LENT_PLACES
