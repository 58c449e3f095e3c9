"""What Slack sends to the app: signed requests, with three seconds to answer, and retries for events."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.slack.state.feed import Signal
from bot.sandbox.slack.state.model import Clock, Json

ACK_SECONDS = 3.0
RETRY_DELAYS = (0.0, 60.0, 300.0)  # seconds before each of an event's three retries
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of a request. `failure` is Slack's retry reason, e.g. "http_timeout"; None if acked."""

    at: float
    status: int | None
    body: bytes
    failure: str | None
    retry_num: int | None = None
    no_retry: bool = False


@dataclass(eq=False, slots=True)
class Delivery:
    """A request for the app, to be sent once or more; its body stays the same to the byte.

    `kind` is "event", "command" or "interactive", `context` what the answer is about. `failed` is what the
    user was told if it came to nothing; `errors` are a modal's, by block_id.
    """

    kind: str
    content_type: str
    body: bytes
    context: Json = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    failed: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def acked(self) -> bool:
        """Whether the app has answered one of the attempts with a 2xx in time."""
        return any(attempt.failure is None for attempt in self.attempts)

    @property
    def failure(self) -> str | None:
        """What the user is told when it was not acked: operation_timeout or dispatch_failed."""
        if self.acked or not self.attempts:
            return None
        return "operation_timeout" if self.attempts[-1].failure == "http_timeout" else "dispatch_failed"

    @property
    def answer(self) -> Json | None:
        """The JSON object that the app acked with, if it did with one."""
        body = next((attempt.body for attempt in self.attempts if attempt.failure is None), b"")
        try:
            answer = json.loads(body) if body else None
        except ValueError:
            return None
        return answer if isinstance(answer, dict) else None

    async def settled(self) -> Delivery:
        """Wait until it is acked or given up."""
        await self._settled.wait()
        return self

    def settle(self) -> None:
        """Say that no further attempt follows."""
        self._settled.set()


def command_delivery(form: dict[str, str]) -> Delivery:
    """A slash command."""
    return Delivery("command", FORM, urlencode(form).encode(), {"form": form})


def interactive_delivery(payload: Json, context: Json) -> Delivery:
    """A button, a modal's submission and the like."""
    body = urlencode({"payload": json.dumps(payload, separators=(",", ":"))}).encode()
    return Delivery("interactive", FORM, body, {**context, "payload": payload})


def event_delivery(envelope: Json) -> Delivery:
    """An event of the Events API."""
    body = json.dumps(envelope, separators=(",", ":")).encode()
    return Delivery("event", "application/json", body, {"envelope": envelope})


def sign(secret: str, body: bytes, timestamp: str) -> str:
    """Slack's v0 signature of a body, for X-Slack-Signature."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class Sender:
    """Posts deliveries to the app's request URL."""

    def __init__(
        self,
        *,
        secret: str,
        clock: Clock,
        signal: Signal,
        request_url: str | None,
        ack_seconds: float = ACK_SECONDS,
        retry_delays: Sequence[float] = RETRY_DELAYS,
    ) -> None:
        self.request_url = request_url
        self._secret = secret
        self._clock = clock
        self._signal = signal
        self._timeout = aiohttp.ClientTimeout(total=ack_seconds)
        self._retry_delays = tuple(retry_delays)
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the connection pool; there is no limit on it, as Slack has none."""
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=connector, auto_decompress=True)

    async def stop(self) -> None:
        """Give up what is still to be retried, and close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def headers(
        self, delivery: Delivery, *, retry_num: int | None = None, retry_reason: str | None = None
    ) -> dict[str, str]:
        """The headers of one attempt, signed for now."""
        timestamp = str(int(self._clock()))
        headers = {
            "Content-Type": delivery.content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(self._secret, delivery.body, timestamp),
        }
        if retry_num is not None:
            headers["X-Slack-Retry-Num"] = str(retry_num)
            headers["X-Slack-Retry-Reason"] = retry_reason or "http_error"
        return headers

    async def attempt(
        self, delivery: Delivery, *, retry_num: int | None = None, retry_reason: str | None = None
    ) -> Attempt:
        """Send once, whatever was sent before."""
        headers = self.headers(delivery, retry_num=retry_num, retry_reason=retry_reason)
        attempt = await self._post(delivery, headers, retry_num)
        delivery.attempts.append(attempt)
        self._signal.notify()
        return attempt

    async def _post(self, delivery: Delivery, headers: dict[str, str], retry_num: int | None) -> Attempt:
        at = self._clock()
        if self._session is None or self.request_url is None:
            return Attempt(at, None, b"", "connection_failed", retry_num)
        try:
            async with self._session.post(
                self.request_url,
                data=delivery.body,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                body = await response.read()
                failure = None if 200 <= response.status < 300 else "http_error"
                no_retry = response.headers.get("X-Slack-No-Retry") == "1"
                return Attempt(at, response.status, body, failure, retry_num, no_retry)
        except TimeoutError:
            return Attempt(at, None, b"", "http_timeout", retry_num)
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return Attempt(at, None, b"", "ssl_error", retry_num)
        except (aiohttp.ClientError, OSError):
            return Attempt(at, None, b"", "connection_failed", retry_num)

    def deliver_event(self, delivery: Delivery) -> None:
        """Send in the background, again after each delay until the app acks or says X-Slack-No-Retry."""
        task = asyncio.create_task(self._with_retries(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _with_retries(self, delivery: Delivery) -> None:
        attempt = await self.attempt(delivery)
        for number, delay in enumerate(self._retry_delays, start=1):
            if attempt.failure is None or attempt.no_retry:
                break
            await asyncio.sleep(delay)
            attempt = await self.attempt(delivery, retry_num=number, retry_reason=attempt.failure)
        delivery.settle()
