"""What the tests of the Slack stand-in share: an app on loopback that answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn
from tests.support.waiting import happened

WORKS, WATER, SQUARE, COUNCIL = "C0WORKS001", "C0WATER001", "C0SQUARE01", "C0COUNCIL1"
PRIYA, MARCO, DANA, BOT = "U0PRIYA001", "U0MARCO001", "U0DANA0001", "U0MUDDABOT"


@dataclass
class Received:
    """A request that Slack sent to the app."""

    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(self.form["payload"])
        return payload

    @property
    def json(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded


@dataclass
class Answer:
    """How the app answers one request; `never` keeps Slack waiting."""

    status: int = 200
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    never: bool = False


class App:
    """Keeps what it receives; answers from `answers`, then 200 with nothing in it."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: deque[Answer] = deque()
        self._closing = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(headers, await request.read()))
        answer = self.answers.popleft() if self.answers else Answer()
        if answer.never:
            await happened(self._closing)
        if isinstance(answer.body, str):
            return web.Response(status=answer.status, text=answer.body, headers=answer.headers)
        return web.json_response(answer.body, status=answer.status, headers=answer.headers)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve; yields the request URL."""
        application = web.Application()
        application.router.add_post("/slack/events", self.handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        finally:
            self._closing.set()
            await runner.cleanup()


class ManualClock:
    """A clock that stands until it is told otherwise."""

    def __init__(self, now: float = 1_764_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class _VerifierClock(Clock):
    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now


@dataclass
class World:
    """A stand-in, the app it talks to, and the bot's client."""

    slack: SlackStandIn
    app: App
    client: AsyncWebClient
    http: aiohttp.ClientSession
    clock: ManualClock


FEW_EVENTS = frozenset({"app_mention", "message.im", "app_home_opened"})
"""So that a test sees no more than what it is about: with all, every message in a channel is an event."""


@asynccontextmanager
async def world(**options: Any) -> AsyncIterator[World]:
    """A stand-in and an app that know each other; `options` go to the stand-in."""
    app, clock = App(), ManualClock()
    options.setdefault("clock", clock)
    options.setdefault("events", FEW_EVENTS)
    async with (
        app.serving() as request_url,
        SlackStandIn(request_url=request_url, **options) as slack,
        aiohttp.ClientSession() as http,
    ):
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=http, retry_handlers=[])
        yield World(slack, app, client, http, clock)


async def word_of(call: Awaitable[Any]) -> str:
    """The error word that a call is refused with."""
    with pytest.raises(SlackApiError) as caught:
        await call
    word: str = caught.value.response["error"]
    return word


def trigger_of(here: World, user: str = "priya") -> str:
    """A trigger id as a slash command carries it."""
    trigger: str = here.slack.prepare_command(user, "works", "/mudda").context["form"]["trigger_id"]
    return trigger


async def open_modal(here: World, view: dict[str, Any]) -> str:
    """Open a modal for Priya; its id."""
    opened = await here.client.views_open(trigger_id=trigger_of(here), view=view)
    view_id: str = opened["view"]["id"]
    return view_id


def is_signed(here: World, request: Received) -> bool:
    """Whether the SDK's verifier takes a request for Slack's."""
    verifier = SignatureVerifier(here.slack.signing_secret, _VerifierClock(here.clock))
    return verifier.is_valid_request(request.body, request.headers)


async def get_state(here: World, user: str = PRIYA) -> dict[str, Any]:
    """What the page shows to a user."""
    async with here.http.get(f"{here.slack.url}/ui/state", params={"user": user}) as response:
        state: dict[str, Any] = await response.json()
        return state
