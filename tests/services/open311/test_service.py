"""Endpoints become components, and are kept up to date: what came, what went, and which plans that concerns."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from bot.cli import open311 as cli
from bot.cli.command import CommandFailed
from bot.sandbox.town import Town
from bot.sandbox.town.open311 import Service
from bot.sandbox.town.open311_towns import TOKEN_PATH, XML_PATH
from db.models import AuditEvent, Component, Open311Endpoint, WorkflowPlan, Workspace
from db.session import Database
from services.components.service import ComponentService
from services.open311.client import GeoReportClient
from services.open311.model import Source
from services.open311.service import Open311Service
from services.states import PlanState
from tests.support.odd_endpoint import as_json, odd_endpoint, service
from tests.support.run_starts import begun, registered, step

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 30, 12, tzinfo=UTC)
P = "open311_xml"


@pytest.fixture
def source(town: Town) -> Source:
    return Source(f"{town.url}{XML_PATH}", name="Xmlton", prefix=P, api_key="env:TOWN_OPEN311_KEY")


@pytest.fixture
async def team(database: Database, workspace_id: UUID) -> str:
    async with database.reading() as session:
        return str(await session.scalar(select(Workspace.team_id).where(Workspace.id == workspace_id)))


async def active(database: Database, workspace_id: UUID) -> set[str]:
    async with database.reading() as session:
        return set(await ComponentService().active_keys(session, workspace_id))


async def test_a_town_becomes_components(
    database: Database, workspace_id: UUID, team: str, client: GeoReportClient, source: Source
) -> None:
    said = await cli.add(database, team, client, source, NOON)
    assert said.splitlines()[0] == (
        f"{team}: {P} has 7 services; components: 8 new, 0 changed, 0 out of use, 0 as they were."
    )
    names = (
        "list_services get_service find_possible_duplicates search_requests get_request resolve_token "
        "create_request create_street_light"
    )
    assert await active(database, workspace_id) == {f"{P}.{name}" for name in names.split()}
    async with database.reading() as session:
        created = (await ComponentService().get(session, workspace_id, f"{P}.create_street_light")).definition
        [endpoint] = await Open311Service(ComponentService()).endpoints(session, workspace_id)
    assert (created.attempts, created.idempotent, created.approval) == (1, False, "plan")
    assert created.response_format == "georeport"
    assert created.request_schema["properties"]["service_code"] == {"const": "street_light"}
    assert created.request_schema["properties"]["attribute[fault]"]["enum"] == ["out", "flickering", "damaged"]
    assert "attribute[fault]" in created.request_schema["required"]
    assert f"{P}.find_possible_duplicates" in created.description
    assert created.auth.model_dump(by_alias=True)["value"] == "env:TOWN_OPEN311_KEY"
    assert (endpoint.prefix, endpoint.changeset, endpoint.source) == (P, "2026-11-01T08:00:00Z", source)
    assert (await cli.add(database, team, client, source, NOON)).splitlines()[0].endswith("8 as they were.")


async def test_what_is_only_looked_at_is_not_added(
    database: Database, workspace_id: UUID, client: GeoReportClient, source: Source
) -> None:
    said = await cli.preview(client, source)
    assert "speaks XML and has 7 services" in said
    assert f"{P}.create_street_light" in said
    assert await active(database, workspace_id) == set()


async def test_a_refusal_adds_nothing(
    database: Database, workspace_id: UUID, team: str, client: GeoReportClient, source: Source
) -> None:
    await cli.add(database, team, client, source, NOON)
    async with odd_endpoint({"services.json": as_json([service("1")])}) as url:
        other = Source(url, prefix=P)
        with pytest.raises(CommandFailed, match=r"whose keys begin with open311_xml"):
            await cli.add(database, team, client, other, NOON)
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Open311Endpoint)) == 1
        assert await session.scalar(select(func.count()).select_from(Component)) == 8


async def test_components_of_a_file_are_not_overwritten(
    database: Database, workspace_id: UUID, team: str, client: GeoReportClient, source: Source
) -> None:
    await registered(database, workspace_id, {"key": f"{P}.get_request", "endpoint_url": "https://a.example/"})
    with pytest.raises(CommandFailed, match=r"whose keys begin with open311_xml"):
        await cli.add(database, team, client, source, NOON)
    assert await active(database, workspace_id) == {f"{P}.get_request"}


async def test_a_new_key_takes_the_place_of_the_old(
    database: Database, workspace_id: UUID, team: str, client: GeoReportClient, source: Source
) -> None:
    await cli.add(database, team, client, source, NOON)
    await cli.add(database, team, client, replace(source, api_key="env:OTHER"), NOON)
    async with database.reading() as session:
        create = (await ComponentService().get(session, workspace_id, f"{P}.create_request")).definition
    assert create.auth.model_dump()["value"] == "env:OTHER"


async def test_nothing_is_read_again_while_the_changeset_is_the_same(
    database: Database, team: str, client: GeoReportClient, source: Source, town: Town
) -> None:
    await cli.add(database, team, client, source, NOON)
    before = len(town.received("xmltown.list_services"))
    said = await cli.refresh(database, team, client, LATER)
    assert said == f"{P}: nothing has changed since changeset 2026-11-01T08:00:00Z."
    assert len(town.received("xmltown.list_services")) == before
    async with database.reading() as session:
        assert await session.scalar(select(Open311Endpoint.refreshed_at)) == LATER


async def test_codes_that_came_and_went_are_named_and_so_are_their_plans(
    database: Database, workspace_id: UUID, team: str, client: GeoReportClient, source: Source, town: Town
) -> None:
    await cli.add(database, team, client, source, NOON)
    create, light, find = (
        f"{P}.{name}" for name in ("create_request", "create_street_light", "find_possible_duplicates")
    )
    async with database.transaction() as session:
        waits = [step("wait", "wait.for", body__minutes="60", then=["file"])]
        for steps in (
            [*waits, step("file", create, body__service_code="graffiti")],
            [*waits, step("file", create, body__service_code="pothole")],
            [*waits, step("file", light)],
            [*waits, step("file", find, query__service_code="graffiti")],
        ):
            await begun(session, workspace_id, steps)
        # As if it had been drafted and not yet decided about.
        await session.execute(update(WorkflowPlan).where(WorkflowPlan.number == 4).values(state=PlanState.DRAFT))
    for code in ("graffiti", "street_light"):
        del town.xml_town.services[code]
    town.xml_town.services["noise"] = Service("noise", "Noise", "What is too loud", "general")
    town.xml_town.changeset = "2026-11-30T08:00:00Z"
    said = (await cli.refresh(database, team, client, LATER)).splitlines()
    assert f"  out of use {light}" in said
    assert "  came       service noise" in said
    assert "  went       service street_light" in said
    assert "  went       service graffiti" in said
    assert [line for line in said if "look at" in line] == [
        "  look at    plan #1 (RUNNING), Stop the leak: it uses graffiti, which went",
        "  look at    plan #3 (RUNNING), Stop the leak: it uses street_light, which went",
        "  look at    plan #4 (DRAFT), Stop the leak: it uses graffiti, which went",
        "  look at    plan #4 (RUNNING), Stop the leak: it uses graffiti, which went",
    ]
    assert light not in await active(database, workspace_id)
    async with database.reading() as session:
        actions = (
            await session.scalars(select(AuditEvent.action).where(AuditEvent.action.like("open311.%")))
        ).all()
    assert list(actions) == ["open311.added", "open311.refreshed"]


async def test_what_people_set_stays_as_they_set_it(
    database: Database, workspace_id: UUID, team: str, client: GeoReportClient, source: Source, town: Town
) -> None:
    await cli.add(database, team, client, source, NOON)
    async with database.transaction() as session:
        await session.execute(
            update(Component).where(Component.key == f"{P}.create_request").values(approval="step")
        )
        await ComponentService().deactivate(session, workspace_id, f"{P}.search_requests")
    town.xml_town.services["noise"] = Service("noise", "Noise", "What is too loud", "general")
    await cli.refresh(database, team, client, LATER, all_=True)
    assert f"{P}.search_requests" not in await active(database, workspace_id)
    async with database.reading() as session:
        create = (await ComponentService().get(session, workspace_id, f"{P}.create_request")).definition
    assert create.approval == "step"
    assert "noise" in create.request_schema["properties"]["service_code"]["enum"]


async def test_an_endpoint_that_can_not_be_read_keeps_its_components(
    database: Database, workspace_id: UUID, team: str, client: GeoReportClient, source: Source, town: Town
) -> None:
    await cli.add(database, team, client, source, NOON)
    keys = await active(database, workspace_id)
    town.xml_town.services.clear()
    with pytest.raises(CommandFailed, match="Its components stay as they were"):
        await cli.refresh(database, team, client, LATER, all_=True)
    assert await active(database, workspace_id) == keys
    with pytest.raises(CommandFailed, match="has no such Open311 endpoint"):
        await cli.refresh(database, team, client, LATER, prefix="open311_other")


async def test_a_definition_that_can_not_be_read_for_once_takes_nothing_away(
    database: Database, workspace_id: UUID, team: str, client: GeoReportClient
) -> None:
    asked = {"attributes": [{"variable": True, "code": "a", "datatype": "string", "required": True}]}
    answers = {
        "discovery.json": as_json({"changeset": "1", "endpoints": []}),
        "services.json": as_json([service("1"), service("2", metadata=True)]),
        "services/2.json": as_json(asked),
    }
    async with odd_endpoint(answers) as url:
        await cli.add(database, team, client, Source(url, prefix="x"), NOON)
        answers["discovery.json"] = as_json({"changeset": "2", "endpoints": []})
        answers["services/2.json"] = as_json([], 500)
        said = await cli.refresh(database, team, client, LATER)
        assert "left out   2: its definition can't be read" in said
        assert "went" not in said
        assert "x.create_2" in await active(database, workspace_id)
        answers["services/2.json"] = as_json(asked)
        said = await cli.refresh(database, team, client, LATER)
    assert "0 new, 2 changed, 0 out of use, 6 as they were" in said


async def test_of_another_workspace_nothing_is_refreshed(
    database: Database, team: str, client: GeoReportClient, source: Source
) -> None:
    await cli.add(database, team, client, source, NOON)
    with pytest.raises(CommandFailed, match="has no such Open311 endpoint"):
        await cli.refresh(database, "T0OTHER", client, LATER)


def options(**given: Any) -> argparse.Namespace:
    empty: dict[str, Any] = dict.fromkeys(("url", "preset", "jurisdiction", "api_key", "prefix"))
    return argparse.Namespace(**{**empty, "service": [], **given})


def test_a_preset_says_what_the_arguments_leave_open() -> None:
    source = cli.source_of(options(preset="chicago", api_key="env:CHICAGO_KEY"))
    assert (source.key_prefix, source.jurisdiction, source.zoneless) == (
        "open311_chicago",
        "cityofchicago.org",
        True,
    )
    moved = cli.source_of(options(preset="chicago", url="https://311.example/v2", service=["a"]))
    assert (moved.url, moved.needs, moved.only) == ("https://311.example/v2", source.needs, ("a",))
    assert cli.source_of(options(url=f"https://a.example{TOKEN_PATH}")).key_prefix == "open311_a_example"
    with pytest.raises(CommandFailed, match="--preset"):
        cli.source_of(options())
