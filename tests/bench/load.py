"""A load of signed slash commands, cheap enough not to be what is measured: raw HTTP/1.1 on kept connections."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from bot.slack.signature import sign

_numbers = itertools.count(int(time.time() * 1000))


@dataclass(frozen=True, slots=True)
class Result:
    """What a load came to. `latencies` are seconds, sorted; `statuses` counts answers that were not 200."""

    latencies: tuple[float, ...]
    seconds: float
    refused: int

    @property
    def per_second(self) -> float:
        """Requests answered per second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """E.g. 0.99: the latency in milliseconds that this share of the requests stayed below."""
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))] * 1000


def commands(count: int, secret: str, port: int, channels: Sequence[str] = ("C0WORKS001",)) -> list[bytes]:
    """Ready-made requests, each with a trigger of its own; good for five minutes."""
    return [_request(secret, port, channels[number % len(channels)]) for number in range(count)]


def _request(secret: str, port: int, channel: str) -> bytes:
    form = {
        "command": "/mudda",
        "text": "Water is coming up through the road at 5th and Main",
        "team_id": "T0MUDDA001",
        "team_domain": "springfield",
        "channel_id": channel,
        "channel_name": "works",
        "user_id": "U0PRIYA001",
        "user_name": "priya",
        "api_app_id": "A0MUDDA001",
        "trigger_id": f"{next(_numbers)}.bench",
        "response_url": "http://127.0.0.1:1/response",
    }
    body = urlencode(form).encode()
    timestamp = str(int(time.time()))
    head = (
        f"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Slack-Request-Timestamp: {timestamp}\r\n"
        f"X-Slack-Signature: {sign(secret, timestamp, body)}\r\n\r\n"
    )
    return head.encode() + body


async def send(requests: Sequence[bytes], port: int, *, at_once: int) -> Result:
    """Send them over `at_once` connections, each the next as soon as the last is answered."""
    remaining = iter(requests)
    started = time.perf_counter()
    answered = await asyncio.gather(*(_connection(remaining, port) for _ in range(at_once)))
    seconds = time.perf_counter() - started
    answers = [answer for connection in answered for answer in connection]
    latencies = tuple(sorted(latency for latency, _ in answers))
    return Result(latencies, seconds, sum(status != 200 for _, status in answers))


async def _connection(requests: Iterator[bytes], port: int) -> list[tuple[float, int]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    try:
        for request in requests:
            started = time.perf_counter()
            writer.write(request)
            status = await _answer(reader)
            answers.append((time.perf_counter() - started, status))
    finally:
        writer.close()
    return answers


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    at = lower.find(b"content-length:")
    length = int(lower[at + 15 : lower.index(b"\r\n", at)]) if at >= 0 else 0
    if length:
        await reader.readexactly(length)
    return int(head[9:12])
