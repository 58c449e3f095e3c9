"""The Web API over HTTP: reads a call, applies faults and rate limits, runs the method, keeps a transcript."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections import deque
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.faults import (
    DropAfterAccepting,
    DropBefore,
    ErrorWord,
    Fault,
    Faults,
    Hold,
    RateLimited,
    ServerError,
    Slow,
)
from bot.sandbox.slack.methods import METHODS, WITHOUT_TOKEN, Context
from bot.sandbox.slack.methods.conversations import INFO_SCOPES
from bot.sandbox.slack.methods.files import NEEDED_SCOPES
from bot.sandbox.slack.rates import RateLimits
from bot.sandbox.slack.state.model import Json
from bot.slack.scopes import BOT_SCOPES

_SERVER_ERROR_PAGE = "<!DOCTYPE html><html><body><h1>Server Error</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Call:
    """A Web API call that came in.

    `args` have blocks, metadata and view decoded, and no token. `response` is the JSON answer, None where
    there was none; `accepted` says whether the call took effect; `at` is in seconds since the epoch.
    """

    number: int
    method: str
    args: Json
    at: float
    status: int
    response: Json | None
    accepted: bool
    fault: Fault | None = None


class WebApi:
    """The handler of {url}/api/<method>, with its faults, rate limits and transcript.

    `scopes` are what the token may do, as Slack says with every answer.
    """

    def __init__(
        self, context: Context, *, bot_token: str, rates: RateLimits | None, transcript_size: int | None
    ) -> None:
        self.context = context
        self.faults = Faults()
        self.transcript: deque[Call] = deque(maxlen=transcript_size)
        self.scopes = frozenset(BOT_SCOPES)
        self.tokens = {bot_token} if bot_token else set()
        self._rates = rates
        self._count = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        method = request.match_info["method"]
        args, token = await _read_arguments(request)
        api = self.context.registry.api_of(token, args.get("team_id")) or self
        return await api.answer(request, method, args, token)

    async def answer(self, request: web.Request, method: str, args: Json, token: str | None) -> web.StreamResponse:
        """Answer a call for this workspace, whichever it came to."""
        fault = self.faults.take(method)
        if isinstance(fault, DropBefore):
            self._record(method, args, 0, None, accepted=False, fault=fault)
            return _drop(request)
        early = self._refusal(method, args, fault)
        if early is not None:
            return early
        await _wait_before(fault)
        answer = self._run(method, args, token)
        self._record(method, args, 200, answer, accepted=answer["ok"], fault=fault)
        if isinstance(fault, DropAfterAccepting):
            return _drop(request)
        if isinstance(fault, Hold) and fault.after_accepting:
            await _hold(fault)
        return _json_response(answer, headers={"x-oauth-scopes": ",".join(sorted(self.scopes))})

    def _refusal(self, method: str, args: Json, fault: Fault | None) -> web.Response | None:
        """The answer of a call that isn't let through, if it isn't."""
        if isinstance(fault, ServerError):
            self._record(method, args, fault.status, None, accepted=False, fault=fault)
            return web.Response(status=fault.status, text=_SERVER_ERROR_PAGE, content_type="text/html")
        if isinstance(fault, ErrorWord):
            answer: Json = {"ok": False, "error": fault.word}
            self._record(method, args, 200, answer, accepted=False, fault=fault)
            return _json_response(answer)
        wait = self._rates.retry_after(method, args) if self._rates else 0
        if isinstance(fault, RateLimited):
            wait = fault.retry_after
        elif not wait:
            return None
        answer = {"ok": False, "error": "ratelimited"}
        self._record(method, args, 429, answer, accepted=False, fault=fault)
        return _json_response(answer, status=429, headers={"Retry-After": str(wait)})

    def _run(self, method: str, args: Json, token: str | None) -> Json:
        try:
            self._check_token(method, token)
            if method not in METHODS:
                raise SlackError("unknown_method")
            if self._needed(method, args) not in {"", *self.scopes}:
                raise SlackError("missing_scope")
            about_token = {"token": token} if method.startswith("auth.") else {}
            return {"ok": True, **METHODS[method](self.context, args | about_token)}
        except SlackError as error:
            answer: Json = {"ok": False, "error": error.word}
            if error.messages:
                answer["errors"] = [message.removeprefix("[ERROR] ") for message in error.messages]
                answer["response_metadata"] = {"messages": list(error.messages)}
            return answer

    def _needed(self, method: str, args: Json) -> str:
        """The scope that a call takes, where the stand-in asks for one."""
        channel = self.context.workspace.channels.get(str(args.get("channel")))
        if method != "conversations.info" or channel is None:
            return NEEDED_SCOPES.get(method, "")
        return INFO_SCOPES.get(channel.kind, "") if self.context.workspace.bot.id in channel.members else ""

    def _check_token(self, method: str, token: str | None) -> None:
        if method in WITHOUT_TOKEN:
            return
        if not token:
            raise SlackError("not_authed")
        if token in self.context.registry.revoked:
            raise SlackError("token_revoked")
        if token not in self.tokens:
            raise SlackError("invalid_auth")

    def _record(
        self,
        method: str,
        args: Json,
        status: int,
        response: Json | None,
        *,
        accepted: bool,
        fault: Fault | None,
    ) -> None:
        self._count += 1
        workspace = self.context.workspace
        self.transcript.append(
            Call(self._count, method, _readable(args), workspace.clock(), status, response, accepted, fault)
        )
        workspace.signal.notify()


async def _read_arguments(request: web.Request) -> tuple[Json, str | None]:
    """The arguments of query string and body together, and the token wherever it stands."""
    args: Json = dict(request.query)
    if request.content_type == "multipart/form-data":
        args.update({key: value for key, value in (await request.post()).items() if isinstance(value, str)})
    elif request.content_type == "application/json":
        args.update(_json_object(await request.read()))
    elif request.content_type == "application/x-www-form-urlencoded":
        args.update(parse_qsl((await request.read()).decode("utf-8", "replace"), keep_blank_values=True))
    token = args.pop("token", None)
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        # The client's own id and secret, as oauth.v2.access takes them.
        args["client_id"], _, args["client_secret"] = b64decode(bearer).decode().partition(":")
    return args, bearer.strip() if scheme.lower() == "bearer" else token


def _json_object(body: bytes) -> Json:
    """The JSON object of a body; what is none counts as no arguments, as with Slack."""
    try:
        decoded = json.loads(body)
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _readable(args: Json) -> Json:
    """The arguments with JSON strings decoded, so that tests see one shape whatever the transport."""
    readable = dict(args)
    for name in ("blocks", "attachments", "metadata", "view", "chunks", "prompts", "outputs", "error"):
        if isinstance(readable.get(name), str):
            try:
                readable[name] = json.loads(readable[name])
            except ValueError:
                continue
    return readable


async def _wait_before(fault: Fault | None) -> None:
    if isinstance(fault, Slow):
        await asyncio.sleep(fault.seconds)
    if isinstance(fault, Hold) and not fault.after_accepting:
        await _hold(fault)


async def _hold(fault: Hold) -> None:
    fault.reached.set()
    await fault.released.wait()


def _drop(request: web.Request) -> web.Response:
    """Close the connection under the caller; what is returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _json_response(answer: Json, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=json.dumps(answer).encode(), status=status, headers=headers, content_type="application/json"
    )
