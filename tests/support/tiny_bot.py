"""A Slack app in a few lines, for tests of the stand-in and its page without the real bot."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn

Payload = dict[str, Any]
Handler = Callable[[Payload], Awaitable[Payload | None]]


class TinyBot:
    """Listens on 127.0.0.1, refuses what isn't signed, keeps what comes, and answers with what `on` says.

    Kinds are "command", the type of an event ("app_mention"), and the type of an interaction
    ("block_actions"). `client` calls the stand-in's Web API.
    """

    def __init__(self, slack: SlackStandIn) -> None:
        self.client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        self.refused = 0
        self._slack = slack
        self._verifier = SignatureVerifier(slack.signing_secret)
        self._received: defaultdict[str, asyncio.Queue[Payload]] = defaultdict(asyncio.Queue)
        self._handlers: dict[str, Handler] = {}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/slack/events", self._receive)
        self._runner = web.AppRunner(application, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self._slack.request_url = f"http://{host}:{port}/slack/events"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def on(self, kind: str, handler: Handler) -> None:
        """Call `handler` for requests of this kind; what it returns is the ack's JSON, None an empty ack."""
        self._handlers[kind] = handler

    async def next(self, kind: str) -> Payload:
        """The oldest request of this kind that has not been looked at; waits for one."""
        async with asyncio.timeout(60):
            return await self._received[kind].get()

    def unseen(self, kind: str) -> int:
        """How many requests of this kind have come that `next` has not returned."""
        return self._received[kind].qsize()

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._verifier.is_valid_request(body, dict(request.headers)):
            self.refused += 1
            return web.Response(status=401)
        kind, payload = _parsed(request.content_type, body)
        self._received[kind].put_nowait(payload)
        handler = self._handlers.get(kind)
        answer = await handler(payload) if handler else None
        return web.json_response(answer) if answer else web.Response()


def _parsed(content_type: str, body: bytes) -> tuple[str, Payload]:
    if content_type == "application/json":
        event = json.loads(body)["event"]
        return event["type"], event
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    if "payload" in form:
        payload = json.loads(form["payload"])
        return payload["type"], payload
    return "command", form
