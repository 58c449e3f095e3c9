"""An Open311 endpoint on loopback that answers whatever a test says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answers = dict[str, tuple[int, str, bytes]]
"""Status, type and body by the path, below the endpoint."""


def as_json(document: Any, status: int = 200) -> tuple[int, str, bytes]:
    """An answer in JSON."""
    return status, "application/json", json.dumps(document).encode()


def service(code: Any, name: str = "", **more: Any) -> dict[str, Any]:
    """A service as it is listed."""
    return {"service_code": code, "service_name": name or f"Service {code}", "metadata": False, **more}


@asynccontextmanager
async def odd_endpoint(answers: Mapping[str, tuple[int, str, bytes]]) -> AsyncIterator[str]:
    """Its URL. `answers` may be changed while it runs; what is not among them is 404."""

    async def answer(request: web.Request) -> web.Response:
        status, content_type, body = answers.get(
            request.match_info["path"], as_json([{"code": 404, "description": "there is nothing here"}], 404)
        )
        return web.Response(status=status, content_type=content_type, body=body)

    app = web.Application()
    app.router.add_get("/v2/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/v2"
    finally:
        await runner.cleanup()
