"""GeminiClient against the stand-in: every way an answer can come, or fail to."""

from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from typing import get_args

import pytest

from bot.sandbox.gemini.faults import (
    Blocked,
    BrokenJson,
    Drop,
    Fault,
    Finished,
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
    GeminiTruncated,
    GeminiUnavailable,
)
from services.ai.gemini import STAND_IN_MODEL, Sdk, Thinking
from services.formats.strict_json import NotJson
from tests.support.gemini_client import KEY, PROMPT, ClientMaker, ask, in_seconds, outcome


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


async def test_the_request_is_the_apis(gemini: GeminiStandIn, make_client: ClientMaker, sdk: Sdk) -> None:
    await ask(make_client())
    (asked,) = gemini.transcript
    assert (asked.model, asked.system, asked.prompt, asked.key) == (
        "gemini-3.8-flash",
        "Be brief.",
        PROMPT,
        KEY,
    )
    assert asked.schema["required"] == ["selected_component_ids"]
    assert asked.version == {"generativeai": "v1beta", "genai": "v1"}[sdk]
    assert asked.thinking is None


async def test_how_hard_to_think_is_said(gemini: GeminiStandIn, make_client: ClientMaker, sdk: Sdk) -> None:
    if sdk == "generativeai":
        with pytest.raises(ValueError, match="how hard"):
            make_client(thinking="low")
        return
    for level in get_args(Thinking):
        await ask(make_client(thinking=level))
    assert [str(asked.thinking).lower() for asked in gemini.transcript] == ["low", "medium", "high"]


async def test_another_model_than_was_asked_is_warned_of_once(
    gemini: GeminiStandIn, make_client: ClientMaker, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client()
    for gemini.model in ("gemini-3.8-flash-001", "gemini-3.5-flash-lite", "gemini-3.5-flash-lite", "gemini-9"):
        assert (await ask(client)).usage.model == gemini.model
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warned == [
        "Gemini: gemini-3.8-flash was asked, and gemini-3.5-flash-lite answered",
        "Gemini: gemini-3.8-flash was asked, and gemini-9 answered",
    ]


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


@pytest.mark.parametrize(
    ("fault", "kind", "word"),
    [
        (Blocked("prompt"), GeminiBlocked, "blocked"),
        (Blocked("answer"), GeminiBlocked, "blocked"),
        (Finished("IMAGE_OTHER"), GeminiBlocked, "blocked"),
        (Finished("TOO_MANY_TOOL_CALLS"), GeminiEmpty, "empty"),
        (Finished(99), GeminiEmpty, "empty"),
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
