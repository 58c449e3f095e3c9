"""The town's web server: credentials, idempotency keys, the ledger and scripted faults around its APIs."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from bot.sandbox.town.api import Answer, Call, Refused, Route, Values
from bot.sandbox.town.described import town_document
from bot.sandbox.town.faults import Fault, Hold, Slow
from bot.sandbox.town.fleet import Fleet
from bot.sandbox.town.open311 import Open311
from bot.sandbox.town.open311_towns import TokenTown, XmlTown
from bot.sandbox.town.people import Notices
from bot.sandbox.town.permits import Permits
from bot.sandbox.town.streets import Streets
from bot.sandbox.town.switch import FaultSwitch
from bot.sandbox.town.works import Works

KEY_NAMES = ("TOWN_TOKEN", "TOWN_CREWS_KEY", "TOWN_OPEN311_KEY", "TOWN_NOTICES_PASSWORD")
"""The environment variables that the sandbox's component pack takes its secrets from."""

_SECRET_MEMBERS = frozenset({"api_key"})


@dataclass(frozen=True, slots=True)
class Received:
    """One request in the ledger, with no credentials in it.

    `status` is None where no answer was given. `applied`: it took effect. `replayed`: it was answered from an
    earlier request with the same key, and took no effect of its own.
    """

    number: int
    at: datetime
    route: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Values
    idempotency_key: str | None
    status: int | None
    applied: bool
    replayed: bool


def utc_now() -> datetime:
    """The time, with zone."""
    return datetime.now(UTC)


