"""What the page asks of its server, and the sentence for what can't be done."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.sandbox.slack.outbound.interactions import NotThere
from bot.sandbox.slack.state.model import Json

Handler = Callable[[Json], Awaitable[Json]]


def own_origin_only(hosts: Callable[[], frozenset[str]]) -> Any:
    """Middleware that keeps other sites off the page: checks Host always, Origin where there is one."""

    @web.middleware
    async def check(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.path.startswith("/ui/"):
            origin = request.headers.get("Origin")
            allowed = hosts()
            if request.host not in allowed or (origin and origin.removeprefix("http://") not in allowed):
                return refused("forbidden_origin", 403)
        return await handler(request)

    return check


def posted(handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Read a JSON body, run the handler, turn what it raises into Slack-like words."""

    async def handle(request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return refused("invalid_arguments", 400)
        try:
            body = json.loads(await request.read())
            if not isinstance(body, dict):
                return refused("invalid_arguments", 400)
            return web.json_response(await handler(body))
        except NotThere as missing:
            return refused(missing.word, 404)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            return refused("invalid_arguments", 400, f"The request can't be understood: {error!r}")

    return handle


def failed(word: str, message: str) -> Json:
    """The answer to what could not be done, with the sentence that the page shows."""
    return {"ok": False, "error": word, "message": message}


def refused(word: str, status: int, message: str = "") -> web.Response:
    """The same as a response of its own; without a sentence the word has one."""
    said = message or _SENTENCES.get(word) or f"{word.replace('_', ' ').capitalize()}."
    return web.json_response(failed(word, said), status=status)


_SENTENCES = {
    "action_not_found": "This card has changed since you opened it; nothing was done.",
    "message_not_found": "This message is gone; nothing was done.",
    "view_not_found": "This form has been closed; nothing was done.",
    "file_not_found": "This file is gone.",
    "channel_not_found": "This conversation is not there, or you are not in it.",
    "user_not_found": "This person is not there.",
}
"""What the page says where something that was pressed is not there any more."""
