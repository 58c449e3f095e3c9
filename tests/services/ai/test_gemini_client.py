"""GeminiClient against the stand-in: every way an answer can fail to come, and the bounds on what is under way."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from bot.sandbox.gemini.faults import (
    Blocked,
    BrokenJson,
    Drop,
    Fault,
    Finished,
    Hang,
    Hold,
    NoCandidates,
    Page,
    Slow,
    Status,
    Text,
    Truncated,
)
from bot.sandbox.gemini.server import GeminiStandIn
from services.ai.errors import (
    GeminiBlocked,
    GeminiEmpty,
    GeminiError,
    GeminiMalformed,
    GeminiRefused,
    GeminiTimeout,
    GeminiTruncated,
    GeminiUnavailable,
)
from services.ai.gemini import STAND_IN_MODEL, GeminiClient, ModelAnswer, RetryPolicy
from services.formats.strict_json import NotJson

KEY = "AIza-secret-0123456789"
QUICK = RetryPolicy(attempts=3, base=0.01, least=0.05)
SCHEMA = {
    "type": "object",
    "properties": {"selected_component_ids": {"type": "array", "items": {"type": "string"}}},
    "required": ["selected_component_ids"],
}
PROMPT = '<data name="issue">\n{"text":"A pothole"}\n</data>\n<data name="components">\n</data>'

ClientMaker = Callable[..., GeminiClient]


@pytest.fixture
async def gemini() -> AsyncIterator[GeminiStandIn]:
    async with GeminiStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def make_client(gemini: GeminiStandIn) -> AsyncIterator[ClientMaker]:
    clients: list[GeminiClient] = []

    def make(**settings: Any) -> GeminiClient:
        defaults = {"endpoint": gemini.url, "max_concurrency": 4, "retries": QUICK}
        client = GeminiClient(settings.pop("api_key", KEY), "gemini-3.8-flash", **{**defaults, **settings})
        clients.append(client)
        return client

    yield make
    await gemini.stop()
    for client in clients:
        await client.aclose()


def ask(client: GeminiClient, *, deadline: float | None = None, prompt: str = PROMPT) -> Awaitable[ModelAnswer]:
    return client.generate_async(
        system="Be brief.", prompt=prompt, schema=SCHEMA, agent="selector", deadline=deadline
    )


def in_seconds(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def outcome(awaitable: Awaitable[ModelAnswer]) -> GeminiError:
    with pytest.raises(GeminiError) as caught:
        await awaitable
    return caught.value


async def test_an_answer_comes_with_its_document_and_account(
    gemini: GeminiStandIn, make_client: ClientMaker
) -> None:
    gemini.script(Slow(0.1))
    answer = await ask(make_client())
    assert answer.document == {"selected_component_ids": []}
    usage = answer.usage
    assert (usage.model, usage.agent, usage.outcome, usage.attempts) == (STAND_IN_MODEL, "selector", "ok", 1)
    assert usage.total_tokens == usage.prompt_tokens + usage.output_tokens > usage.output_tokens > 0
    assert usage.latency_ms >= 100
    assert usage.to_row()["agent"] == "selector"


async def test_the_request_is_the_apis(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    await ask(make_client())
    (asked,) = gemini.transcript
    assert (asked.model, asked.system, asked.prompt, asked.key) == (
        "gemini-3.8-flash",
        "Be brief.",
        PROMPT,
        KEY,
    )
    assert asked.schema["required"] == ["selected_component_ids"]


async def test_text_in_any_script_arrives_as_it_is(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    prompt = PROMPT + "\nНа улице Ленина течёт вода 🚰 \u200f مياه {{x}} <!channel>"
    await ask(make_client(), prompt=prompt)
    assert gemini.transcript[0].prompt == prompt


async def test_no_request_may_be_kept_by_google(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    gemini.script(Status(503), BrokenJson())
    client = make_client()
    await outcome(ask(client))
    await asyncio.gather(*[ask(client, prompt=PROMPT + "ü" * length) for length in (0, 1, 100_000)])
    assert [asked.store for asked in gemini.transcript] == [False] * 5


@pytest.mark.parametrize(
    "fault",
    [*map(Status, (429, 499, 500, 502, 503, 504)), Status(503, in_list=True), Drop(), Page(200), Page(502)],
    ids=repr,
)
async def test_what_may_pass_is_tried_again(gemini: GeminiStandIn, make_client: ClientMaker, fault: Fault) -> None:
    gemini.script(fault)
    answer = await ask(make_client())
    assert (answer.usage.outcome, answer.usage.attempts, len(gemini.transcript)) == ("ok", 2, 2)


async def test_after_the_last_attempt_the_cause_is_told(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    gemini.script(*[Status(503)] * 9)
    error = await outcome(ask(make_client()))
    assert isinstance(error, GeminiUnavailable)
    assert (error.cause, error.status) == ("status", 503)
    assert error.usage is not None
    assert (error.usage.attempts, error.usage.outcome) == (3, "unavailable")
    assert len(gemini.transcript) == 3


async def test_the_servers_retry_delay_is_kept(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    gemini.script(Status(429, retry_delay=0.3))
    await ask(make_client())
    first, second = gemini.transcript
    assert second.at - first.at >= 0.3


async def test_no_wait_for_a_retry_that_could_not_finish(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    gemini.script(Status(429, retry_delay=60))
    deadline = in_seconds(30)
    error = await outcome(ask(make_client(), deadline=deadline))
    assert isinstance(error, GeminiUnavailable)
    assert (error.status, len(gemini.transcript)) == (429, 1)
    assert asyncio.get_running_loop().time() < deadline


@pytest.mark.parametrize(
    "status",
    [
        *(Status(400, reason="API_KEY_INVALID", in_list=in_list) for in_list in (False, True)),
        *map(Status, (401, 403, 404)),
        *(Status(429, 1, daily=True, in_list=in_list) for in_list in (False, True)),
    ],
    ids=repr,
)
async def test_a_refusal_is_not_tried_again(
    gemini: GeminiStandIn, make_client: ClientMaker, status: Status
) -> None:
    gemini.script(status)
    error = await outcome(ask(make_client()))
    assert isinstance(error, GeminiRefused)
    assert (error.status, len(gemini.transcript)) == (status.code, 1)
    assert error.reason == ("QUOTA_EXHAUSTED" if status.daily else status.reason)


async def test_a_refused_connection(make_client: ClientMaker) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = make_client(endpoint=f"http://127.0.0.1:{unused.getsockname()[1]}")
        error = await outcome(ask(client))
    assert isinstance(error, GeminiUnavailable)
    assert error.cause == "connection"
    assert error.usage is not None
    assert error.usage.attempts == 3


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
    await hold.reached.wait()
    error = await outcome(ask(client, deadline=in_seconds(0.1)))
    hold.released.set()
    await first
    assert isinstance(error, GeminiTimeout)
    assert (error.waited_for, len(gemini.transcript)) == ("turn", 1)


@pytest.mark.parametrize(
    ("fault", "kind", "word"),
    [
        (Blocked("prompt"), GeminiBlocked, "blocked"),
        (Blocked("answer"), GeminiBlocked, "blocked"),
        (NoCandidates(), GeminiEmpty, "empty"),
        (Finished("RECITATION"), GeminiEmpty, "empty"),
        (Finished("LANGUAGE"), GeminiEmpty, "empty"),
        (Text("  \n"), GeminiEmpty, "empty"),
        (Truncated(), GeminiTruncated, "truncated"),
        (BrokenJson(), GeminiMalformed, "malformed"),
        (Text("NaN"), GeminiMalformed, "malformed"),
        (Text('{"a": "\\u0000"}'), GeminiMalformed, "malformed"),
        (Text("[" * 100_000), GeminiMalformed, "malformed"),
    ],
)
async def test_an_answer_of_no_use_is_named_and_paid_for(
    gemini: GeminiStandIn, make_client: ClientMaker, fault: Fault, kind: type[GeminiError], word: str
) -> None:
    gemini.script(fault)
    error = await outcome(ask(make_client()))
    assert type(error) is kind
    assert error.usage is not None
    assert (error.usage.outcome, error.usage.attempts, error.usage.model) == (word, 1, STAND_IN_MODEL)
    assert error.usage.prompt_tokens > 0


async def test_the_filters_word_is_kept(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    gemini.script(Blocked("prompt"), Blocked("answer"))
    client = make_client()
    for where in ("prompt", "answer"):
        error = await outcome(ask(client))
        assert isinstance(error, GeminiBlocked)
        assert (error.where, error.reason) == (where, "SAFETY")


async def test_the_65th_call_waits_for_a_thread(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    client = make_client(max_concurrency=64)
    holds = [Hold() for _ in range(65)]
    gemini.script(*holds)
    calls = [asyncio.ensure_future(ask(client)) for _ in range(65)]
    await gemini.until(lambda stand_in: stand_in.running == 64)
    assert not holds[64].reached.is_set()
    holds[0].released.set()
    await holds[64].reached.wait()
    for hold in holds:
        hold.released.set()
    await asyncio.gather(*calls)
    assert (gemini.most_at_once, len(gemini.transcript)) == (64, 65)


async def test_more_than_may_wait_are_turned_away(gemini: GeminiStandIn, make_client: ClientMaker) -> None:
    client, hold = make_client(max_concurrency=1, max_waiting=1), Hold()
    gemini.script(hold)
    first = asyncio.ensure_future(ask(client))
    await hold.reached.wait()
    second = asyncio.ensure_future(ask(client))
    await asyncio.sleep(0)  # until it waits
    error = await outcome(ask(client))
    hold.released.set()
    await asyncio.gather(first, second)
    assert isinstance(error, GeminiUnavailable)
    assert (error.cause, len(gemini.transcript)) == ("busy", 2)


async def test_cancelling_frees_the_caller_at_once_and_the_thread_later(
    gemini: GeminiStandIn, make_client: ClientMaker
) -> None:
    client, hold = make_client(max_concurrency=1), Hold()
    gemini.script(hold)
    first = asyncio.ensure_future(ask(client))
    await hold.reached.wait()
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
    await hold.reached.wait()
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


async def test_two_clients_keep_their_keys_and_endpoints_apart(
    gemini: GeminiStandIn, make_client: ClientMaker
) -> None:
    async with GeminiStandIn() as other:
        one, two = make_client(api_key="key-one"), make_client(api_key="key-two", endpoint=other.url + "/")
        await asyncio.gather(*[ask(client) for client in (one, two) for _ in range(5)])
        assert {asked.key for asked in gemini.transcript} == {"key-one"}
        assert {asked.key for asked in other.transcript} == {"key-two"}
        await two.aclose()


async def test_this_machine_is_reached_past_a_proxy(
    make_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert (await ask(make_client())).usage.outcome == "ok"


@pytest.mark.parametrize(
    "fault",
    [
        Status(400, message=f"API key {KEY} not valid"),
        Status(503, message=f"cannot route {KEY}"),
        Status(403),
        Drop(),
        Page(),
        Slow(5),
        BrokenJson(),
        Blocked(),
    ],
    ids=lambda fault: type(fault).__name__,
)
async def test_the_key_shows_nowhere(
    gemini: GeminiStandIn, make_client: ClientMaker, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    caplog.set_level(logging.DEBUG)
    gemini.script(*[fault] * 9)
    error = await outcome(ask(make_client(timeout=0.2)))
    shown = [str(error), repr(error), *traceback.format_exception(error), str(vars(error)), caplog.text]
    shown += [str(vars(record)) for record in caplog.records]
    assert not [text for text in shown if KEY in text]
    # The SDK's exceptions hold the request, headers and all; they must not travel along.
    assert isinstance(error.__context__, NotJson | None)
