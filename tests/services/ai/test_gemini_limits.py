"""GeminiClient's bounds: on time, on what is under way, and on what is left when it is cancelled or closed."""

from __future__ import annotations

import asyncio
import threading

import pytest

from bot.sandbox.gemini.faults import Hang, Hold
from bot.sandbox.gemini.server import GeminiStandIn
from services.ai.errors import GeminiTimeout, GeminiUnavailable
from services.ai.gemini import RetryPolicy
from tests.support.gemini_client import ClientMaker, ask, in_seconds, outcome
from tests.support.waiting import happened


@pytest.mark.parametrize(("allowed", "asked"), [(1, 1), (2, 2)])
async def test_running_out_of_time(
    gemini: GeminiStandIn, make_client: ClientMaker, allowed: int, asked: int
) -> None:
    gemini.script(*[Hang()] * 9)
    retries = RetryPolicy(base=0.01, timeouts=allowed)
    error = await outcome(ask(make_client(timeout=0.2, retries=retries)))
    assert isinstance(error, GeminiTimeout)
    assert (error.waited_for, len(gemini.transcript)) == ("answer", asked)
    assert error.usage is not None
    assert error.usage.outcome == "timeout"


async def test_a_deadline_cuts_the_request_short(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    gemini.script(*[Hang()] * 9)
    error = await outcome(ask(make_client(timeout=600), deadline=in_seconds(0.3)))
    assert isinstance(error, GeminiTimeout)
    assert len(gemini.transcript) == 1


async def test_nothing_starts_after_the_deadline(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    error = await outcome(ask(make_client(), deadline=in_seconds(-1)))
    assert isinstance(error, GeminiTimeout)
    assert error.usage is not None
    assert (error.waited_for, error.usage.attempts, gemini.transcript) == ("turn", 0, [])


async def test_waiting_for_a_turn_ends_at_the_deadline(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    client, hold = make_client(max_concurrency=1), Hold()
    gemini.script(hold)
    first = asyncio.ensure_future(ask(client))
    await happened(hold.reached)
    error = await outcome(ask(client, deadline=in_seconds(0.1)))
    hold.released.set()
    await first
    assert isinstance(error, GeminiTimeout)
    assert (error.waited_for, len(gemini.transcript)) == ("turn", 1)


async def test_the_65th_call_waits_for_a_thread(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    client = make_client(max_concurrency=64)
    holds = [Hold() for _ in range(65)]
    gemini.script(*holds)
    calls = [asyncio.ensure_future(ask(client)) for _ in range(65)]
    await gemini.until(lambda stand_in: stand_in.running == 64)
    assert not holds[64].reached.is_set()
    holds[0].released.set()
    await happened(holds[64].reached)
    for hold in holds:
        hold.released.set()
    await asyncio.gather(*calls)
    assert (gemini.most_at_once, len(gemini.transcript)) == (64, 65)


async def test_more_than_may_wait_are_turned_away(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    client, hold = make_client(max_concurrency=1, max_waiting=1), Hold()
    gemini.script(hold)
    first = asyncio.ensure_future(ask(client))
    await happened(hold.reached)
    second = asyncio.ensure_future(ask(client))
    await asyncio.sleep(0)  # until it waits
    error = await outcome(ask(client))
    hold.released.set()
    await asyncio.gather(first, second)
    assert isinstance(error, GeminiUnavailable)
    assert (error.cause, len(gemini.transcript)) == ("busy", 2)


@pytest.mark.parametrize("sdk", ["genai"])
async def test_cancelling_cancels_the_request_where_the_sdk_can(
    gemini: GeminiStandIn, make_client: ClientMaker
) -> None:
    client = make_client(max_concurrency=1, timeout=600)
    gemini.script(Hang())
    first = asyncio.ensure_future(ask(client))
    await gemini.until(lambda stand_in: stand_in.running == 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await ask(client, deadline=in_seconds(5))
    assert len(gemini.transcript) == 2


@pytest.mark.parametrize("sdk", ["generativeai"])
async def test_cancelling_frees_the_caller_at_once_and_the_thread_later(
    gemini: GeminiStandIn, make_client: ClientMaker
) -> None:
    client, hold = make_client(max_concurrency=1), Hold()
    gemini.script(hold)
    first = asyncio.ensure_future(ask(client))
    await happened(hold.reached)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    error = await outcome(ask(client, deadline=in_seconds(0.1)))
    assert isinstance(error, GeminiTimeout)
    assert error.waited_for == "turn"
    hold.released.set()
    await ask(client)
    assert (gemini.most_at_once, len(gemini.transcript)) == (1, 2)


async def test_closing_waits_for_running_calls_and_turns_the_rest_away(
    gemini: GeminiStandIn, make_client: ClientMaker
) -> None:
    client, hold = make_client(max_concurrency=1), Hold()
    gemini.script(hold)
    running = asyncio.ensure_future(ask(client))
    await happened(hold.reached)
    waiting = asyncio.ensure_future(ask(client))
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(client.aclose())
    await asyncio.sleep(0)
    late = await outcome(ask(client))
    assert not closing.done()
    hold.released.set()
    assert (await running).usage.outcome == "ok"
    waited = await outcome(waiting)
    await closing
    for error in (late, waited):
        assert isinstance(error, GeminiUnavailable)
        assert error.cause == "closed"
    assert len(gemini.transcript) == 1


async def test_closing_cuts_off_what_hangs_after_a_grace(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    before = set(threading.enumerate())
    client = make_client(timeout=600)
    gemini.script(Hang())
    hanging = asyncio.ensure_future(ask(client))
    await gemini.until(lambda stand_in: stand_in.running == 1)
    await client.aclose(grace=0.05)
    error = await outcome(hanging)
    assert isinstance(error, GeminiUnavailable)
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("gemini")]
