"""`mudda serve`: what is wrong is said in plain lines, and a stop is a stop."""

from __future__ import annotations

import signal
import time

import aiohttp

from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import SlackStandIn
from db.session import Database
from tests.support.bot_process import bot_process, serve_env
from tests.support.commands import command
from tests.support.town_hall import load_pack


async def test_everything_that_is_missing_is_named_at_once() -> None:
    async with bot_process("serve", env={}) as bot:
        assert await bot.finished() == 2
    lines = bot.output.splitlines()
    assert [line.split()[0] for line in lines] == ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "GEMINI_API_KEY"]


async def test_everything_that_is_wrong_is_named_at_once() -> None:
    env = {"PORT": "http", "GEMINI_TIMEOUT_SECONDS": "-1", "DATABASE_URL": "mysql://x", "LOG_LEVEL": "LOUD"}
    status, said = await command("serve", env=env)
    assert status == 2
    assert {line.split(":")[0] for line in said.splitlines()} == set(env)


async def test_a_token_that_slack_refuses_is_named(database_url: str) -> None:
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        env = serve_env(slack, gemini.url, database_url) | {"SLACK_BOT_TOKEN": "xoxb-wrong"}
        status, said = await command("serve", env=env)
    assert status == 2
    assert "SLACK_BOT_TOKEN" in said
    assert "invalid_auth" in said
    assert "xoxb-wrong" not in said


async def test_a_database_that_is_not_there_is_named() -> None:
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        env = serve_env(slack, gemini.url, "postgresql://postgres@127.0.0.1:1/none")
        status, said = await command("serve", env=env)
    assert status == 2
    assert said.startswith("DATABASE_URL")


async def test_sigterm_ends_within_ten_seconds_whatever_runs(database: Database, database_url: str) -> None:
    async with (
        SlackStandIn() as slack,
        GeminiStandIn(delay=30) as gemini,
        bot_process("serve", env=serve_env(slack, gemini.url, database_url)) as bot,
    ):
        slack.request_url = f"http://127.0.0.1:{await bot.port()}/slack/events"
        await load_pack(database, slack)
        await slack.send_command("priya", "works", "/mudda", "a leak at 5th and Main")
        await gemini.until(lambda model: model.running == 1)
        bot.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert await bot.finished() == 0
        assert time.monotonic() - started < 10


async def test_health_readiness_and_metrics_are_served_though_the_model_has_ended(database_url: str) -> None:
    async with (
        SlackStandIn() as slack,
        GeminiStandIn() as gemini,
        bot_process(
            "serve", env=serve_env(slack, gemini.url, database_url) | {"GEMINI_MODEL": "gemini-3.5-flash"}
        ) as bot,
        aiohttp.ClientSession(f"http://127.0.0.1:{await bot.port()}") as http,
    ):
        assert (await http.get("/healthz")).status == 200
        ready = await http.get("/readyz")
        assert (ready.status, await ready.json()) == (
            200,
            {"status": "ready", "database": "ok", "worker": "ok"},
        )
        told = await (await http.get("/metrics")).text()
        for line in (
            'mudda_slack_calls_total{method="auth.test",outcome="ok"} 1.0',
            'mudda_jobs_waiting{lane="quick"} 0.0',
            "mudda_database_up 1.0",
            "mudda_database_connections_most 10.0",
        ):
            assert line in told
        assert "process_resident_memory_bytes" in told
    assert "Gemini: the model gemini-3.5-flash (GEMINI_MODEL) has ended on 2026-10-08" in bot.output
