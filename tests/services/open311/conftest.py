"""What tests of Open311 endpoints share: the sandbox's town, and a client that may call it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.sandbox.town import Town
from services.connectors import Connector
from services.open311.client import GeoReportClient

NO_SECRETS: dict[str, str] = {}


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Town() as town:
        yield town


@pytest.fixture
async def client() -> AsyncIterator[GeoReportClient]:
    connector = Connector({"127.0.0.1"}, NO_SECRETS.get)
    yield GeoReportClient(connector)
    await connector.aclose()
