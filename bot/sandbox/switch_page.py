"""The page's side of the fault switch: which of the town's APIs go wrong, and how, to be seen and set by hand.

GET /ui/faults -> {"ok", "routes": [key of a component], "kinds": [kind of fault], "set": {route or "*": kind}}
POST /ui/faults {"route": a key or "*" for all, "kind": kind, or "" for none} -> the same; `invalid_arguments`, 400
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from aiohttp import web

from bot.sandbox.town.switch import KINDS, FaultSwitch


def switch_routes(switch: FaultSwitch) -> Sequence[web.RouteDef]:
    """The routes for a page of the sandbox, which lets its own origin alone ask below /ui/."""

    def shown() -> web.Response:
        state = {"ok": True, "routes": switch.routes, "kinds": list(KINDS), "set": switch.now}
        return web.json_response(state)

    async def show(request: web.Request) -> web.Response:
        return shown()

    async def change(request: web.Request) -> web.Response:
        try:
            body = json.loads(await request.read())
            switch.set(str(body["route"]), str(body["kind"]))
        except (ValueError, LookupError, TypeError):
            refused = {"ok": False, "error": "invalid_arguments", "message": "There is no such API or fault."}
            return web.json_response(refused, status=400)
        return shown()

    return (web.get("/ui/faults", show), web.post("/ui/faults", change))
