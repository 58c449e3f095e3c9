"""GeminiClient: the SDK's blocking call, made awaitable on threads of its own.

asyncio's own thread pool has cpu+4 threads, six on two cores: two hundred answers of a second each would take
half a minute through it. Here as many calls run at once as `max_concurrency` says, and no more.

The threads are started with the client. Starting one takes the interpreter away from the event loop, and
starting all of them in the middle of a rush blocks it for as long as the rush lasts.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import SystemRandom
from typing import Any

import requests
from google.ai.generativelanguage import GenerativeServiceClient
from google.api_core.exceptions import GoogleAPICallError
from google.protobuf.json_format import ParseError

from services.ai.errors import GeminiError, GeminiRefused, GeminiTimeout, GeminiUnavailable
from services.ai.gemini_answers import QUOTA_EXHAUSTED, parse, reason_of, retry_delay, text_of, tokens_of
from services.ai.gemini_http import mount
from services.ai.usage import STAND_IN_MODEL, Usage

with warnings.catch_warnings():
    # The package says on import that its upstream has ended. We know; that is why it stays behind this file.
    warnings.filterwarnings(
        "ignore", message=r"\s*All support for the `google.generativeai` package", category=FutureWarning
    )
    import google.generativeai

# The SDK brings eighty thousand objects that live as long as the process. A full garbage collection walks over
# all of them while the event loop stands still, for 50 ms and more; frozen, they are left out of it.
gc.collect()
gc.freeze()

__all__ = ["STAND_IN_MODEL", "GeminiClient", "ModelAnswer", "RetryPolicy", "Usage"]

log = logging.getLogger(__name__)

_sdk: Any = google.generativeai  # declares itself typed, and hardly is

_RETRYABLE = frozenset({408, 429, 499, 500, 502, 503, 504})
_DETAIL_LIMIT = 300
_LATENESS = 0.5
"""How much later than its own time limit a thread may answer before the caller stops waiting for it."""


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What the model wrote: `document` is the JSON of `text`."""

    text: str
    document: Any
    usage: Usage


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to ask again.

    Between attempts it waits `base` seconds, doubled each time up to `cap`, half of it left to chance; longer
    where the server says so. `timeouts` is how many attempts may run out of time, for an answer that took a
    minute once is likely to take it again. No attempt starts with less than `least` seconds left.
    """

    attempts: int = 5
    timeouts: int = 2
    base: float = 0.5
    cap: float = 8.0
    least: float = 1.0

    def delay(self, attempt: int, asked_for: float | None) -> float:
        """Seconds to wait after the given attempt, counted from 1."""
        backoff = min(self.cap, self.base * 2.0 ** (attempt - 1))
        return max(asked_for or 0.0, backoff / 2) + _chance.uniform(0, backoff / 2)


_chance = SystemRandom()


@dataclass(frozen=True, slots=True)
class _Request:
    system: str
    prompt: str
    schema: Mapping[str, Any]


@dataclass(slots=True)
class _Tally:
    """What has come of one call so far."""

    agent: str
    started: float
    deadline: float | None
    attempts: int = 0
    timeouts: int = 0
    response: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why an attempt came to nothing, whether another may help, and how long the server asks to wait."""

    error: GeminiError
    again: bool = False
    asked_for: float | None = None