class Town:
    """A town at `url`, from start() to stop(). Its state can be read in `open311`, `works`, `notices`, `streets`,
    `permits` and `fleet`.

    Two neighbours have Open311 endpoints there: `xml_town` speaks XML only, `token_town` answers with tokens.

    `keys` are its secrets by the names in KEY_NAMES; those not given are made up.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        keys: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.environment = {name: secrets.token_urlsafe(16) for name in KEY_NAMES} | dict(keys or {})
        self.ledger: list[Received] = []
        self.open311 = Open311()
        self.works = Works(self.open311)
        self.notices = Notices()
        self.streets = Streets()
        self.permits, self.fleet = Permits(), Fleet()
        self.xml_town, self.token_town = XmlTown(), TokenTown()
        self._parts = (
            self.open311,
            self.works,
            self.notices,
            self.streets,
            self.permits,
            self.fleet,
            self.xml_town,
            self.token_town,
        )
        self.switch = FaultSwitch([route.name for part in self._parts for route in part.routes()])
        self.url = ""
        self._port = port
        self._now = now
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._replays: dict[tuple[str, str], tuple[Values, Answer]] = {}
        self._runner: web.AppRunner | None = None
        self._stopping = asyncio.Event()
        self._received = asyncio.Condition()

    async def start(self) -> None:
        """Listen on 127.0.0.1."""
        app = web.Application()
        for part in self._parts:
            for route in part.routes():
                app.router.add_route(route.method, route.path, self._handler(route))
        app.router.add_get("/ledger", self._show_ledger)
        app.router.add_get("/openapi.json", _describe)
        app.router.add_route("*", "/{path:.*}", self._handler(Route("", "*", "", _nothing_here)))
        self._stopping.clear()
        # A client that gives up ends its handler, so that a scripted hang ends with it.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        host, self._port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{self._port}"

    async def stop(self) -> None:
        """Stop listening, and end what hangs. What the town knows stays readable."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def script(self, route: str, *faults: Fault) -> None:
        """Let the next requests of a route (a component's key) go wrong, one fault each, in this order."""
        self._faults[route].extend(faults)

    def pending(self, route: str) -> int:
        """How many faults of a route no request has met yet."""
        return len(self._faults[route])

    def received(self, route: str) -> list[Received]:
        """What has come in on one route."""
        return [entry for entry in self.ledger if entry.route == route]

    async def wait_for(self, route: str, count: int = 1) -> list[Received]:
        """Return when `count` requests of a route have come in."""
        async with self._received:
            await self._received.wait_for(lambda: len(self.received(route)) >= count)
        return self.received(route)

    def _handler(self, route: Route) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._serve(route, request)

        return handle

    async def _serve(self, route: Route, request: web.Request) -> web.StreamResponse:
        scripted = self._faults[route.name]
        fault = scripted.popleft() if scripted else self.switch.fault(route.name)
        key = request.headers.get("Idempotency-Key")
        answer, call, replayed = None, None, False
        try:
            call = await self._call(request)
            if fault is None or isinstance(fault, Hold | Slow) or fault.applied:
                answer, replayed = self._answer(route, call, key)
        except Refused as refusal:
            answer = Answer(refusal.status, route.error(refusal))
        applied = answer is not None and answer.status < 300 and not replayed
        is_answered = answer is not None and (fault is None or isinstance(fault, Slow))
        sent = answer.status if is_answered and answer is not None else getattr(fault, "status", None)
        await self._note(route, request, call, key, status=sent, applied=applied, replayed=replayed)
        if isinstance(fault, Hold | Slow):
            await fault.held(self._stopping)
        elif fault is not None:
            return await fault.happen(request, self._stopping)
        assert answer is not None  # noqa: S101 - without a fault, or with one that only waits, there is one
        if route.encode is not None:
            body = route.encode(answer.document)
            return web.Response(body=body, status=answer.status, content_type=route.content_type)
        return web.json_response(answer.document, status=answer.status)

    async def _call(self, request: web.Request) -> Call:
        is_form = request.content_type == "application/x-www-form-urlencoded"
        return Call(
            path=request.match_info,
            query=request.query,
            headers=request.headers,
            body=await _form(request) if is_form else await _json_object(request),
            is_form=is_form,
            now=self._now(),
        )

    def _answer(self, route: Route, call: Call, key: str | None) -> tuple[Answer, bool]:
        """The answer, and whether it had been given before."""
        if not route.credentials.accepts(call, self.environment):
            raise Refused(route.refusal_status, "not_authorized", "the credentials are missing or wrong")
        if not route.idempotent or key is None:
            return route.handle(call), False
        if (route.name, key) in self._replays:
            body, answer = self._replays[route.name, key]
            if body != call.body:
                raise Refused(422, "idempotency_key_reused", "this key came with another body before")
            return answer, True
        answer = route.handle(call)
        self._replays[route.name, key] = (call.body, answer)
        return answer, False

    async def _note(
        self, route: Route, request: web.Request, call: Call | None, key: str | None, **outcome: Any
    ) -> None:
        body = {} if call is None else call.body
        entry = Received(
            number=len(self.ledger) + 1,
            at=self._now(),
            route=route.name,
            method=request.method,
            path=request.path,
            query={name: value for name, value in request.query.items() if name not in _SECRET_MEMBERS},
            body={name: value for name, value in body.items() if name not in _SECRET_MEMBERS},
            idempotency_key=key,
            **outcome,
        )
        self.ledger.append(entry)
        async with self._received:
            self._received.notify_all()

    async def _show_ledger(self, request: web.Request) -> web.Response:
        entries = [{**asdict(entry), "at": entry.at.isoformat()} for entry in self.ledger]
        return web.json_response(entries)


def _nothing_here(call: Call) -> Answer:
    raise Refused(404, "not_found", "there is nothing here")


async def _form(request: web.Request) -> Values:
    form = await request.post()
    values = {name: [str(value) for value in form.getall(name)] for name in form}
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


async def _json_object(request: web.Request) -> Values:
    text = await request.read()
    if not text:
        return {}
    try:
        document = json.loads(text)
    except ValueError:
        raise Refused(400, "not_json", "the body is not JSON") from None
    if not isinstance(document, dict):
        raise Refused(400, "not_json", "the body must be a JSON object")
    return document


async def _describe(_: web.Request) -> web.Response:
    return web.json_response(town_document("/"))
