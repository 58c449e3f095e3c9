"""The page's stream of events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.support.stand_in_app import MARCO, PRIYA, WORKS, World, get_state, world

TITLE = {"type": "plain_text", "text": "x"}


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world(retry_delays=()) as there:
        yield there


class Stream:
    """The events of one page, read one by one."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def rest(self) -> bytes:
        """All that still comes until the stream ends."""
        return await self._response.content.read()

    async def next(self) -> tuple[int, str, Any]:
        """The next event's id, name and data."""
        lines: dict[str, str] = {}
        async with asyncio.timeout(10):
            while True:
                read = await self._response.content.readline()
                assert read, "the stream has ended"  # of which no timeout would ever hear
                line = read.decode().rstrip("\n")
                if not line and lines:
                    return int(lines["id"]), lines["event"], json.loads(lines["data"])
                key, _, value = line.partition(": ")
                if key:
                    lines[key] = value


@asynccontextmanager
async def stream_of(here: World, **arguments: Any) -> AsyncIterator[Stream]:
    """A page's stream of events, from now on unless the arguments say otherwise."""
    arguments = {"params": {"user": PRIYA, **arguments.pop("params", {})}, **arguments}
    async with here.http.get(f"{here.slack.url}/ui/events", **arguments) as response:
        assert response.content_type == "text/event-stream"
        await response.content.readuntil(b"\n\n")
        yield Stream(response)


class TestEvents:
    async def test_messages_as_they_come(self, here: World) -> None:
        async with stream_of(here) as stream:
            here.slack.post_user_message("marco", "works", "a leak")
            ts = (await here.client.chat_postMessage(channel=WORKS, text="x"))["ts"]
            await here.client.chat_update(channel=WORKS, ts=ts, text="y")
            await here.client.chat_postEphemeral(channel=WORKS, user=MARCO, text="not for priya")
            await here.client.chat_postEphemeral(channel=WORKS, user=PRIYA, text="psst")
            await here.client.chat_delete(channel=WORKS, ts=ts)

            events = [await stream.next() for _ in range(5)]

        names = [name for _, name, _ in events]
        assert names == ["message", "message", "message_changed", "ephemeral", "message_deleted"]
        assert events[0][2]["message"]["text"] == "a leak"
        assert events[3][2]["message"]["text"] == "psst"
        assert events[4][2] == {"channel": WORKS, "ts": ts}
        assert [number for number, _, _ in events] == sorted(number for number, _, _ in events)

    async def test_views_homes_channels_and_notices(self, here: World) -> None:
        async with stream_of(here) as stream:
            view = {"type": "modal", "title": TITLE, "blocks": []}
            trigger = here.slack.prepare_command("priya", "works", "/mudda").context["form"]["trigger_id"]
            view_id = (await here.client.views_open(trigger_id=trigger, view=view))["view"]["id"]
            await here.client.views_update(view_id=view_id, view=view)
            await here.slack.close_view(view_id)
            await here.client.views_publish(user_id=PRIYA, view={"type": "home", "blocks": []})
            here.slack.workspace.open_dm([PRIYA, MARCO])
            here.slack.workspace.notice(PRIYA, None, "Hm.")

            events = [(name, data) for _, name, data in [await stream.next() for _ in range(6)]]

        assert [name for name, _ in events] == [
            "view_opened",
            "view_updated",
            "view_closed",
            "home_updated",
            "channel_joined",
            "notice",
        ]
        assert events[2][1] == {"view_id": view_id}
        assert events[4][1]["channel"]["name"] == "Marco Bellini"
        assert events[5][1] == {"channel": None, "text": "Hm."}

    @pytest.mark.parametrize("how", ["header", "query"])
    async def test_nothing_is_missed_between_state_and_stream(self, here: World, how: str) -> None:
        last = str((await get_state(here))["last_event_id"])
        here.slack.post_user_message("marco", "works", "meanwhile")
        since = {"headers": {"Last-Event-ID": last}} if how == "header" else {"params": {"after": last}}

        async with stream_of(here, **since) as stream:
            assert (await stream.next())[2]["message"]["text"] == "meanwhile"

    async def test_reset_when_too_much_was_missed(self, here: World) -> None:
        for number in range(2_001):
            here.slack.post_user_message("marco", "works", str(number))

        async with stream_of(here, params={"after": "1"}) as stream:
            assert (await stream.next())[1] == "reset"
            here.slack.post_user_message("marco", "works", "go on")
            assert (await stream.next())[2]["message"]["text"] == "go on"

    @pytest.mark.parametrize("seconds", [-60, 60])
    async def test_reset_after_a_restart(self, here: World, seconds: int) -> None:
        another_times = str(int((here.clock.now + seconds) * 1_000_000))

        async with stream_of(here, params={"after": another_times}) as stream:
            assert (await stream.next())[1] == "reset"

    async def test_stopping_ends_the_streams(self) -> None:
        async with world() as here, stream_of(here) as stream:
            await here.slack.stop()
            assert await stream.rest() == b""

    async def test_for_nobody(self, here: World) -> None:
        async with here.http.get(f"{here.slack.url}/ui/events") as response:
            assert response.status == 404