class GeminiClient:
    """Asks one Gemini model for JSON, from any number of tasks of one event loop.

    `timeout` bounds each request, in seconds. `endpoint` is a URL, http or https; none: Google's.
    `max_concurrency` requests run at once, `max_waiting` wait for their turn, and the next is turned away.
    """

    def __init__(
        self,
        api_key: str,
        model: str,
        *,
        endpoint: str | None = None,
        timeout: float = 60.0,
        max_concurrency: int = 64,
        max_waiting: int = 1000,
        retries: RetryPolicy | None = None,
    ) -> None:
        if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            # Without a key the SDK would look for credentials of its own; with a crooked one it would fail late.
            raise ValueError("the API key has to be printable ASCII without spaces")
        self.model = model
        self._api_key = api_key
        self._timeout = timeout
        self._retries = retries or RetryPolicy()
        self._max_waiting = max_waiting
        self._waiting = 0
        self._closed = False
        self._slots = asyncio.Semaphore(max_concurrency)
        self._running: set[asyncio.Future[Mapping[str, Any] | _Failure]] = set()
        self._client: Any = _make_client(api_key, endpoint)
        self._connections = mount(self._client.transport._session, self._client.api_endpoint, max_concurrency)
        self._threads = _start_threads(max_concurrency)

    async def generate_async(
        self,
        *,
        system: str,
        prompt: str,
        schema: Mapping[str, Any],
        agent: str,
        deadline: float | None = None,
    ) -> ModelAnswer:
        """Ask for one JSON document of the given response schema.

        `deadline` is a reading of the running loop's clock (`loop.time()`); nothing goes on after it. `agent`
        names the asker in the account. Cancelling frees the caller at once, and the thread when its request
        ends. Raises a GeminiError, whose `usage` accounts for the call.
        """
        tally = _Tally(agent, asyncio.get_running_loop().time(), deadline)
        try:
            tally.response = await self._respond(_Request(system, prompt, schema), tally)
            text = text_of(tally.response)
            return ModelAnswer(text, parse(text), self._account(tally, "ok"))
        except GeminiError as error:
            error.usages = (self._account(tally, error.outcome),)
            raise

    async def aclose(self, grace: float | None = None) -> None:
        """Turn new calls away and wait for those that run: at most `grace` seconds, then they are cut off."""
        self._closed = True
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace)
            if late:
                self._connections.cut()
                await asyncio.wait(late)
        await asyncio.to_thread(self._threads.shutdown)
        self._client.transport.close()

    async def _respond(self, request: _Request, tally: _Tally) -> Mapping[str, Any]:
        """The first response of the API, after as many attempts as the policy and the deadline allow."""
        while True:
            result = await self._attempt(request, tally)
            if not isinstance(result, _Failure):
                return result
            delay = self._retries.delay(tally.attempts, result.asked_for)
            if not self._may_retry(result, tally, delay):
                raise result.error
            log.warning(
                "Gemini: %s; attempt %d follows in %.1f s", result.error, tally.attempts + 1, delay,
                extra={"action": "gemini.retry", "agent": tally.agent},
            )  # fmt: skip
            await asyncio.sleep(delay)

    def _may_retry(self, failure: _Failure, tally: _Tally, delay: float) -> bool:
        if self._closed or not failure.again or tally.attempts >= self._retries.attempts:
            return False
        if tally.timeouts >= self._retries.timeouts:
            return False
        return _remaining(tally.deadline) >= delay + self._retries.least

    async def _attempt(self, request: _Request, tally: _Tally) -> Mapping[str, Any] | _Failure:
        """One request on a thread of its own, once there is one."""
        await self._take_slot(tally.deadline)
        limit = min(self._timeout, _remaining(tally.deadline))
        if self._closed or limit < min(self._timeout, self._retries.least):
            self._slots.release()
            raise GeminiUnavailable("closed") if self._closed else GeminiTimeout("turn")
        tally.attempts += 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, self._ask, request, limit)
        self._running.add(future)
        future.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(limit + _LATENESS):
                result = await asyncio.shield(future)
        except TimeoutError:
            result = _Failure(GeminiTimeout("answer"), again=True)
        if isinstance(result, _Failure) and isinstance(result.error, GeminiTimeout):
            tally.timeouts += 1
        return result

    async def _take_slot(self, deadline: float | None) -> None:
        if self._closed:
            raise GeminiUnavailable("closed")
        if self._slots.locked() and self._waiting >= self._max_waiting:
            raise GeminiUnavailable("busy", detail=f"{self._waiting} calls wait")
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                await self._slots.acquire()
        except TimeoutError:
            raise GeminiTimeout("turn") from None
        finally:
            self._waiting -= 1

    def _ended(self, future: asyncio.Future[Mapping[str, Any] | _Failure]) -> None:
        self._running.discard(future)
        self._slots.release()

    def _ask(self, request: _Request, limit: float) -> Mapping[str, Any] | _Failure:
        """The blocking call, on a thread. What goes wrong is returned: the SDK's exceptions hold the request
        with its key, and end here.
        """
        model = _sdk.GenerativeModel(
            self.model,
            system_instruction=request.system,
            generation_config={"response_mime_type": "application/json", "response_schema": request.schema},
        )
        # The SDK has one client for the whole process, unless a model is handed its own.
        model._client = self._client
        try:
            response = model.generate_content(request.prompt, request_options={"timeout": limit, "retry": None})
            return dict(response.to_dict())
        except GoogleAPICallError as exc:
            return self._failed_call(exc)
        except requests.ReadTimeout:
            return _Failure(GeminiTimeout("answer"), again=True)
        except (requests.RequestException, OSError) as exc:
            return _Failure(GeminiUnavailable("connection", detail=type(exc).__name__), again=True)
        except (ParseError, ValueError, AttributeError, TypeError) as exc:
            # What the SDK stumbles over when the answer is not the API's: a proxy's page, half a document.
            return _Failure(GeminiUnavailable("unreadable", detail=type(exc).__name__), again=True)

    def _failed_call(self, exc: GoogleAPICallError) -> _Failure:
        status, details = int(exc.code or 0), [d for d in exc.details or () if isinstance(d, Mapping)]
        reason = reason_of(details, _status_word(exc))
        text = str(exc.message).replace(self._api_key, "[key]")[:_DETAIL_LIMIT]
        if status not in _RETRYABLE or reason == QUOTA_EXHAUSTED:
            return _Failure(GeminiRefused(status=status, reason=reason, detail=text))
        error = GeminiUnavailable("status", status=status, detail=text)
        return _Failure(error, again=True, asked_for=retry_delay(details))

    def _account(self, tally: _Tally, outcome: str) -> Usage:
        response = tally.response or {}
        prompt, output, total = tokens_of(response)
        seconds = asyncio.get_running_loop().time() - tally.started
        return Usage(
            model=response.get("model_version") or self.model,
            agent=tally.agent,
            prompt_tokens=prompt,
            output_tokens=output,
            total_tokens=total,
            latency_ms=round(seconds * 1000),
            outcome=outcome,
            attempts=tally.attempts,
        )


def _make_client(api_key: str, endpoint: str | None) -> Any:
    options = {"api_key": api_key}
    if endpoint:
        options["api_endpoint"] = endpoint.rstrip("/")
    return GenerativeServiceClient(transport="rest", client_options=options)


def _status_word(exc: GoogleAPICallError) -> str:
    """The name of the API's status. The SDK drops it: several have the same number."""
    try:
        return str(exc.response.json()["error"]["status"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def _start_threads(number: int) -> ThreadPoolExecutor:
    threads = ThreadPoolExecutor(number, thread_name_prefix="gemini")
    # An executor starts a thread only when none is idle: keep each one busy until all are there.
    all_there = threading.Barrier(number)
    for started in [threads.submit(all_there.wait) for _ in range(number)]:
        started.result()
    return threads


def _remaining(deadline: float | None) -> float:
    return float("inf") if deadline is None else deadline - asyncio.get_running_loop().time()
