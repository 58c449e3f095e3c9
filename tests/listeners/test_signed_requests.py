"""Only Slack is listened to; whatever else comes gets 401 and leaves no trace."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import aiohttp
import pytest
from sqlalchemy import text

from tests.support.town_hall import TownHall

COMMAND = urlencode(
    {
        "command": "/mudda",
        "text": "a leak",
        "team_id": "T0MUDDA001",
        "channel_id": "C0WORKS001",
        "user_id": "U0PRIYA001",
        "trigger_id": "1.2.3",
        "response_url": "http://127.0.0.1:1/none",
    }
).encode()


async def send(hall: TownHall, headers: dict[str, str], body: bytes = COMMAND) -> int:
    assert hall.slack.request_url is not None
    headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    async with (
        aiohttp.ClientSession() as session,
        session.post(hall.slack.request_url, data=body, headers=headers) as answer,
    ):
        return answer.status


def signed(hall: TownHall, timestamp: str, body: bytes = COMMAND) -> dict[str, str]:
    return {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": hall.slack.sign(body, timestamp),
    }


async def inbox(hall: TownHall) -> int:
    async with hall.database.reading() as session:
        return int(await session.scalar(text("SELECT count(*) FROM inbox")) or 0)


async def test_a_good_signature_is_let_in(hall: TownHall) -> None:
    assert await send(hall, signed(hall, str(int(time.time())))) == 200
    assert await inbox(hall) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Request-Timestamp": "now", "X-Slack-Signature": "v0=00"},
        {"X-Slack-Request-Timestamp": "9" * 5000, "X-Slack-Signature": "v0=00"},
        {"X-Slack-Request-Timestamp": "", "X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=00"},
        {"X-Slack-Request-Timestamp": str(int(time.time()))},
        {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=ünïcode"},
    ],
)
async def test_no_or_nonsense_signatures_get_401_and_write_nothing(
    hall: TownHall, headers: dict[str, str]
) -> None:
    assert await send(hall, headers) == 401
    assert await inbox(hall) == 0


async def test_a_stale_signature_gets_401(hall: TownHall) -> None:
    assert await send(hall, signed(hall, str(int(time.time()) - 301))) == 401
    assert await inbox(hall) == 0


async def test_a_signature_of_another_body_gets_401(hall: TownHall) -> None:
    headers = signed(hall, str(int(time.time())))
    assert await send(hall, headers, COMMAND + b"&extra=1") == 401
    assert await inbox(hall) == 0


async def test_an_unsigned_ssl_check_gets_401(hall: TownHall) -> None:
    assert await send(hall, {}, b"ssl_check=1&token=x") == 401


async def test_a_body_that_is_not_utf8_gets_401(hall: TownHall) -> None:
    headers = {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=00"}
    assert await send(hall, headers, b"\xff\xfe") == 401


async def test_a_request_of_another_workspace_is_refused_and_writes_nothing(hall: TownHall) -> None:
    body = COMMAND.replace(b"T0MUDDA001", b"T0ANOTHER1")
    await send(hall, signed(hall, str(int(time.time())), body), body)
    assert await inbox(hall) == 0


async def test_signed_nonsense_is_acked_or_refused_but_no_error_of_ours(hall: TownHall) -> None:
    for body in (b"{}", b"[]", b"payload=%7B%7D", b"payload=1", b"payload={", b"{", b"command=%2Fmudda", b"\xff"):
        status = await send(hall, signed(hall, str(int(time.time())), body), body)
        assert status != 500, body
    assert await inbox(hall) == 0
