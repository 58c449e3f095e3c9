from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.sandbox.town import Town
from tests.support.town_caller import NOON, Clock

REQUESTS = "/open311/v2/requests.json"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def town(clock: Clock) -> AsyncIterator[Town]:
    async with Town(now=clock) as town:
        yield town


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def post_request(town: Town, http: ClientSession, **fields: str) -> tuple[int, Any]:
    form = {"api_key": town.environment["TOWN_OPEN311_KEY"], **fields}
    async with http.post(town.url + REQUESTS, data=form) as response:
        return response.status, await response.json()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"address_string": "a"}, 400),
        ({"service_code": "nothing", "address_string": "a"}, 404),
        ({"service_code": "pothole"}, 400),
        ({"service_code": "pothole", "lat": "51.5"}, 400),
        ({"service_code": "pothole", "lat": "91", "long": "0"}, 400),
        ({"service_code": "pothole", "lat": "north", "long": "0"}, 400),
        ({"service_code": "pothole", "lat": "nan", "long": "0"}, 400),
        ({"service_code": "pothole", "address_string": "a", "description": "x" * 4_001}, 400),
        ({"service_code": "pothole", "address_string": "a", "jurisdiction_id": "elsewhere"}, 404),
        ({"service_code": "pothole", "address_string": "a", "api_key": "wrong"}, 403),
        ({"service_code": "street_light", "address_string": "a"}, 400),
        ({"service_code": "street_light", "address_string": "a", "attribute[fault]": "purple"}, 400),
    ],
)
async def test_open311_errors_have_its_shape(
    town: Town, http: ClientSession, fields: dict[str, str], status: int
) -> None:
    answered, (error,) = await post_request(town, http, **fields)
    assert (answered, error["code"]) == (status, status)
    assert error["description"]
    assert town.open311.requests == {}


async def test_open311_takes_forms_only(town: Town, http: ClientSession) -> None:
    body = {"api_key": town.environment["TOWN_OPEN311_KEY"], "service_code": "pothole", "address_string": "a"}
    async with http.post(town.url + REQUESTS, json=body) as response:
        assert response.status == 400


async def test_open311_lists_its_services_and_their_questions(town: Town, http: ClientSession) -> None:
    async with http.get(f"{town.url}/open311/v2/services.json?jurisdiction_id=") as response:
        services = {service["service_code"]: service for service in await response.json()}
    assert services["graffiti"]["type"] == "batch"
    assert [code for code, service in services.items() if service["metadata"]] == ["street_light"]
    async with http.get(f"{town.url}/open311/v2/services/street_light.json") as response:
        definition = await response.json()
    (question,) = definition["attributes"]
    assert (question["code"], question["required"]) == ("fault", True)
    assert [value["key"] for value in question["values"]] == ["out", "flickering", "damaged"]


async def test_open311_answers_a_batch_service_with_a_token(town: Town, http: ClientSession) -> None:
    _, (answer,) = await post_request(town, http, service_code="graffiti", lat="1.5", long="2.5")
    assert "service_request_id" not in answer
    url = f"{town.url}/open311/v2/tokens/{answer['token']}.json"
    ids = []
    for _ in range(2):
        async with http.get(url) as response:
            ((resolved),) = await response.json()
            ids.append(resolved["service_request_id"])
    assert ids == ["", "101"]
    async with http.get(f"{town.url}/open311/v2/tokens/none.json") as response:
        assert response.status == 404


async def test_open311_finds_requests(town: Town, http: ClientSession, clock: Clock) -> None:
    for days, code in ((0, "pothole"), (100, "water_leak"), (101, "pothole")):
        clock.time = NOON + timedelta(days=days)
        await post_request(town, http, service_code=code, address_string="5th")

    async def ids(**query: str) -> list[str]:
        async with http.get(town.url + REQUESTS, params=query) as response:
            return [item["service_request_id"] for item in await response.json()]

    assert await ids() == ["103", "102"]
    assert await ids(service_code="pothole") == ["103"]
    assert await ids(service_code="pothole,water_leak", status="open") == ["103", "102"]
    assert await ids(status="closed") == []
    assert await ids(start_date="2026-01-01T00:00:00Z", end_date="2026-03-02T00:00:00Z") == ["101"]
    assert await ids(service_request_id="101,999", status="closed") == ["101"]
    async with http.get(town.url + REQUESTS, params={"start_date": "yesterday"}) as response:
        assert response.status == 400
