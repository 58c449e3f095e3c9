"""What another component answered becomes nobody's recipient: the step fails first, and says why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from db.models import Run, StepRun
from services.components.builtins import ASK_PERSON
from services.states import StepState
from services.steps.sources import StepFault, StepSources
from tests.support.city import City, city_with
from tests.support.run_starts import REPORTER, begun, decided, registered, step, until
from tests.support.town_hall import TownHall, town_hall

ANSWER = {"phone": "+15550100", "area": "north", "status": "open"}
TAKES = {
    "type": "object",
    "properties": {
        "to": {"type": "string", "from": "person"},
        "area": {"type": "string", "enum": ["north", "south"], "from": "registry"},
        "copies": {"type": "array", "items": {"type": "object", "properties": {"id": {"from": "person"}}}},
        "message": {"type": "string"},
    },
}


@pytest.fixture
async def city() -> AsyncIterator[City]:
    async with city_with(ANSWER) as running:
        yield running


@pytest.fixture
async def hall(database_url: str, city: City) -> AsyncIterator[TownHall]:
    hosts = city.url.removeprefix("http://")
    async with town_hall(database_url, components=False, component_allowed_hosts=hosts) as running:
        get = {"approval": "none"}
        await registered(
            running.database,
            running.deps.workspace.id,
            {"key": "look", "endpoint_url": f"{city.url}/look", **get},
            {
                "key": "watch",
                "endpoint_url": f"{city.url}/watch",
                "query_params": {"who": {"type": "string", "from": "person"}},
                **get,
            },
            {
                "key": "tell",
                "endpoint_url": f"{city.url}/tell",
                "http_method": "POST",
                "approval": "none",
                "request_schema": TAKES,
            },
        )
        yield running


async def found(hall: TownHall, run_id: UUID, step_id: str) -> StepRun:
    async with hall.database.transaction() as session:
        query = select(StepRun).where(StepRun.run_id == run_id, StepRun.step_id == step_id)
        return (await session.scalars(query)).one()


async def come_to(hall: TownHall, run_id: UUID, step_id: str, *states: StepState) -> StepRun:
    async def is_there() -> bool:
        return (await found(hall, run_id, step_id)).state in states

    await until(is_there, 15)
    return await found(hall, run_id, step_id)


async def started(hall: TownHall, *steps: dict[str, Any]) -> UUID:
    async with hall.database.transaction() as session:
        return await begun(session, hall.deps.workspace.id, [step("find", "look", then=["tell"]), *steps])


async def told(hall: TownHall, **inputs: str) -> StepRun:
    """The step that tells somebody, once it is over; it comes after a look-up."""
    given: dict[str, Any] = {f"body__{name}": value for name, value in inputs.items()}
    run_id = await started(hall, step("tell", "tell", **given))
    return await come_to(hall, run_id, "tell", StepState.DONE, StepState.FAILED)


@pytest.mark.parametrize(
    ("inputs", "name", "origins", "allowed"),
    [
        ({"to": "{{find.phone}}"}, "to", ["component"], ["person"]),
        ({"to": "{{issue.reporter}}{{find.phone}}"}, "to", ["person", "component"], ["person"]),
        ({"to": "+15550199"}, "to", ["model"], ["person"]),
        ({"to": "{{issue.reporter}}", "area": "{{find.area}}"}, "area", ["component"], ["registry"]),
        ({"copies": '[{"id": "{{find.phone}}"}]'}, "copies", ["component"], ["person"]),
        ({"copies": "{{find.people}}"}, "copies", ["component"], ["person"]),
    ],
)
async def test_a_value_from_elsewhere_is_not_sent(
    hall: TownHall, city: City, inputs: dict[str, str], name: str, origins: list[str], allowed: list[str]
) -> None:
    row = await told(hall, message="Help is on its way", **inputs)
    assert row.state == StepState.FAILED
    error = {"code": "origin_refused", "name": f"body.{name}", "origins": origins, "allowed": allowed}
    assert row.error == error
    assert (row.request, city.received) == (None, [])


async def test_what_comes_from_where_it_should_is_sent(hall: TownHall, city: City) -> None:
    row = await told(hall, to="{{issue.reporter}}", area="south", message="Ask {{find.phone}}")
    assert row.state == StepState.DONE
    assert city.received == [{"to": REPORTER, "area": "south", "message": "Ask +15550100"}]


async def test_a_person_who_sees_it_at_a_gate_may_agree_to_it(hall: TownHall, city: City) -> None:
    run_id = await started(hall, step("tell", "tell", gate=True, body__to="{{find.phone}}"))
    row = await come_to(hall, run_id, "tell", StepState.WAITING)
    assert row.request is not None
    assert row.request["body"] == {"to": "+15550100"}
    assert city.received == []
    await decided(hall.database, hall.deps.workspace.id, run_id, "tell", "approve")
    await come_to(hall, run_id, "tell", StepState.DONE)
    assert city.received == [{"to": "+15550100"}]


async def test_nobody_is_asked_to_agree_to_what_is_no_business_of_a_person(hall: TownHall, city: City) -> None:
    run_id = await started(hall, step("tell", "tell", gate=True, body__area="{{find.area}}"))
    row = await come_to(hall, run_id, "tell", StepState.FAILED)
    assert (row.error or {})["code"] == "origin_refused"
    assert city.received == []


async def test_a_wait_does_not_ask_for_it_either(hall: TownHall, city: City) -> None:
    inputs: dict[str, Any] = {
        "body__component": "watch",
        "body__field": "status",
        "body__query.who": "{{find.phone}}",
    }
    run_id = await started(hall, step("tell", "wait.until", **inputs))
    row = await come_to(hall, run_id, "tell", StepState.FAILED)
    assert (row.error or {})["name"] == "query.who"
    assert city.received == []


@pytest.mark.parametrize(("asked", "is_taken"), [(ASK_PERSON, True), ("look", False)])
async def test_the_answer_of_a_person_is_told_from_that_of_a_component(
    hall: TownHall, asked: str, *, is_taken: bool
) -> None:
    question: dict[str, Any] = {"body__person": "reporter", "body__question": "Where?", "body__kind": "text"}
    ask = step("ask", asked, then=["tell"], **(question if asked == ASK_PERSON else {}))
    async with hall.database.transaction() as session:
        steps = [ask, step("tell", "tell", body__to="{{ask.answer}}")]
        run_id = await begun(session, hall.deps.workspace.id, steps)
        done = {"state": StepState.DONE, "output": {"answer": "U0ELSE0001"}}
        ours = StepRun.run_id == run_id
        await session.execute(update(StepRun).where(ours, StepRun.step_id == "ask").values(**done))
        run = await session.get_one(Run, run_id)
        row = (await session.scalars(select(StepRun).where(ours, StepRun.step_id == "tell"))).one()
        source = await StepSources().one(session, run, row)
    if is_taken:
        assert source.call().preview()["body"] == {"to": "U0ELSE0001"}
    else:
        with pytest.raises(StepFault, match="origin_refused"):
            source.call()
