"""kill -9, SIGSTOP and handing back: what was acked becomes one card with one plan, whoever dies on the way."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from bot.sandbox.gemini.faults import Hold
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import DropBefore, Fine, SlackStandIn
from bot.sandbox.slack import Hold as HoldPost
from db.models import PlanVersion, WorkflowPlan
from db.session import Database
from tests.support.bot_process import BotProcess, bot_process, serve_env
from tests.support.town_hall import buttons, cards, load_pack
from tests.support.waiting import happened

TAKEN_OVER_SECONDS = 20.0
"""Of the worker: heartbeat 15 s, dequeue 2 s."""


async def listening(bot: BotProcess, slack: SlackStandIn) -> None:
    slack.request_url = f"http://127.0.0.1:{await bot.port()}/slack/events"


async def plans(database: Database) -> Sequence[WorkflowPlan]:
    async with database.reading() as session:
        return (await session.scalars(select(WorkflowPlan).order_by(WorkflowPlan.number))).all()


def drafted_texts(slack: SlackStandIn) -> list[str]:
    return [card.text for card in cards(slack) if "Discard" in buttons(card)]


@pytest.mark.soak
async def test_a_kill_anywhere_between_ack_and_card_leaves_one_card_each(
    database: Database, database_url: str
) -> None:
    """Killed at once: a post that Slack has not taken, one that it has, a call of the model, and a fresh ack."""
    async with SlackStandIn() as slack, GeminiStandIn(delay=60) as gemini:
        env = serve_env(slack, gemini.url, database_url)
        async with bot_process("serve", env=env) as bot:
            await load_pack(database, slack)
            await listening(bot, slack)
            not_taken, taken = HoldPost(), HoldPost(after_accepting=True)
            slack.faults.script("chat.postMessage", [Fine(), not_taken, taken])
            await slack.send_command("priya", "works", "/mudda", "one: a leak at 5th and Main")
            await slack.wait_for(lambda: cards(slack))
            await slack.send_command("priya", "works", "/mudda", "two: a leak at 5th and Main")
            await happened(not_taken.reached)
            await slack.send_command("priya", "works", "/mudda", "three: a leak at 5th and Main")
            await happened(taken.reached)
            last = await slack.send_command("priya", "works", "/mudda", "four: a leak at 5th and Main")
            assert last.acked
            await bot.kill()
        slack.faults.clear()
        gemini.delay = 0
        async with bot_process("serve", env=env) as bot:
            await listening(bot, slack)
            await slack.wait_for(lambda: len(drafted_texts(slack)) == 4, TAKEN_OVER_SECONDS + 10)
            opened = await plans(database)
            assert [plan.state for plan in opened] == ["DRAFT"] * 4
            assert len(cards(slack)) == 4


@pytest.mark.soak
async def test_another_replica_takes_over_within_twenty_seconds(database: Database, database_url: str) -> None:
    async with SlackStandIn() as slack, GeminiStandIn(delay=60) as gemini:
        env = serve_env(slack, gemini.url, database_url)
        async with bot_process("serve", env=env) as first:
            await load_pack(database, slack)
            await listening(first, slack)
            await slack.send_command("priya", "works", "/mudda", "a leak at 5th and Main")
            await gemini.until(lambda model: len(model.transcript) >= 1)
            async with bot_process("serve", "--only", "worker", env=env) as second:
                await second.port()
                gemini.delay = 0
                await first.kill()
                killed = time.monotonic()
                await slack.wait_for(lambda: drafted_texts(slack), TAKEN_OVER_SECONDS + 5)
                assert time.monotonic() - killed < TAKEN_OVER_SECONDS + 2
        assert len(cards(slack)) == 1
        assert len(await plans(database)) == 1


@pytest.mark.soak
async def test_a_worker_that_only_slept_does_not_overwrite_what_another_did(
    database: Database, database_url: str
) -> None:
    held = Hold()
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        gemini.script(held)
        env = serve_env(slack, gemini.url, database_url)
        async with bot_process("serve", env=env) as sleeper:
            await load_pack(database, slack)
            await listening(sleeper, slack)
            await slack.send_command("priya", "works", "/mudda", "a leak at 5th and Main")
            await happened(held.reached)
            sleeper.send_signal(signal.SIGSTOP)
            async with bot_process("serve", "--only", "worker", env=env) as other:
                await other.port()
                await slack.wait_for(lambda: drafted_texts(slack), TAKEN_OVER_SECONDS + 10)
            held.released.set()
            sleeper.send_signal(signal.SIGCONT)
            await sleeper.line("overtaken|too late", timeout=30)
            # It may have been about to post when it fell asleep, and takes back what is one too many.
            await slack.wait_for(lambda: len(cards(slack)) == 1, 30)
        async with database.reading() as session:
            versions = (await session.scalars(select(PlanVersion.version))).all()
        assert versions == [1]
        assert len(cards(slack)) == 1


@pytest.mark.soak
async def test_a_worker_that_is_stopped_hands_its_draft_back(database: Database, database_url: str) -> None:
    """The next worker has it at once: no heartbeat has to run out first."""
    async with SlackStandIn() as slack, GeminiStandIn(delay=60) as gemini:
        env = serve_env(slack, gemini.url, database_url)
        async with bot_process("serve", env=env) as first:
            await load_pack(database, slack)
            await listening(first, slack)
            await slack.send_command("priya", "works", "/mudda", "a leak at 5th and Main")
            await gemini.until(lambda model: len(model.transcript) >= 1)
            first.send_signal(signal.SIGTERM)
            assert await first.finished() == 0
        gemini.delay = 0
        async with bot_process("serve", env=env) as second:
            await second.port()
            await slack.wait_for(lambda: drafted_texts(slack), 5)
        assert len(cards(slack)) == 1


async def test_a_connection_that_drops_is_no_second_card(database: Database, database_url: str) -> None:
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        env = serve_env(slack, gemini.url, database_url)
        async with bot_process("serve", env=env) as bot:
            await load_pack(database, slack)
            await listening(bot, slack)
            slack.faults.script("chat.postMessage", [DropBefore()])
            await slack.send_command("priya", "works", "/mudda", "a leak at 5th and Main")
            await slack.wait_for(lambda: drafted_texts(slack), 15)
        assert len(cards(slack)) == 1
