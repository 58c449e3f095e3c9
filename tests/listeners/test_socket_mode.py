"""Socket Mode: the same bot without a public address. What could not be kept is not acked, and comes again."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import text

from bot.errors import SettingsError
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import SlackStandIn
from bot.serve import running_bot
from db.session import Database
from tests.support.run_starts import until
from tests.support.town_hall import bot_settings, cards, load_pack
from tests.support.waiting import happened

Page = Callable[[str], Awaitable[tuple[int, str]]]
Ready = Callable[[], Awaitable[tuple[int, dict[str, str]]]]


class SocketGate:
    """Slack's side of Socket Mode before the stand-in: hands out a websocket, passes every other call on."""

    def __init__(self, slack: SlackStandIn) -> None:
        self._slack = slack
        self.socket: asyncio.Future[web.WebSocketResponse] = asyncio.get_running_loop().create_future()
        self.acks: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.url = ""
        self.is_shut = False

    async def start(self) -> web.AppRunner:
        application = web.Application()
        application.router.add_post("/api/apps.connections.open", self._open)
        application.router.add_get("/link", self._link)
        application.router.add_route("*", "/api/{method}", self._pass_on)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _open(self, request: web.Request) -> web.Response:
        if self.is_shut:
            return web.Response(status=503)
        if request.headers.get("Authorization") != "Bearer xapp-stand-in":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        return web.json_response({"ok": True, "url": self.url.replace("http", "ws") + "/link"})

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self.socket.set_result(socket)
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.acks.put_nowait(message.json())
        return socket

    async def _pass_on(self, request: web.Request) -> web.Response:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method,
                f"{self._slack.api_url}{request.match_info['method']}",
                params=request.query,
                data=await request.read(),
                headers={
                    name: request.headers[name]
                    for name in ("Authorization", "Content-Type")
                    if name in request.headers
                },
            ) as answer,
        ):
            return web.Response(body=await answer.read(), content_type="application/json", status=answer.status)


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def gate(slack: SlackStandIn) -> AsyncIterator[SocketGate]:
    gate = SocketGate(slack)
    runner = await gate.start()
    yield gate
    await runner.cleanup()


@pytest.fixture(autouse=True)
async def page(slack: SlackStandIn, gate: SocketGate, database_url: str) -> AsyncIterator[Page]:
    """A bot that is connected by Socket Mode and has no signing secret; yields what reads a page of it."""
    async with GeminiStandIn() as gemini:
        settings = bot_settings(
            slack,
            gemini,
            database_url,
            slack_api_url=f"{gate.url}/api/",
            slack_app_token=SecretStr("xapp-stand-in"),
            slack_signing_secret=None,
        )
        async with running_bot(settings) as bot:
            await load_pack(bot.parts.database.everywhere(), slack)

            async def read(path: str) -> tuple[int, str]:
                url = f"http://127.0.0.1:{bot.port}{path}"
                async with aiohttp.ClientSession() as session, session.get(url) as response:
                    return response.status, await response.text()

            yield read


@pytest.fixture
def ready(page: Page) -> Ready:
    """What /readyz says."""

    async def answer() -> tuple[int, dict[str, str]]:
        status, text = await page("/readyz")
        return status, json.loads(text)

    return answer


@pytest.fixture
def refusals() -> Iterator[asyncio.Event]:
    """Set as soon as the bot has said that it could not keep something."""
    said = asyncio.Event()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage().startswith("Could not keep"):
                said.set()

    ear = Ear()
    logging.getLogger("mudda.intake").addHandler(ear)
    yield said
    logging.getLogger("mudda.intake").removeHandler(ear)


def envelope(slack: SlackStandIn, number: int, words: str = "a leak at 5th and Main") -> dict[str, Any]:
    form = slack.prepare_command("priya", "works", "/mudda", words).context["form"]
    return {
        "type": "slash_commands",
        "envelope_id": f"e{number}",
        "payload": form,
        "accepts_response_payload": True,
    }


async def test_a_command_is_kept_acked_and_planned(gate: SocketGate, slack: SlackStandIn, page: Page) -> None:
    socket = await asyncio.wait_for(gate.socket, 10)
    await socket.send_json(envelope(slack, 1))
    ack = await asyncio.wait_for(gate.acks.get(), 10)
    assert ack["envelope_id"] == "e1"
    await slack.wait_for(lambda: cards(slack))
    # Counted as over HTTP.
    _, told = await page("/metrics")
    assert 'mudda_slack_requests_total{kind="command",status="200"} 1.0' in told
    assert "mudda_socket_connected 1.0" in told


async def test_what_could_not_be_kept_is_not_acked(
    gate: SocketGate, slack: SlackStandIn, database: Database, refusals: asyncio.Event
) -> None:
    socket = await asyncio.wait_for(gate.socket, 10)
    async with database.engine.begin() as session:
        await session.execute(text("ALTER TABLE inbox RENAME TO elsewhere"))
    await socket.send_json(envelope(slack, 1))
    await happened(refusals)
    await socket.send_json(envelope(slack, 2, "help"))  # which needs no inbox
    assert (await asyncio.wait_for(gate.acks.get(), 10))["envelope_id"] == "e2"
    async with database.engine.begin() as session:
        await session.execute(text("ALTER TABLE elsewhere RENAME TO inbox"))
    await socket.send_json(envelope(slack, 3))
    assert (await asyncio.wait_for(gate.acks.get(), 10))["envelope_id"] == "e3"


@pytest.mark.soak
async def test_readyz_says_that_slacks_socket_is_gone(gate: SocketGate, ready: Ready) -> None:
    socket = await asyncio.wait_for(gate.socket, 10)
    assert await ready() == (200, {"status": "ready", "database": "ok", "worker": "ok", "socket": "ok"})
    gate.socket = asyncio.get_running_loop().create_future()
    gate.is_shut = True
    await socket.close()
    await until(lambda: _is_gone(ready), 20)
    gate.is_shut = False
    await asyncio.wait_for(gate.socket, 30)
    await until(lambda: _is_ready(ready), 20)


async def _is_gone(ready: Ready) -> bool:
    status, body = await ready()
    return status == 503 and body["socket"] == "not connected to Slack"


async def _is_ready(ready: Ready) -> bool:
    return (await ready())[0] == 200


async def test_a_wrong_app_token_is_named_in_one_line(slack: SlackStandIn, database_url: str) -> None:
    gate = SocketGate(slack)
    runner = await gate.start()
    async with GeminiStandIn() as gemini:
        settings = bot_settings(
            slack,
            gemini,
            database_url,
            slack_api_url=f"{gate.url}/api/",
            slack_app_token=SecretStr("xapp-wrong"),
            slack_signing_secret=None,
        )
        with pytest.raises(SettingsError) as refused:
            async with running_bot(settings):
                pass
    assert refused.value.lines == ("SLACK_APP_TOKEN: Slack does not take it (invalid_auth).",)
    await runner.cleanup()
