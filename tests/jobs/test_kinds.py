"""A plan over components of all kinds, carried out by the real executor over the town's real services."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot.sandbox.town import Status
from db.models import StepRun
from services.states import RunState
from tests.support.run_starts import begun, run_state, step_states, until
from tests.support.town_hall import TownHall
from tests.support.town_hall import hall as hall
from tests.support.town_runs import step


async def outputs(hall: TownHall) -> dict[str, Any]:
    async with hall.database.reading() as session:
        rows = await session.execute(select(StepRun.step_id, StepRun.output, StepRun.error))
        return {row.step_id: row.output if row.error is None else row.error for row in rows}


async def carried_out(hall: TownHall, *steps: dict[str, Any], to: RunState) -> dict[str, str]:
    async with hall.deps.database.transaction() as session:
        run_id = await begun(session, hall.deps.workspace.id, steps)

    async def is_there() -> bool:
        return await run_state(hall.database, run_id) == to

    await until(is_there, 30)
    return await step_states(hall.database, run_id)


async def test_a_plan_runs_over_graphql_rpc_and_rest(hall: TownHall) -> None:
    states = await carried_out(
        hall,
        step("known", "permits.find", after="ask", variable__street="main"),
        step(
            "ask",
            "permits.request",
            after="find",
            variable__street="{{known.permits[0].street}}",
            variable__work="DIG",
            variable__days="3",
        ),
        step("find", "vehicles.find", after="send", body__kind="plow", body__area="eastside"),
        step(
            "send",
            "vehicles.send",
            after="order",
            body__vehicle_id="{{find.vehicle_id}}",
            body__address="{{ask.requestPermit.street}}",
        ),
        step("order", "workorders.create", path__area="eastside", body__title="{{send.sent_to}}"),
        to=RunState.COMPLETED,
    )
    assert set(states.values()) == {"DONE"}
    assert hall.town.permits.permits["P-2"].street == "Main Street"
    assert hall.town.fleet.vehicles["plow-e"].sent_to == "Main Street"
    assert (await outputs(hall))["known"]["permits"][0]["work"] == "DIG"


async def test_errors_in_a_200_fail_their_steps_with_what_was_said(hall: TownHall) -> None:
    hall.town.fleet.vehicles["plow-d"].sent_to = "the bridge"
    states = await carried_out(
        hall,
        step("ask", "permits.request", variable__street="Main", variable__work="DIG", variable__days="91"),
        step("send", "vehicles.send", body__vehicle_id="plow-d", body__address="Main"),
        to=RunState.FAILED,
    )
    assert states == {"ask": "FAILED", "send": "FAILED"}
    found = await outputs(hall)
    assert found["ask"]["message"] == "A permit is for 1 to 90 days (requestPermit)"
    assert (found["send"]["message"], found["send"]["data"]) == (
        "the vehicle is not free",
        '{"sent_to": "the bridge"}',
    )
    assert len(hall.town.received("vehicles.send")) == 1


async def test_a_query_is_made_again_and_a_mutation_is_in_doubt(hall: TownHall) -> None:
    for route in ("permits.find", "permits.request", "vehicles.send"):
        hall.town.script(route, Status(500, applied=True))
    states = await carried_out(
        hall,
        step("known", "permits.find", variable__street="main"),
        step("ask", "permits.request", variable__street="Main", variable__work="DIG", variable__days="9"),
        step("send", "vehicles.send", body__vehicle_id="plow-d", body__address="Main"),
        to=RunState.WAITING,
    )
    assert states == {"known": "DONE", "ask": "UNCERTAIN", "send": "UNCERTAIN"}
    assert len(hall.town.received("permits.find")) == 2
