"""Scripted faults, rate limits, the transcript and waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import (
    DropAfterAccepting,
    DropBefore,
    ErrorWord,
    Fine,
    Hold,
    RateLimited,
    ServerError,
    SlackStandIn,
    Slow,
)
from tests.support.stand_in_app import WATER, WORKS, ManualClock, World, world
from tests.support.waiting import happened

POST = "chat.postMessage"


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world() as there:
        yield there


async def refused(here: World, channel: str = WORKS) -> SlackApiError:
    with pytest.raises(SlackApiError) as caught:
        await here.client.chat_postMessage(channel=channel, text="x")
    return caught.value


class TestFaults:
    async def test_rate_limited(self, here: World) -> None:
        here.slack.faults.script(POST, [RateLimited(retry_after=7)])

        error = await refused(here)

        assert (error.response.status_code, error.response["error"]) == (429, "ratelimited")
        assert error.response.headers["Retry-After"] == "7"
        assert here.slack.messages("works") == []

    async def test_the_sdk_waits_and_goes_on(self, here: World) -> None:
        here.slack.faults.script(POST, [RateLimited(retry_after=0), Fine()])
        here.slack.faults.script(POST, [RateLimited(retry_after=0)])
        client = AsyncWebClient(
            token=here.slack.bot_token,
            base_url=here.slack.api_url,
            session=here.http,
            retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
        )

        await client.chat_postMessage(channel=WORKS, text="x")

        assert [call.status for call in here.slack.calls(POST)] == [429, 200]

    async def test_server_error(self, here: World) -> None:
        here.slack.faults.script(POST, [ServerError(503)])

        error = await refused(here)

        assert error.response.status_code == 503
        assert here.slack.messages("works") == []

    async def test_error_word(self, here: World) -> None:
        here.slack.faults.script(POST, [ErrorWord("channel_not_found")])

        assert (await refused(here)).response["error"] == "channel_not_found"
        assert here.slack.messages("works") == []

    async def test_drop_before(self, here: World) -> None:
        here.slack.faults.script(POST, [DropBefore()])

        with pytest.raises(aiohttp.ClientConnectionError):
            await here.client.chat_postMessage(channel=WORKS, text="x")

        assert here.slack.messages("works") == []
        assert [call.accepted for call in here.slack.calls(POST)] == [False]

    async def test_drop_after_accepting(self, here: World) -> None:
        here.slack.faults.script(POST, [DropAfterAccepting()])

        with pytest.raises(aiohttp.ClientConnectionError):
            await here.client.chat_postMessage(channel=WORKS, text="x")

        assert [message.text for message in here.slack.messages("works")] == ["x"]
        assert [call.accepted for call in here.slack.calls(POST)] == [True]

    async def test_the_sdks_own_retry_then_posts_twice(self, here: World) -> None:
        here.slack.faults.script(POST, [DropAfterAccepting()])
        client = AsyncWebClient(
            token=here.slack.bot_token,
            base_url=here.slack.api_url,
            session=here.http,
            retry_handlers=[AsyncConnectionErrorRetryHandler(max_retry_count=1)],
        )

        await client.chat_postMessage(channel=WORKS, text="x")

        assert len(here.slack.messages("works")) == 2

    async def test_slow(self, here: World) -> None:
        here.slack.faults.script(POST, [Slow(0.01)])

        assert (await here.client.chat_postMessage(channel=WORKS, text="x"))["ok"]

    @pytest.mark.parametrize("after_accepting", [False, True])
    async def test_hold(self, here: World, after_accepting: bool) -> None:
        hold = Hold(after_accepting=after_accepting)
        here.slack.faults.script(POST, [hold])
        call = asyncio.create_task(here.client.chat_postMessage(channel=WORKS, text="x"))

        await happened(hold.reached)
        assert len(here.slack.messages("works")) == int(after_accepting)
        assert not call.done()
        hold.released.set()

        assert (await call)["ok"]
        assert len(here.slack.messages("works")) == 1

    async def test_in_order_each_once_and_only_for_their_method(self, here: World) -> None:
        here.slack.faults.script(POST, [ErrorWord("a"), Fine(), ErrorWord("b")])
        await here.client.auth_test()

        assert (await refused(here)).response["error"] == "a"
        await here.client.chat_postMessage(channel=WORKS, text="x")
        assert here.slack.faults.pending(POST) == 1
        assert (await refused(here)).response["error"] == "b"
        await here.client.chat_postMessage(channel=WORKS, text="x")

    async def test_cleared(self, here: World) -> None:
        here.slack.faults.script(POST, [ErrorWord("a")])
        here.slack.faults.clear()

        assert (await here.client.chat_postMessage(channel=WORKS, text="x"))["ok"]


class TestRates:
    async def test_one_post_a_second_and_channel_after_a_burst(self) -> None:
        async with world(enforce_rates=True) as here:
            for _ in range(5):
                await here.client.chat_postMessage(channel=WORKS, text="x")
            error = await refused(here)
            await here.client.chat_postMessage(channel=WATER, text="x")
            here.clock.now += 1
            await here.client.chat_postMessage(channel=WORKS, text="x")
            await refused(here)

        assert error.response.status_code == 429
        assert error.response.headers["Retry-After"] == "1"

    async def test_fifty_updates_a_minute(self) -> None:
        async with world(enforce_rates=True) as here:
            ts = (await here.client.chat_postMessage(channel=WORKS, text="x"))["ts"]
            for _ in range(50):
                await here.client.chat_update(channel=WORKS, ts=ts, text="y")
            with pytest.raises(SlackApiError) as caught:
                await here.client.chat_update(channel=WORKS, ts=ts, text="y")
            here.clock.now += 2
            await here.client.chat_update(channel=WORKS, ts=ts, text="z")

        assert caught.value.response.headers["Retry-After"] == "2"

    async def test_off_unless_asked_for(self, here: World) -> None:
        for _ in range(10):
            await here.client.chat_postMessage(channel=WORKS, text="x")

        assert {call.status for call in here.slack.calls(POST)} == {200}


class TestTranscript:
    async def test_what_a_call_says(self, here: World) -> None:
        await here.client.auth_test()
        answer = await here.client.chat_postMessage(channel=WORKS, text="x")
        await refused(here, "C0NOWHERE1")

        first, second, third = here.slack.transcript
        assert [call.number for call in here.slack.transcript] == [1, 2, 3]
        assert first.method == "auth.test"
        assert second.args == {"channel": WORKS, "text": "x"}
        assert second.response == answer.data
        assert second.at == here.clock.now
        assert (second.accepted, third.accepted) == (True, False)
        assert third.response == {"ok": False, "error": "channel_not_found"}

    async def test_it_is_bounded(self) -> None:
        async with world(transcript_size=3) as here:
            for _ in range(5):
                await here.client.auth_test()

            assert [call.number for call in here.slack.transcript] == [3, 4, 5]


class TestWaiting:
    async def test_for_something_that_comes(self, here: World) -> None:
        waiting = asyncio.create_task(here.slack.wait_for(lambda: here.slack.messages("works")))
        await here.client.chat_postMessage(channel=WORKS, text="x")

        assert [message.text for message in await waiting] == ["x"]

    async def test_for_what_is_there_already(self, here: World) -> None:
        assert await here.slack.wait_for(lambda: "yes") == "yes"

    async def test_for_calls(self, here: World) -> None:
        waiting = asyncio.create_task(here.slack.wait_for_calls("auth.test", 2))
        await here.client.auth_test()
        await here.client.auth_test()

        assert len(await waiting) == 2

    async def test_in_vain(self, here: World) -> None:
        await here.client.auth_test()

        with pytest.raises(TimeoutError, match=r"auth\.test"):
            await here.slack.wait_for(lambda: None, timeout=0.01)


async def test_two_stand_ins_at_once_and_one_again_on_its_port() -> None:
    clock = ManualClock()
    async with SlackStandIn(clock=clock) as first, SlackStandIn(clock=clock) as second:
        assert first.url != second.url
        port = int(first.url.rpartition(":")[2])
    async with SlackStandIn(port=port) as again:
        assert again.url == first.url
        assert again.api_url == f"{again.url}/api/"
