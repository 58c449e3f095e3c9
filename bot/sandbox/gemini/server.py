"""A Gemini on loopback: generateContent over REST, planning by plain rules over the components it is shown.

    python -m bot.sandbox.gemini.server --port 8900 --delay 1

It calls itself "rule-based-stand-in", so that nobody takes its plans for a model's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Self

from aiohttp import web

from bot.sandbox.gemini import wire
from bot.sandbox.gemini.agents import Agent, agent_of
from bot.sandbox.gemini.faults import (
    Drop,
    Fault,
    Fine,
    Hang,
    Hold,
    Page,
    Slow,
    Status,
    error_body,
    spoiled,
)
from services.ai.usage import STAND_IN_MODEL

Mind = Callable[[Agent, str, datetime], dict[str, Any]]
"""What an agent is answered to its prompt, on a day."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `at` is a reading of the event loop's clock, `agent` who asked, by the look of it.

    `store` and `thinking` are what the request says of being kept and of how hard to think; None: nothing.
    `pictures` are what it was shown.
    """

    at: float
    model: str
    agent: str
    system: str
    prompt: str
    schema: Mapping[str, Any]
    key: str
    fault: Fault
    version: str
    store: bool | None
    thinking: str | None
    pictures: tuple[wire.Inline, ...] = ()


class GeminiStandIn:
    """Answers on `url` from start to stop; `async with` does both.

    `delay` seconds pass before each answer; `model` is what it calls itself in them. `transcript`
    has every request; `running` and `most_at_once` count those that are being answered. `mind` says what is
    answered: by the rules of who asks, unless another is given.
    """

    def __init__(self, *, port: int = 0, delay: float = 0.0, mind: Mind | None = None) -> None:
        self.delay = delay
        self.model = STAND_IN_MODEL
        self.transcript: list[Asked] = []
        self._mind = mind or _document
        self.running = 0
        self.most_at_once = 0
        self._wanted_port = port
        self._scripts: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._changed = asyncio.Condition()
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The endpoint to give to a client."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Begin to listen, on a free port unless one was given."""
        app = web.Application(client_max_size=wire.MAX_INLINE)
        app.router.add_post("/{version:v1|v1beta}/models/{model}:generateContent", self._generate)
        app.router.add_get("/{version:v1|v1beta}/models/{model}", self._model)
        app.router.add_route("*", "/{path:.*}", self._not_found)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._wanted_port, backlog=1024)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; whoever still waits for an answer is cut off."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    def script(self, *faults: Fault, agent: str = "") -> None:
        """Say what goes wrong with the next requests, of one agent ("selector", "planner", "repair") or of all."""
        self._scripts[agent].extend(faults)

    async def until(self, condition: Callable[[GeminiStandIn], bool]) -> None:
        """Wait until the condition holds; it is looked at whenever a request comes or ends."""
        async with self._changed:
            await self._changed.wait_for(lambda: condition(self))

    async def _model(self, request: web.Request) -> web.Response:
        """What a model is."""
        if not request.headers.get("x-goog-api-key"):
            return _error(Status(403, message="Method doesn't allow unregistered callers."))
        model = request.match_info["model"]
        if not model.startswith(("gemini-", STAND_IN_MODEL)):
            return _error(Status(404, message=f"models/{model} is not found for API version v1beta."))
        return web.json_response({"name": f"models/{model}", "version": "001"})

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("x-goog-api-key", "")
        if not key:
            return _error(
                Status(403, reason="CREDENTIALS_MISSING", message="Method doesn't allow unregistered callers.")
            )
        try:
            asked = self._read(request.match_info, key, json.loads(await request.read()))
        except wire.InlineRefused as exc:
            return _error(Status(400, message=str(exc)))
        except (ValueError, LookupError, TypeError) as exc:
            return _error(Status(400, message=f"Invalid JSON payload received. {type(exc).__name__}"))
        if asked.schema and (where := next(wire.free_form(asked.schema, "response_schema"), "")):
            return _error(Status(400, message=f"{where}.properties: should be non-empty for OBJECT type"))
        await self._count(1)
        try:
            self.transcript.append(asked)
            return await self._answer(request, asked)
        finally:
            await self._count(-1)

    def _read(self, path: Mapping[str, str], key: str, body: Mapping[str, Any]) -> Asked:
        config = wire.member(body, "generationConfig", {})
        schema = wire.schema_of(config)
        prompt = "\n".join(wire.text_of(content) for content in body["contents"])
        agent = agent_of(schema, prompt)
        return Asked(
            at=asyncio.get_running_loop().time(),
            model=path["model"],
            agent=agent.name,
            system=wire.text_of(wire.member(body, "systemInstruction", {"parts": []})),
            prompt=prompt,
            schema=schema,
            key=key,
            fault=self._take(agent.name),
            version=path["version"],
            store=body.get("store"),
            thinking=wire.member(wire.member(config, "thinkingConfig", {}), "thinkingLevel", None),
            pictures=tuple(each for content in body["contents"] for each in wire.inline_of(content)),
        )

    def _take(self, agent: str) -> Fault:
        for script in (self._scripts[agent], self._scripts[""]):
            if script:
                return script.popleft()
        return Fine()

    async def _answer(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        match asked.fault:
            case Hold(reached, released):
                reached.set()
                await self._unless_stopped(released)
            case Hang():
                await self._stopping.wait()
            case Slow(seconds):
                await self._pause(seconds)
        await self._pause(self.delay)
        if isinstance(asked.fault, (Drop, Hang)) or self._stopping.is_set():
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        match asked.fault:
            case Status():
                return _error(asked.fault)
            case Page(code):
                page = "<!DOCTYPE html><html><body><h1>Bad Gateway</h1></body></html>"
                return web.Response(text=page, status=code, content_type="text/html")
            case _:
                numbers = "enum-encoding=int" in request.query.get("$alt", "")
                return web.json_response(self._good(asked, numbers=numbers))

    def _good(self, asked: Asked, *, numbers: bool) -> dict[str, Any]:
        """An answer of the API, which may still say that the question was not answered."""
        day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        text = spoiled(self._mind(agent_of(asked.schema, asked.prompt), asked.prompt, day), asked.fault)
        return wire.response(asked.fault, asked.system + asked.prompt, text, self.model, numbers=numbers)

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _unless_stopped(self, event: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(each.wait()) for each in (event, self._stopping)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _count(self, change: int) -> None:
        async with self._changed:
            self.running += change
            self.most_at_once = max(self.most_at_once, self.running)
            self._changed.notify_all()

    async def _not_found(self, request: web.Request) -> web.Response:
        return _error(Status(404, message=f"{request.method} {request.path} is not found for API version v1beta."))


def _error(status: Status) -> web.Response:
    body = error_body(status)
    return web.json_response([body] if status.in_list else body, status=status.code)


@lru_cache(maxsize=256)
def _document(agent: Agent, prompt: str, day: datetime) -> dict[str, Any]:
    """What the rules make of a prompt: the same each time, so worked out once."""
    return agent.answer(prompt, day)


async def _serve(port: int, delay: float) -> None:
    async with GeminiStandIn(port=port, delay=delay) as gemini:
        print(gemini.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Run the stand-in by itself until it is interrupted. Prints its URL."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox.gemini.server", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="where to listen on 127.0.0.1 (default: a free port)")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer (default: 0)")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(arguments.port, arguments.delay))


if __name__ == "__main__":
    main()
