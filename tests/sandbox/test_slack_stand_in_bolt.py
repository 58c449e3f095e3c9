"""A real Bolt app against the stand-in: what the stand-in sends is what Bolt expects of Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn

TITLE = {"type": "plain_text", "text": "x"}
NEXT = {"type": "button", "text": TITLE, "action_id": "next", "value": "2"}
ISSUE = {
    "type": "input",
    "block_id": "issue",
    "label": TITLE,
    "element": {"type": "plain_text_input", "action_id": "text"},
}
MODAL = {"type": "modal", "callback_id": "new", "title": TITLE, "submit": TITLE, "blocks": [ISSUE]}


def register(app: AsyncApp) -> None:
    """Listeners of every kind that the bot has."""

    @app.command("/mudda")
    async def command(ack: Any, command: dict[str, Any], client: AsyncWebClient) -> None:
        if command["text"]:
            await ack(text="Page 1", blocks=[{"type": "actions", "elements": [NEXT]}])
        else:
            await client.views_open(trigger_id=command["trigger_id"], view=MODAL)
            await ack()

    @app.event("app_mention")
    async def mention(event: dict[str, Any], say: Any) -> None:
        await say(text="On it.", thread_ts=event["ts"])

    @app.action("next")
    async def turn(ack: Any, respond: Any, action: dict[str, Any]) -> None:
        await ack()
        await respond(text=f"Page {action['value']}", replace_original=True)

    @app.view("new")
    async def submit(ack: Any, view: dict[str, Any]) -> None:
        text = view["state"]["values"]["issue"]["text"]["value"]
        if len(text) < 3:
            await ack(response_action="errors", errors={"issue": "Please say more."})
        else:
            await ack()


@asynccontextmanager
async def bolt(slack: SlackStandIn) -> AsyncIterator[None]:
    """Serve the app, with its own HTTP session, and tell Slack where."""
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session)
        app = AsyncApp(client=client, signing_secret=slack.signing_secret, process_before_response=True)
        register(app)
        runner = web.AppRunner(app.web_app(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        try:
            yield
        finally:
            await runner.cleanup()


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(retry_delays=()) as stand_in, bolt(stand_in):
        yield stand_in


async def test_a_command_with_a_private_answer_and_its_buttons(slack: SlackStandIn) -> None:
    assert (await slack.send_command("priya", "town-square", "/mudda", "list")).acked
    (message,) = slack.ephemerals("town-square", "priya")
    assert message.text == "Page 1"

    assert (await slack.click("priya", "town-square", message.ts, "next")).acked

    assert [(m.ts, m.text) for m in slack.ephemerals("town-square", "priya")] == [(message.ts, "Page 2")]


async def test_a_mention_answered_in_its_thread(slack: SlackStandIn) -> None:
    root, delivery = await slack.send_mention("priya", "works", "a leak")

    assert delivery.acked
    replies = await slack.wait_for(lambda: slack.messages("works", thread_ts=root.ts))
    assert [reply.text for reply in replies] == ["On it."]


async def test_a_modal_opened_refused_and_submitted(slack: SlackStandIn) -> None:
    assert (await slack.send_command("priya", "works", "/mudda")).acked
    (view,) = slack.views("priya")

    refused = await slack.submit_view(view.id, {"issue": {"text": "no"}})
    assert refused.errors == {"issue": "Please say more."}

    assert (await slack.submit_view(view.id, {"issue": {"text": "a leak"}})).acked
    assert slack.views("priya") == []


async def test_a_command_that_nobody_listens_to(slack: SlackStandIn) -> None:
    delivery = await slack.send_command("priya", "works", "/other")

    assert delivery.failed == "dispatch_failed"


async def test_a_wrong_secret_is_refused(slack: SlackStandIn) -> None:
    async with SlackStandIn(signing_secret="another") as stranger:
        stranger.request_url = slack.request_url
        delivery = await stranger.send_command("priya", "works", "/mudda", "list")

    assert delivery.attempts[0].status == 401
