"""GeminiClient: one model, asked from any number of tasks, whichever of Google's SDKs carries the questions.

Here are the bounds on what is under way, the retries and the account; services/ai/transports has a file for
each SDK.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from random import SystemRandom
from typing import Any, Literal

from services.ai.errors import GeminiError, GeminiTimeout, GeminiUnavailable
from services.ai.gemini_answers import parse, text_of, tokens_of
from services.ai.models import is_same_model, short_name
from services.ai.transports.transport import GOOGLE, Failure, Outcome, Request, Target, Transport
from services.ai.usage import STAND_IN_MODEL, Usage

__all__ = ["STAND_IN_MODEL", "GeminiClient", "ModelAnswer", "RetryPolicy", "Sdk", "Thinking", "Usage"]

log = logging.getLogger(__name__)

Sdk = Literal["generativeai", "genai"]
"""Google's packages: `google-generativeai`, or `google-genai`, which is an extra."""

Thinking = Literal["low", "medium", "high"]

_LATENESS = 0.5
"""How much later than its own time limit a request may answer before the caller stops waiting for it."""


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


@dataclass(slots=True)
class _Tally:
    """What has come of one call so far."""

    agent: str
    started: float
    deadline: float | None
    attempts: int = 0
    timeouts: int = 0
    response: Mapping[str, Any] | None = None


class GeminiClient:
    """Asks one Gemini model for JSON, from any number of tasks of the event loop that it is made in.

    `timeout` bounds each request, in seconds. `endpoint` is a URL, http or https; none: Google's.
    `max_concurrency` requests run at once, `max_waiting` wait for their turn, and the next is turned away.
    `thinking` is how hard the model thinks (none: as it has it), which only the SDK "genai" can say.
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
        sdk: Sdk = "generativeai",
        thinking: Thinking | None = None,
    ) -> None:
        if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            # Without a key the SDK would look for credentials of its own; with a crooked one it would fail late.
            raise ValueError("the API key has to be printable ASCII without spaces")
        if thinking and sdk != "genai":
            raise ValueError("only the SDK genai can say how hard to think")
        self.model = short_name(model)
        self._timeout = timeout
        self._retries = retries or RetryPolicy()
        self._max_waiting = max_waiting
        self._waiting = 0
        self._closed = False
        self._slots = asyncio.Semaphore(max_concurrency)
        self._running: set[asyncio.Future[Outcome]] = set()
        self._others: set[str] = set()
        endpoint = (endpoint or GOOGLE).rstrip("/")
        self._transport = _transport(sdk, Target(api_key, self.model, endpoint, max_concurrency, thinking))

    @property
    def least(self) -> float:
        """With fewer seconds left than this, no request begins."""
        return min(self._timeout, self._retries.least)

    async def generate_async(
        self,
        *,
        system: str,
        prompt: str,
        schema: Mapping[str, Any],
        agent: str,
        deadline: float | None = None,
        pictures: tuple[bytes, ...] = (),
    ) -> ModelAnswer:
        """Ask for one JSON document of the given response schema; the model is shown `pictures` (JPEG) with it.

        `deadline` is a reading of the running loop's clock (`loop.time()`); nothing goes on after it. `agent`
        names the asker in the account. Cancelling frees the caller at once; its request ends with it, or if the
        SDK can't cancel, by itself. Raises a GeminiError, whose `usage` accounts for the call.
        """
        tally = _Tally(agent, asyncio.get_running_loop().time(), deadline)
        try:
            tally.response = await self._respond(Request(system, prompt, schema, pictures), tally)
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
                self._transport.cut()
                await asyncio.wait(late)
        await self._transport.aclose()

    async def _respond(self, request: Request, tally: _Tally) -> Mapping[str, Any]:
        """The first response of the API, after as many attempts as the policy and the deadline allow."""
        while True:
            result = await self._attempt(request, tally)
            if not isinstance(result, Failure):
                return result
            delay = self._retries.delay(tally.attempts, result.asked_for)
            if not self._may_retry(result, tally, delay):
                raise result.error
            log.warning(
                "Gemini: %s; attempt %d follows in %.1f s", result.error, tally.attempts + 1, delay,
                extra={"action": "gemini.retry", "agent": tally.agent},
            )  # fmt: skip
            await asyncio.sleep(delay)

    def _may_retry(self, failure: Failure, tally: _Tally, delay: float) -> bool:
        if self._closed or not failure.again or tally.attempts >= self._retries.attempts:
            return False
        if tally.timeouts >= self._retries.timeouts:
            return False
        return _remaining(tally.deadline) >= delay + self._retries.least

    async def _attempt(self, request: Request, tally: _Tally) -> Outcome:
        """One request, once it is its turn."""
        await self._take_slot(tally.deadline)
        limit = min(self._timeout, _remaining(tally.deadline))
        if self._closed or limit < self.least:
            self._slots.release()
            raise GeminiUnavailable("closed") if self._closed else GeminiTimeout("turn")
        tally.attempts += 1
        future = self._transport.start(request, limit)
        self._running.add(future)
        future.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(limit + _LATENESS):
                result = await asyncio.shield(future)
        except TimeoutError:
            self._transport.abandon(future)
            result = Failure(GeminiTimeout("answer"), again=True)
        except asyncio.CancelledError:
            self._transport.abandon(future)
            raise
        if isinstance(result, Failure) and isinstance(result.error, GeminiTimeout):
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

    def _ended(self, future: asyncio.Future[Outcome]) -> None:
        self._running.discard(future)
        self._slots.release()

    def _account(self, tally: _Tally, outcome: str) -> Usage:
        response = tally.response or {}
        prompt, output, total = tokens_of(response)
        seconds = asyncio.get_running_loop().time() - tally.started
        model = str(response.get("model_version") or self.model)
        self._look_at(model)
        return Usage(
            model=model,
            agent=tally.agent,
            prompt_tokens=prompt,
            output_tokens=output,
            total_tokens=total,
            latency_ms=round(seconds * 1000),
            outcome=outcome,
            attempts=tally.attempts,
        )

    def _look_at(self, model: str) -> None:
        """Warn, once, of a model that answers in place of the one that was asked: it may cost more."""
        if not is_same_model(self.model, model) and model not in self._others:
            self._others.add(model)
            log.warning(
                "Gemini: %s was asked, and %s answered", self.model, model, extra={"action": "gemini.other_model"}
            )


def _transport(sdk: Sdk, target: Target) -> Transport:
    """The SDK's transport. Either takes a second and many megabytes to import: only the chosen one is."""
    if sdk == "genai":
        from services.ai.transports.genai import GenaiTransport

        return GenaiTransport(target)
    from services.ai.transports.generativeai import GenerativeaiTransport

    return GenerativeaiTransport(target)


def _remaining(deadline: float | None) -> float:
    return float("inf") if deadline is None else deadline - asyncio.get_running_loop().time()
