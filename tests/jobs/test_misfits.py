"""What a component does not take is not sent: the step fails first, and names the field."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from db.models import StepRun
from services.states import StepState
from tests.support.city import City, city_with
from tests.support.run_starts import begun, registered, step, until
from tests.support.town_hall import TownHall, town_hall

ANSWER = {"site": {"street": "Main"}, "level": "high", "name": "A leak", "number": 7, "digits": "42"}
TAKES = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "severity": {"type": "integer"},
        "site": {"type": "object", "required": ["street"]},
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
        post = {"http_method": "POST", "approval": "none", "request_schema": TAKES}
        await registered(
            running.database,
            running.deps.workspace.id,
            {"key": "look", "endpoint_url": f"{city.url}/look", "approval": "none"},
            {"key": "file", "endpoint_url": f"{city.url}/file", **post},
        )
        yield running


async def filed(hall: TownHall, **inputs: str) -> StepRun:
    """The step that files, once it is over; it takes what the first step has found."""
    given: dict[str, Any] = {f"body__{name}": value for name, value in inputs.items()}
    steps = [step("find", "look", then=["file"]), step("file", "file", **given)]
    async with hall.database.transaction() as session:
        run_id = await begun(session, hall.deps.workspace.id, steps)
    query = select(StepRun).where(StepRun.run_id == run_id, StepRun.step_id == "file")

    async def found() -> StepRun:
        async with hall.database.transaction() as session:
            return (await session.scalars(query)).one()

    async def is_over() -> bool:
        return (await found()).state in (StepState.DONE, StepState.FAILED)

    await until(is_over, 15)
    return await found()


@pytest.mark.parametrize(
    ("field", "reference", "expected"),
    [
        ("title", "{{find.site}}", "string"),
        ("severity", "{{find.level}}", "integer"),
        ("site", "{{find.name}}", "object"),
    ],
)
async def test_what_does_not_fit_is_not_sent(
    hall: TownHall, city: City, field: str, reference: str, expected: str
) -> None:
    row = await filed(hall, **{field: reference})
    assert row.state == StepState.FAILED
    error = {"code": "input_misfit", "name": f"body.{field}", "at": "", "keyword": "type", "expected": expected}
    assert row.error == error
    assert city.received == []


async def test_what_can_be_converted_is_sent(hall: TownHall, city: City) -> None:
    site = json.dumps({"street": "{{find.name}}"})
    row = await filed(hall, title="{{find.number}}", severity="{{find.digits}}", site=site)
    assert row.state == StepState.DONE
    assert city.received == [{"title": "7", "severity": 42, "site": {"street": "A leak"}}]
