"""A geocoder on loopback, and its component."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from services.components.packs import parse_pack
from services.components.service import ComponentService
from tests.support.town_hall import TownHall

PACK = """
components:
  - key: streets.geocode
    name: Find a place
    description: Geocodes the words of a place.
    category: geocoding
    http_method: GET
    endpoint_url: URL/search
    query_params:
      q: {type: string, required: true}
      limit: {type: integer}
    response_schema: {type: array, items: {type: object, properties: {display_name: {type: string}}}}
"""


@dataclass
class Geocoder:
    """Answers with `hits`, after `delay` seconds, under `status`; `asked` is what it was asked for."""

    url: str = ""
    hits: Any = ()
    delay: float = 0.0
    status: int = 200
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """A search."""
        self.asked.append(request.query["q"])
        await asyncio.sleep(self.delay)
        hits = [{"display_name": hit} for hit in self.hits] if isinstance(self.hits, tuple) else self.hits
        return web.json_response(hits, status=self.status)

    async def register(self, hall: TownHall) -> None:
        """Make its component one of the town's."""
        async with hall.database.transaction() as session:
            pack = parse_pack(PACK.replace("URL", self.url))
            await ComponentService().load(session, hall.deps.workspace.id, pack)


@asynccontextmanager
async def geocoder(port: int = 0) -> AsyncIterator[Geocoder]:
    """Serve one."""
    serving = Geocoder()
    app = web.Application()
    app.router.add_get("/search", serving.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    serving.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield serving
    finally:
        await runner.cleanup()
