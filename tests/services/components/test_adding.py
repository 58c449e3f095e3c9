"""Two who add components at once: the second waits, and then finds what the first has made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.sandbox.town import Town
from bot.sandbox.town.open311_towns import XML_PATH
from db.models import Component, Open311Endpoint
from db.session import Database
from services import audit
from services.components.definitions import ComponentDefinition
from services.components.importing import ImportResult, ImportService
from services.components.service import ComponentService, LoadResult
from services.connectors import Connector
from services.open311.client import GeoReportClient
from services.open311.model import Open311Refused, Source
from services.open311.model import Town as TownRead
from services.open311.service import Change, Open311Service
from tests.support.openapi import document, operation, read
from tests.support.run_starts import until

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
SOURCES: dict[str, str] = {}


@pytest.fixture
async def town() -> AsyncIterator[TownRead]:
    connector = Connector({"127.0.0.1"}, SOURCES.get)
    async with Town() as town:
        yield await GeoReportClient(connector).read(Source(f"{town.url}{XML_PATH}"))
    await connector.aclose()


async def add(session: AsyncSession, workspace_id: UUID, town: TownRead, prefix: str = "x") -> Change:
    source = Source(town.base_url, prefix=prefix)
    return await Open311Service(ComponentService()).add(session, workspace_id, source, town, audit.OPERATOR, NOON)


Act = Callable[[AsyncSession], Awaitable[Any]]


async def one_after_the_other(database: Database, first: Act, second: Act) -> tuple[Any, Any]:
    """What comes of two: the second begins while the first is not committed, and must wait for that."""

    async def later() -> Any:
        async with database.transaction() as session:
            return await second(session)

    async def is_waiting() -> bool:
        async with database.reading() as session:
            return bool(await session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))

    async with database.transaction() as session:
        done = await first(session)
        task = asyncio.create_task(later())
        await until(is_waiting, 10)
    return done, await task


async def test_an_endpoint_that_is_added_twice_at_once_is_added_once(
    database: Database, workspace_id: UUID, town: TownRead
) -> None:
    def adding(session: AsyncSession) -> Awaitable[Change]:
        return add(session, workspace_id, town)

    first, again = await one_after_the_other(database, adding, adding)
    assert (len(first.created), again.created, len(again.unchanged)) == (8, (), 8)
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Open311Endpoint)) == 1


async def test_another_endpoint_under_the_same_name_at_once_is_refused(
    database: Database, workspace_id: UUID, town: TownRead
) -> None:
    other = replace(town, base_url="https://other.example/v2")
    with pytest.raises(Open311Refused) as caught:
        await one_after_the_other(
            database,
            lambda session: add(session, workspace_id, town),
            lambda session: add(session, workspace_id, other),
        )
    assert (caught.value.reason, caught.value.detail) == ("taken", "x")
    async with database.reading() as session:
        urls = await session.scalars(select(Component.endpoint_url))
    assert not [url for url in urls if "other.example" in url]


async def test_an_import_does_not_take_a_name_that_a_pack_takes_at_the_same_time(
    database: Database, workspace_id: UUID
) -> None:
    whole = read(document({"/orders": {"get": operation(operationId="listOrders", summary="List orders")}}))
    [key] = [each.key for each in whole.operations]
    own = {"key": key, "name": "n", "description": "d", "endpoint_url": "https://own.example/orders"}

    def loading(session: AsyncSession) -> Awaitable[LoadResult]:
        return ComponentService().load(session, workspace_id, [ComponentDefinition.model_validate(own)])

    def importing(session: AsyncSession) -> Awaitable[ImportResult]:
        return ImportService().carry_out(
            session, workspace_id, whole, chosen=None, refused_origins={}, actor=audit.OPERATOR
        )

    _, done = await one_after_the_other(database, loading, importing)
    assert done.created
    assert key not in done.created
    async with database.reading() as session:
        kept = (await ComponentService().get(session, workspace_id, key)).definition
    assert kept.endpoint_url == "https://own.example/orders"
