"""What people wrote, and what opens doors, is in no log: not at DEBUG, and whatever goes wrong."""

from __future__ import annotations

from sqlalchemy import text

from bot.sandbox.gemini.faults import NoCandidates, Status, Text
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import ErrorWord, ServerError, SlackStandIn
from bot.slack import ids
from db.session import Database
from tests.support.bot_process import bot_process, serve_env
from tests.support.town_hall import buttons, cards, load_pack

WORDS = "Mrs-Quimby-of-12-Elm-Street"


async def test_no_log_has_peoples_words_or_secrets(database: Database, database_url: str) -> None:
    async with (
        SlackStandIn(retry_delays=(0.0, 0.1, 0.2)) as slack,
        GeminiStandIn() as gemini,
        bot_process("serve", env=serve_env(slack, gemini.url, database_url) | {"LOG_LEVEL": "DEBUG"}) as bot,
    ):
        slack.request_url = f"http://127.0.0.1:{await bot.port()}/slack/events"
        await load_pack(database, slack)
        gemini.script(Text(f"{WORDS} is no JSON"), Status(503), NoCandidates())
        slack.faults.script("chat.update", [ErrorWord("invalid_blocks"), ErrorWord("odd"), ServerError(500)])
        slack.faults.script("chat.postMessage", [ErrorWord("odd")])
        commands = [
            await slack.send_command("priya", "works", "/mudda", f"A leak, says {WORDS}") for _ in range(3)
        ]
        await slack.wait_for(lambda: len([card for card in cards(slack) if buttons(card)]) == 3, 40)
        await slack.send_mention("priya", "works", f"A leak, says {WORDS}")
        # Signed, and of no use: a field too few, a body that is none, and another workspace's.
        for old, new in ((b"user_id", b"nobody"), (b"team_id", b"no_team"), (b"command", b"nothing")):
            broken = slack.prepare_command("priya", "works", "/mudda", f"One more leak, says {WORDS}")
            broken.body = broken.body.replace(old, new)
            await slack.deliver(broken)
        async with database.engine.begin() as session:
            await session.execute(text("ALTER TABLE inbox RENAME TO elsewhere"))
        await slack.send_command("priya", "works", "/mudda", f"Another leak here, says {WORDS}")
        async with database.engine.begin() as session:
            await session.execute(text("ALTER TABLE elsewhere RENAME TO inbox"))
            await session.execute(text("ALTER TABLE workflow_plans RENAME COLUMN issue_text TO lost"))
        await slack.send_command("priya", "works", "/mudda", f"A third leak, says {WORDS}")
        card = next(card for card in cards(slack) if buttons(card))
        await slack.click("marco", "works", card.ts, ids.ACTION_DISCARD)
        await bot.line("INSERT INTO workflow_plans")
        await bot.kill()
        log = bot.output
        assert "Traceback" in log
        assert "DEBUG" in log
        form = commands[0].context["form"]
        secrets = [slack.bot_token, slack.signing_secret, form["response_url"], form["trigger_id"]]
        assert [secret for secret in [WORDS, *secrets] if secret in log] == []
