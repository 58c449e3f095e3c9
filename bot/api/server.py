"""The routes of the API, and what stands round each: who calls, how often, and what goes wrong, as a problem."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.api import acting, cursors, documents, pages
from bot.api.acting import CancelRequest, DraftRequest
from bot.api.callers import Caller, Callers
from bot.api.changes import Changes
from bot.api.problems import Problem, not_found, unavailable
from bot.metrics import Metrics
from db.errors import DATABASE_ERRORS, is_refused
from db.session import Database
from services.access.replies import Reply, fingerprint
from services.access.tokens import Right
from services.errors import NotFound
from services.formats import strict_json
from services.queries import records
from services.queries.filters import PlanFilter
from services.queries.snapshots import RunSnapshot
from services.states import PlanState, RunState

MAX_BODY_BYTES = 64 * 1024
MAX_ITEMS, USUAL_ITEMS = 100, 50
MAX_WAIT_SECONDS = 30
MAX_NUMBER = 2**31 - 1
MAX_SEARCH = 200

ENDED = frozenset({RunState.COMPLETED, RunState.CANCELLED})

_KEY = re.compile(r"[\x21-\x7e]{1,255}")

B = TypeVar("B", bound=BaseModel)
Answer = Callable[[web.Request, Caller], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Api:
    """The handlers. `database` has connections of its own: Slack's listeners do not wait for readers."""

    callers: Callers
    changes: Changes
    database: Database
    metrics: Metrics

    def routes(self) -> list[web.RouteDef]:
        """All there are; none of them leads to a decision."""
        read, draft, cancel = Right.READ, Right.DRAFT, Right.CANCEL
        return [
            web.get("/components", self._answered(self.components, read, ("limit", "cursor", "search"))),
            web.get("/components/{key}", self._answered(self.component, read)),
            web.get("/workflows", self._answered(self.workflows, read, ("limit", "cursor", "search", "state"))),
            web.get("/workflows/{number}", self._answered(self.workflow, read)),
            web.get("/executions/{id}", self._answered(self.execution, read, ("wait",))),
            web.post("/workflows/generate", self._answered(self.generate, draft)),
            web.post("/executions/{id}/cancel", self._answered(self.cancel, cancel)),
            web.get("/openapi.json", pages.openapi),
            web.get("/docs", pages.docs),
        ]

    async def components(self, request: web.Request, caller: Caller) -> web.Response:
        """The components of the workspace, by key."""
        limit, after = _limit(request), _cursor(request, "components", str) or ""
        async with self._reading(caller) as session:
            found = await records.component_lines(
                session, caller.deps.workspace.id, after=after, limit=limit + 1, search=_search(request)
            )
        items = [documents.component_line(line) for line in found[:limit]]
        more = cursors.written("components", found[limit - 1].key) if len(found) > limit else None
        return _json({"items": items, "next": more})

    async def component(self, request: web.Request, caller: Caller) -> web.Response:
        """One component."""
        deps = caller.deps
        async with self._reading(caller) as session:
            definition, active = await records.component(
                session, deps.components, deps.workspace.id, request.match_info["key"]
            )
        return _json(documents.component(definition, active=active))

    async def workflows(self, request: web.Request, caller: Caller) -> web.Response:
        """Plans, the newest first."""
        limit, before = _limit(request), _cursor(request, "workflows", int)
        state, wanted = _state(request), PlanFilter(words=_search(request))
        async with self._reading(caller) as session:
            eyes = await caller.eyes(session)
            found = await records.plan_lines(
                session,
                caller.deps.workspace.id,
                eyes,
                before=before,
                limit=limit + 1,
                wanted=wanted,
                state=state,
            )
        items = [documents.plan_line(line) for line in found[:limit]]
        more = cursors.written("workflows", found[limit - 1].number) if len(found) > limit else None
        return _json({"items": items, "next": more})

    async def workflow(self, request: web.Request, caller: Caller) -> web.Response:
        """One plan."""
        number = request.match_info["number"]
        if not (number.isascii() and number.isdecimal() and int(number[:11]) <= MAX_NUMBER):
            raise not_found()
        async with self._reading(caller) as session:
            eyes = await caller.eyes(session)
            found = await records.plan(session, caller.deps.workspace.id, eyes, int(number))
        return _json(documents.plan(found))

    async def execution(self, request: web.Request, caller: Caller) -> web.Response:
        """One run; with `wait`, once its state has changed, or after so many seconds."""
        run_id, seconds = _id(request), _wait(request)
        with self.changes.of_run(run_id) as changed:
            found = await self._run(caller, run_id)
            if seconds and found.run.state not in ENDED:
                found = await self._once_changed(caller, found.run, changed, seconds) or found
        return _json(documents.run(found))

    async def generate(self, request: web.Request, caller: Caller) -> web.Response:
        """Have a plan drafted."""
        body = await read_body(request)
        return _replied(
            await acting.draft(caller, _read(DraftRequest, body), _idempotency_key(request), _mark(request, body))
        )

    async def cancel(self, request: web.Request, caller: Caller) -> web.Response:
        """Cancel a run."""
        run_id, body = _id(request), await read_body(request, may_be_empty=True)
        _read(CancelRequest, body or b"{}")
        return _replied(await acting.cancel(caller, run_id, _idempotency_key(request), _mark(request, body)))

    async def _run(self, caller: Caller, run_id: UUID) -> records.RunRecord:
        async with self._reading(caller) as session:
            eyes = await caller.eyes(session)
            return await records.run(session, caller.deps.workspace.id, eyes, run_id)

    async def _once_changed(
        self, caller: Caller, shown: RunSnapshot, changed: asyncio.Event, seconds: float
    ) -> records.RunRecord | None:
        """The run once its state is another; None if it is not in that time."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await changed.wait()
                    changed.clear()
                    found = await self._run(caller, shown.id)
                    if found.run.state is not shown.state:
                        return found
        except TimeoutError:
            return None

    def _reading(self, caller: Caller) -> Any:
        return self.database.of(caller.deps.workspace.id).reading(waits=False)

    def _answered(
        self, answer: Answer, right: Right, parameters: Collection[str] = ()
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """A handler that finds out who calls, and puts what goes wrong as a problem."""

        async def handle(request: web.Request) -> web.Response:
            response = await self._checked(request, answer, right, parameters)
            self.metrics.requests.labels("api", str(response.status)).inc()
            return response

        return handle

    async def _checked(
        self, request: web.Request, answer: Answer, right: Right, parameters: Collection[str]
    ) -> web.Response:
        try:
            caller = await self.callers.by_token(
                request.headers.get("Authorization", ""), is_listening=self.changes.is_listening
            )
            caller.needs(right)
            if unknown := sorted(request.query.keys() - set(parameters)):
                raise Problem(400, "unknown_parameter", "There is no such parameter.", parameters=unknown)
            return await answer(request, caller)
        except Problem as problem:
            return problem.response()
        except NotFound:
            return not_found().response()
        except DATABASE_ERRORS as error:
            if is_refused(error):
                raise
            return unavailable().response()


def _json(
    document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    kept = {"Cache-Control": "no-store"} | dict(headers or {})
    return web.Response(status=status, body=body, content_type="application/json", headers=kept)


def _replied(reply: Reply) -> web.Response:
    return _json(reply.body, reply.status, {"Location": reply.location} if reply.location else None)


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", str(USUAL_ITEMS))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:5]) <= MAX_ITEMS):
        raise Problem(400, "bad_parameter", f"limit is a number from 1 to {MAX_ITEMS}.", parameter="limit")
    return int(text)


def _cursor(request: web.Request, kind: str, type_: type[Any]) -> Any:
    if "cursor" not in request.query:
        return None
    key = cursors.read(kind, request.query["cursor"])
    fits = (
        isinstance(key, int) and abs(key) <= MAX_NUMBER
        if type_ is int
        else isinstance(key, str) and "\0" not in key
    )
    if not fits:
        raise Problem(400, "bad_cursor", "The cursor is not one that this list has given.")
    return key


def _search(request: web.Request) -> str:
    words = request.query.get("search", "")
    if len(words) > MAX_SEARCH or "\0" in words:
        raise Problem(400, "bad_parameter", f"search has at most {MAX_SEARCH:,} characters.", parameter="search")
    return words


def _state(request: web.Request) -> PlanState | None:
    text = request.query.get("state")
    if text is None:
        return None
    if text not in PlanState.__members__:
        raise Problem(400, "bad_parameter", f"state is one of {', '.join(PlanState)}.", parameter="state")
    return PlanState(text)


def _wait(request: web.Request) -> int:
    text = request.query.get("wait", "0")
    if not (text.isascii() and text.isdecimal() and int(text[:5]) <= MAX_WAIT_SECONDS):
        detail = f"wait is a number of seconds, at most {MAX_WAIT_SECONDS}."
        raise Problem(400, "bad_parameter", detail, parameter="wait")
    return int(text)


def _id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["id"])
    except ValueError:
        raise not_found() from None


def _idempotency_key(request: web.Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and _KEY.fullmatch(key) is None:
        raise Problem(400, "bad_idempotency_key", "An Idempotency-Key has 1 to 255 visible characters of ASCII.")
    return key


def _mark(request: web.Request, body: bytes) -> str:
    return fingerprint(request.method, request.path, body)


async def read_body(request: web.Request, *, may_be_empty: bool = False) -> bytes:
    """The body, which is JSON. Raises Problem."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
    if may_be_empty and not body:
        return b""
    if request.content_type != "application/json":
        raise Problem(415, "not_json", "The body must be application/json.")
    return bytes(body)


def _too_large() -> Problem:
    # What is left of the body is not read: the connection can't be used again.
    detail = f"A body has at most {MAX_BODY_BYTES:,} bytes."
    return Problem(413, "too_large", detail, {"Connection": "close"})


def _read(model: type[B], body: bytes) -> B:
    """What a body says. Raises Problem, with a line for each fault."""
    try:
        document = strict_json.loads(body.decode())
    except ValueError:
        raise Problem(400, "not_json", "The body can't be read as JSON.") from None
    try:
        return model.model_validate(document)
    except ValidationError as error:
        faults = [
            {"pointer": "".join(f"/{part}" for part in fault["loc"]), "detail": fault["msg"]}
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise Problem(422, "not_valid", "The body has not what it must have.", errors=faults) from None
