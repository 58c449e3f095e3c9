"""kill -9 while an answer is streamed: whoever takes over makes one complete message of it."""

from __future__ import annotations

import json

import pytest

from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import Hold, SlackStandIn
from db.session import Database
from services import workspaces
from tests.support.asking import words_of
from tests.support.bot_process import BotProcess, bot_process, serve_env
from tests.support.record import town
from tests.support.town_hall import load_pack
from tests.support.waiting import happened

TAKEN_OVER_SECONDS = 60.0


async def listening(bot: BotProcess, slack: SlackStandIn) -> None:
    slack.request_url = f"http://127.0.0.1:{await bot.port()}/slack/events"


@pytest.mark.soak
@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update"])
async def test_a_kill_anywhere_leaves_one_complete_answer(
    database: Database, database_url: str, method: str
) -> None:
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        env = serve_env(slack, gemini.url, database_url)
        taken = Hold(after_accepting=True)
        async with bot_process("serve", env=env) as bot:
            await load_pack(database, slack)
            async with database.transaction() as session:
                workspace = await workspaces.ensure(session, slack.workspace.team.id)
            await town(database, workspace)
            await listening(bot, slack)
            slack.faults.script(method, [taken])
            dm = slack.dm("priya").id
            asked, _ = slack.post_user_message("priya", dm, "which plans are open?")
            await happened(taken.reached)
            await bot.kill()
        slack.faults.clear()
        async with bot_process("serve", env=env) as bot:
            await listening(bot, slack)

            def is_complete() -> bool:
                found = slack.messages(dm, thread_ts=asked.ts)
                drawn = json.dumps([each.blocks for each in found])
                return "task_card" not in drawn and "on record" in "".join(words_of(each.blocks) for each in found)

            if method != "chat.update":
                assert not is_complete()
            await slack.wait_for(is_complete, TAKEN_OVER_SECONDS)
            [answer] = slack.messages(dm, thread_ts=asked.ts)
            assert answer.stream is None
            assert "9 on record" in words_of(answer.blocks)
