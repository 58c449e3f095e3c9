"""Requests filed with real endpoints, over HTTP, by runs: in XML, and with a token whose number is waited for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.cli import open311 as cli
from bot.sandbox.town import Reset
from bot.sandbox.town.open311_towns import TOKEN_PATH, XML_PATH
from services.connectors import Connector
from services.open311.client import GeoReportClient
from services.open311.model import Source
from tests.support.own_steps import output, the_step
from tests.support.town_hall import TownHall
from tests.support.town_runs import approved, outcome, step, step_states, with_button

XML, TOKENS = "open311_xml", "open311_tokens"

NO_SECRETS: dict[str, str] = {}


@pytest.fixture
async def towns(hall: TownHall) -> TownHall:
    """A bot whose workspace has both endpoints."""
    connector = Connector({"127.0.0.1"}, NO_SECRETS.get)
    now = datetime.now(UTC)
    for prefix, path in ((XML, XML_PATH), (TOKENS, TOKEN_PATH)):
        source = Source(f"{hall.town.url}{path}", prefix=prefix, api_key="env:TOWN_OPEN311_KEY")
        await cli.add(hall.database, hall.slack.workspace.team.id, GeoReportClient(connector), source, now)
    await connector.aclose()
    return hall


def file(component: str, **inputs: str) -> dict[str, Any]:
    """A request that is filed unless one is known already."""
    fields = {"description": "A hole", "lat": "37.7622", "long": "-122.4651", **inputs}
    return {
        **step("file", component),
        "inputs": [{"in": "body", "name": name, "value": value} for name, value in fields.items()],
        "when": {"tests": [{"value": "{{look[0].service_request_id}}", "is": "empty"}]},
    }


def look(prefix: str, code: str) -> dict[str, Any]:
    return step(
        "look",
        f"{prefix}.find_possible_duplicates",
        query__service_code=code,
        query__lat="37.7622",
        query__long="-122.4651",
    )


async def test_an_endpoint_that_speaks_xml_only_is_called(towns: TownHall) -> None:
    await approved(
        towns,
        look(XML, "street_light"),
        file(f"{XML}.create_street_light", **{"attribute[fault]": "out"}),
        step("see", f"{XML}.get_request", path__service_request_id="{{file[0].service_request_id}}"),
    )
    await outcome(towns)
    assert await output(towns, "look") == []
    [filed] = await output(towns, "file")
    [seen] = await output(towns, "see")
    assert (filed["service_request_id"], seen["status"], seen["lat"]) == ("101", "open", 37.7622)
    [received] = towns.town.received("xmltown.create_request")
    assert received.body["service_code"] == "street_light"
    assert received.body["attribute[fault]"] == "out"
    assert (await the_step(towns, "file")).warnings == []
    assert (await the_step(towns, "see")).warnings == []


async def test_the_number_behind_a_token_is_waited_for(towns: TownHall) -> None:
    until = {
        "component": f"{TOKENS}.resolve_token",
        "path.token": "{{file[0].token}}",
        "field": "[0].service_request_id",
        "every_minutes": "0.01",
    }
    await approved(
        towns,
        look(TOKENS, "12"),
        file(f"{TOKENS}.create_12", **{"attribute[lane]": "left"}),
        {
            **step("until", "wait.until"),
            "inputs": [{"in": "body", "name": name, "value": value} for name, value in until.items()],
        },
        step("see", f"{TOKENS}.get_request", path__service_request_id="{{until.value}}"),
    )
    await outcome(towns)
    [filed] = await output(towns, "file")
    assert (filed.get("service_request_id", ""), filed["token"]) == ("", "t101")
    assert await output(towns, "until") == {"value": "101", "polls": 2}
    [seen] = await output(towns, "see")
    assert (seen["service_request_id"], seen["service_code"]) == ("101", "12")


async def test_what_is_known_near_the_place_is_not_filed_again(towns: TownHall) -> None:
    known = {"service_code": "pothole", "lat": "37.7623", "long": "-122.4652", "description": "A hole"}
    form = {**known, "api_key": towns.town.environment["TOWN_OPEN311_KEY"]}
    async with ClientSession() as http, http.post(f"{towns.town.url}{XML_PATH}/requests.xml", data=form) as answer:
        assert answer.status == 200
    await approved(towns, look(XML, "pothole"), file(f"{XML}.create_request", service_code="pothole"))
    await outcome(towns)
    assert await step_states(towns) == {"look": "DONE", "file": "SKIPPED"}
    [found] = await output(towns, "look")
    assert (found["service_request_id"], found["distance_meters"]) == ("101", 14)
    assert len(towns.town.received("xmltown.create_request")) == 1


async def test_a_request_whose_fate_is_not_known_is_not_sent_again(towns: TownHall) -> None:
    towns.town.script("xmltown.create_request", Reset(applied=True))
    await approved(towns, look(XML, "pothole"), file(f"{XML}.create_request", service_code="pothole"))
    await with_button(towns, "Mark done")
    assert (await step_states(towns))["file"] == "UNCERTAIN"
    assert len(towns.town.xml_town.requests) == 1
    assert len(towns.town.received("xmltown.create_request")) == 1
