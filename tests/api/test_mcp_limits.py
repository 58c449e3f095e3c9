"""How often Slack itself may ask the MCP server: requests that it signs, and that name nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from uuid import UUID

import aiohttp
from aiohttp import web

from bot.api.callers import Callers
from bot.api.changes import Changes
from bot.api.limits import RateLimiter
from bot.api.mcp.server import serving_mcp
from bot.deps import Deps
from bot.metrics import Metrics
from bot.slack.signature import sign
from db.session import Database

SECRET = "the-signing-secret"
BURST = 3


class NoWorkspace:
    """Serves nobody."""

    async def of_team(self, team_id: str | None, enterprise_id: str | None = None) -> Deps | None:
        return None

    async def of(self, workspace_id: UUID) -> Deps | None:
        return None

    async def removed(self, workspace_id: UUID) -> Deps | None:
        return None

    async def refused(self, workspace_id: UUID) -> None:
        return None


async def listed(session: aiohttp.ClientSession, url: str) -> int:
    """Ask what tools there are, for nobody; the status of the answer."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).encode()
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2025-06-18",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": sign(SECRET, timestamp, body),
    }
    async with session.post(url, data=body, headers=headers) as response:
        return response.status


def still() -> Callable[[], float]:
    """A clock that stands."""
    return lambda: 0.0


async def test_who_names_nobody_does_not_ask_without_end() -> None:
    database, tenants = Database("postgresql://localhost/nowhere"), NoWorkspace()
    callers = Callers(database, tenants, RateLimiter(still(), burst=BURST))
    async with (
        serving_mcp(callers, Changes(callers.forget), tenants, database, Metrics(), SECRET) as routes,
        aiohttp.ClientSession() as session,
    ):
        application = web.Application()
        application.add_routes(routes)
        runner = web.AppRunner(application, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/mcp"
            assert [await listed(session, url) for _ in range(BURST + 1)] == [200] * BURST + [429]
        finally:
            await runner.cleanup()
