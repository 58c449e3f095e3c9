"""Shortcuts and emoji go to the app as from Slack, and only where Slack has them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.sandbox.slack import NotThere, SlackStandIn
from bot.slack import ids
from bot.slack.payloads import message_shortcut, reaction, shortcut
from bot.slack.scopes import BOT_SCOPES


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(retry_delays=()) as running:
        yield running


async def test_a_message_shortcut_says_what_the_message_is_and_where_to_answer(slack: SlackStandIn) -> None:
    message, _ = slack.post_user_message("dana", "town-square", "A leak")
    prepared = slack.gestures.prepare_message_shortcut("priya", "town-square", message.ts, ids.SHORTCUT_PLAN)
    payload = prepared.context["payload"]
    assert (payload["type"], payload["callback_id"]) == ("message_action", ids.SHORTCUT_PLAN)
    assert (payload["message"]["text"], payload["message"]["user"]) == ("A leak", "U0DANA0001")
    read = message_shortcut(payload)
    assert (read.user, read.channel, read.message_ts) == ("U0PRIYA001", message.channel, message.ts)
    async with aiohttp.ClientSession() as session:
        await session.post(str(read.response_url), json={"text": "Not here"})
    assert [each.text for each in slack.ephemerals("town-square", "priya")] == ["Not here"]


async def test_a_global_shortcut_says_neither_where_nor_how_to_answer(slack: SlackStandIn) -> None:
    sent = await slack.gestures.shortcut("priya", ids.SHORTCUT_REPORT)
    payload = sent.context["payload"]
    assert payload["type"] == "shortcut"
    assert not {"channel", "response_url", "message"} & payload.keys()
    assert shortcut(payload).user == "U0PRIYA001"


async def test_a_shortcut_of_the_other_kind_or_of_nobody_is_not_there(slack: SlackStandIn) -> None:
    message, _ = slack.post_user_message("dana", "works", "A leak")
    for callback_id in (ids.SHORTCUT_REPORT, "nobody.s"):
        with pytest.raises(NotThere):
            slack.gestures.prepare_message_shortcut("priya", "works", message.ts, callback_id)
    with pytest.raises(NotThere):
        await slack.gestures.shortcut("priya", ids.SHORTCUT_PLAN)
    with pytest.raises(NotThere):
        slack.gestures.prepare_message_shortcut("priya", "works", "1.1", ids.SHORTCUT_PLAN)


async def test_the_app_hears_of_an_emoji_once_and_only_where_it_is(slack: SlackStandIn) -> None:
    there, _ = slack.post_user_message("dana", "works", "A leak")
    elsewhere, _ = slack.post_user_message("dana", "town-square", "A leak")
    told = await slack.gestures.react("priya", "works", there.ts, "mudda")
    assert told is not None
    read = reaction(told.context["envelope"])
    assert (read.user, read.author, read.name) == ("U0PRIYA001", "U0DANA0001", "mudda")
    assert (read.channel, read.message_ts) == (there.channel, there.ts)
    assert await slack.gestures.react("priya", "works", there.ts, "mudda") is None
    assert there.reactions == {}
    assert await slack.gestures.react("priya", "town-square", elsewhere.ts, "mudda") is None
    assert elsewhere.reactions == {"mudda": ["U0PRIYA001"]}


@pytest.mark.parametrize(
    ("token", "scopes", "status", "kind"),
    [
        ("", BOT_SCOPES, 403, "text/html"),
        ("xoxb-another", BOT_SCOPES, 403, "text/html"),
        (None, set(BOT_SCOPES) - {"files:read"}, 200, "text/html"),
        (None, BOT_SCOPES, 200, "image/png"),
    ],
)
async def test_a_file_goes_to_the_apps_token_with_its_scope_alone(
    slack: SlackStandIn, token: str | None, scopes: set[str], status: int, kind: str
) -> None:
    file = slack.upload("dana", "tap.png", b"\x89PNG")
    slack.scopes = frozenset(scopes)
    url = f"{slack.url}/files-pri/{slack.workspace.team.id}-{file.id}/tap.png"
    headers = {"Authorization": f"Bearer {slack.bot_token if token is None else token}"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (status, kind)
        assert (await answer.read() == b"\x89PNG") is (kind == "image/png")


async def test_who_has_slack_in_another_language_is_told_of_without_saying_what_has_changed() -> None:
    async with SlackStandIn(retry_delays=()) as slack:
        sent = await slack.gestures.choose_language("priya", "de-DE")
        assert sent is not None
        event = sent.context["envelope"]["event"] if "envelope" in sent.context else {}
        assert slack.user("priya").locale == "de-DE"
        assert "locale" not in event.get("user", {})
        with pytest.raises(ValueError, match="language"):
            await slack.gestures.choose_language("priya", "<b>")
    async with SlackStandIn(retry_delays=(), events=frozenset()) as slack:
        assert await slack.gestures.choose_language("priya", "de-DE") is None
