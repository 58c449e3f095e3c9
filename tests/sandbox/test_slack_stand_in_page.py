"""The API behind the stand-in's page, and the stand-in as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.stand_in_app import BOT, MARCO, PRIYA, WORKS, Answer, World, get_state, world
from tests.support.waiting import ended, line_of

ROOT = Path(__file__).parents[2]
TITLE = {"type": "plain_text", "text": "x"}
ROW = [{"type": "actions", "elements": [{"type": "button", "text": TITLE, "action_id": "go", "value": "7"}]}]


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world(banner="A stand-in plans.", retry_delays=()) as there:
        yield there


async def post(here: World, path: str, headers: Any = None, **body: Any) -> tuple[int, Any]:
    async with here.http.post(f"{here.slack.url}/ui/{path}", json=body, headers=headers) as response:
        return response.status, await response.json()


def channel_in(state: dict[str, Any], name: str) -> dict[str, Any]:
    (channel,) = [channel for channel in state["channels"] if channel["name"] == name]
    found: dict[str, Any] = channel
    return found


class TestState:
    async def test_the_workspace(self, here: World) -> None:
        state = await get_state(here)

        assert state["team"] == {"id": "T0MUDDA001", "name": "Springfield", "domain": "springfield"}
        assert (state["banner"], state["me"], state["bot"]["id"]) == ("A stand-in plans.", PRIYA, BOT)
        assert [user["name"] for user in state["users"]] == ["priya", "marco", "dana", "mudda"]
        assert state["groups"][0] == {"id": "S0WATERCRW", "handle": "water-crew", "name": "Water crew"}
        assert [command["command"] for command in state["commands"]] == ["/mudda", "/components", "/workflows"]
        names = [channel["name"] for channel in state["channels"]]
        assert names == ["works", "water", "town-square", "council", "Mudda"]
        assert channel_in(state, "Mudda")["user"] == BOT
        assert (state["views"], state["home"]) == ([], None)

    async def test_the_first_person_unless_told(self, here: World) -> None:
        async with here.http.get(f"{here.slack.url}/ui/state") as response:
            assert (await response.json())["me"] == PRIYA

    async def test_nobody_of_that_name(self, here: World) -> None:
        async with here.http.get(f"{here.slack.url}/ui/state", params={"user": "U1"}) as response:
            assert response.status == 404

    async def test_messages_replies_and_what_is_private(self, here: World) -> None:
        root, _ = here.slack.post_user_message("priya", "works", "a leak")
        reply = await here.client.chat_postMessage(channel=WORKS, text="seen", thread_ts=root.ts, blocks=ROW)
        await here.client.chat_postEphemeral(channel=WORKS, user=PRIYA, text="psst")
        await here.client.reactions_add(channel=WORKS, timestamp=root.ts, name="eyes")
        await here.client.chat_update(channel=WORKS, ts=reply["ts"], text="planned")

        mine = channel_in(await get_state(here), "works")["messages"]
        theirs = channel_in(await get_state(here, MARCO), "works")["messages"]

        assert [(m["text"], m["ephemeral"]) for m in mine] == [
            ("a leak", False),
            ("planned", False),
            ("psst", True),
        ]
        assert (mine[0]["reply_count"], mine[0]["thread_ts"]) == (1, root.ts)
        assert mine[0]["reactions"] == [{"name": "eyes", "users": [BOT], "count": 1}]
        assert (mine[1]["thread_ts"], mine[1]["edited"]["user"], mine[1]["blocks"]) == (root.ts, BOT, [])
        assert [message["text"] for message in theirs] == ["a leak", "planned"]

    async def test_direct_messages_are_for_their_members(self, here: World) -> None:
        await here.client.chat_postMessage(channel=PRIYA, text="psst")

        assert channel_in(await get_state(here), "Mudda")["messages"]
        assert not channel_in(await get_state(here, MARCO), "Mudda")["messages"]

    async def test_only_the_newest_messages_are_loaded(self, here: World) -> None:
        for number in range(301):
            here.slack.post_user_message("priya", "works", str(number))

        messages = channel_in(await get_state(here), "works")["messages"]

        assert (len(messages), messages[0]["text"], messages[-1]["text"]) == (300, "1", "300")


class TestMessages:
    async def test_a_mention(self, here: World) -> None:
        text = "@Mudda & @priya: <leak> in #water, mail a@mudda.example, @nobody #5th"

        status, answer = await post(here, "message", user=PRIYA, channel=WORKS, text=text)

        await here.slack.wait_for(lambda: here.app.received)
        event = here.app.received[0].json["event"]
        assert (status, answer) == (200, {"ok": True, "ts": event["ts"]})
        assert event["text"] == (
            f"<@{BOT}> &amp; <@{PRIYA}>: &lt;leak&gt; in <#C0WATER001|water>, mail a@mudda.example, @nobody #5th"
        )

    async def test_in_a_thread(self, here: World) -> None:
        root, _ = here.slack.post_user_message("priya", "works", "a leak")

        await post(here, "message", user=PRIYA, channel=WORKS, text="more", thread_ts=root.ts)

        assert root.reply_count == 1

    async def test_a_command(self, here: World) -> None:
        text = "/mudda  a <leak>, ask @marco or @water-crew "
        answer = await post(here, "message", user=PRIYA, channel=WORKS, text=text)

        form = here.app.received[0].form
        assert answer == (200, {"ok": True, "command": "/mudda"})
        assert (form["command"], form["text"]) == (
            "/mudda",
            f"a &lt;leak&gt;, ask <@{MARCO}|marco> or <!subteam^S0WATERCRW|@water-crew>",
        )
        assert here.slack.messages("works") == []

    @pytest.mark.parametrize(
        ("body", "word"),
        [
            ({"text": "/giphy cat"}, "unknown_command"),
            ({"text": "/mudda x", "thread_ts": "1.0"}, "not_in_threads"),
            ({"text": "/invite @nobody"}, "user_not_found"),
        ],
    )
    async def test_commands_that_come_to_nothing(self, here: World, body: dict[str, str], word: str) -> None:
        status, answer = await post(here, "message", user=PRIYA, channel=WORKS, **body)

        assert (status, answer["ok"], answer["error"]) == (200, False, word)
        assert here.app.received == []

    async def test_a_command_that_is_not_acked(self, here: World) -> None:
        here.app.answers.append(Answer(status=500))

        _, answer = await post(here, "message", user=PRIYA, channel=WORKS, text="/mudda")

        assert answer["error"] == "dispatch_failed"
        assert answer["message"]
        assert channel_in(await get_state(here), "works")["messages"][0]["user"] == "USLACKBOT"

    async def test_inviting_the_bot(self, here: World) -> None:
        square = here.slack.channel("town-square")

        await post(here, "message", user=PRIYA, channel=square.id, text="/invite @mudda")

        assert BOT in square.members
        assert (await here.client.chat_postMessage(channel=square.id, text="x"))["ok"]


class TestActions:
    async def test_a_click(self, here: World) -> None:
        ts = (await here.client.chat_postMessage(channel=WORKS, text="x", blocks=ROW))["ts"]
        block_id = channel_in(await get_state(here), "works")["messages"][0]["blocks"][0]["block_id"]

        answer = await post(
            here, "click", user=MARCO, channel=WORKS, message_ts=ts, block_id=block_id, action_id="go"
        )

        assert answer == (200, {"ok": True})
        payload = here.app.received[0].payload
        assert (payload["user"]["id"], payload["actions"][0]["value"]) == (MARCO, "7")

    async def test_a_choice(self, here: World) -> None:
        options = [{"text": TITLE, "value": value} for value in ("a", "b")]
        menus = [
            {"type": "static_select", "action_id": "one", "options": options},
            {"type": "checkboxes", "action_id": "many", "options": options},
        ]
        blocks = [{"type": "actions", "elements": menus}]
        ts = (await here.client.chat_postMessage(channel=WORKS, text="x", blocks=blocks))["ts"]
        where = {"user": PRIYA, "channel": WORKS, "message_ts": ts}

        await post(here, "click", **where, action_id="one", selected_option="b")
        await post(here, "click", **where, action_id="many", selected_options=["a", "b"])
        status, _ = await post(here, "click", **where, action_id="one", selected_option="c")

        one, many = (request.payload["actions"][0] for request in here.app.received)
        assert one["selected_option"] == options[1]
        assert many["selected_options"] == options
        assert status == 400

    async def test_a_click_that_is_not_acked(self, here: World) -> None:
        ts = (await here.client.chat_postMessage(channel=WORKS, text="x", blocks=ROW))["ts"]
        here.app.answers.append(Answer(status=500))

        _, answer = await post(here, "click", user=PRIYA, channel=WORKS, message_ts=ts, action_id="go")

        assert answer["error"] == "dispatch_failed"
        assert answer["message"]

    @pytest.mark.parametrize(
        ("path", "body", "word"),
        [
            ("click", {"channel": WORKS, "message_ts": "1.0", "action_id": "go"}, "message_not_found"),
            ("click", {"channel": "C1", "message_ts": "1.0", "action_id": "go"}, "channel_not_found"),
            ("click", {"view_id": "V1", "action_id": "go"}, "view_not_found"),
            ("view/submit", {"view_id": "V1", "values": {}}, "view_not_found"),
            ("view/close", {"view_id": "V1"}, "view_not_found"),
            ("message", {"channel": WORKS, "text": "x", "thread_ts": "1.0"}, "message_not_found"),
            ("dm", {"with": "U1"}, "user_not_found"),
        ],
    )
    async def test_what_is_not_there(self, here: World, path: str, body: dict[str, Any], word: str) -> None:
        status, answer = await post(here, path, user=PRIYA, **body)

        assert (status, answer["error"]) == (404, word)

    async def test_channels_of_others_are_not_there(self, here: World) -> None:
        theirs = here.slack.dm("marco").id

        status, _ = await post(here, "message", user=PRIYA, channel=theirs, text="hi")

        assert status == 404

    @pytest.mark.parametrize("body", [{}, {"user": PRIYA}, {"user": PRIYA, "channel": 7, "text": "x"}])
    async def test_what_cannot_be_understood(self, here: World, body: dict[str, Any]) -> None:
        status, answer = await post(here, "message", **body)

        assert (status, answer["error"]) == (400, "invalid_arguments")

    async def test_a_modal(self, here: World) -> None:
        element = {"type": "plain_text_input", "action_id": "text"}
        block = {"type": "input", "block_id": "issue", "label": TITLE, "element": element}
        view = {"type": "modal", "title": TITLE, "submit": TITLE, "blocks": [block, *ROW]}
        trigger = here.slack.prepare_command("priya", "works", "/mudda").context["form"]["trigger_id"]
        await here.client.views_open(trigger_id=trigger, view=view)
        (shown,) = (await get_state(here))["views"]
        about = {"user": PRIYA, "view_id": shown["id"]}
        here.app.answers.append(Answer())
        here.app.answers.append(Answer(body={"response_action": "errors", "errors": {"issue": "Where?"}}))

        clicked = await post(here, "click", **about, action_id="go")
        empty = await post(here, "view/submit", **about, values={"issue": {"text": ""}})
        vague = await post(here, "view/submit", **about, values={"issue": {"text": "x"}})
        good = await post(here, "view/submit", **about, values={"issue": {"text": "5th and Main"}})

        assert clicked == (200, {"ok": True})
        assert empty[1]["errors"] == {"issue": "Please complete this required field."}
        assert (vague[1]["error"], vague[1]["errors"]) == ("validation_errors", {"issue": "Where?"})
        assert good == (200, {"ok": True})
        assert (await get_state(here))["views"] == []

    async def test_closing_a_modal(self, here: World) -> None:
        trigger = here.slack.prepare_command("priya", "works", "/mudda").context["form"]["trigger_id"]
        view = {"type": "modal", "title": TITLE, "blocks": []}
        view_id = (await here.client.views_open(trigger_id=trigger, view=view))["view"]["id"]

        someone_else = await post(here, "view/close", user=MARCO, view_id=view_id)
        answer = await post(here, "view/close", user=PRIYA, view_id=view_id)

        assert someone_else[0] == 404
        assert answer == (200, {"ok": True})
        assert here.slack.views("priya") == []

    async def test_the_home_and_direct_messages(self, here: World) -> None:
        assert await post(here, "home", user=PRIYA) == (200, {"ok": True})
        _, answer = await post(here, "dm", user=PRIYA, **{"with": MARCO})

        await here.slack.wait_for(lambda: here.app.received)
        assert here.app.received[0].json["event"]["type"] == "app_home_opened"
        assert channel_in(await get_state(here, MARCO), "Priya Raman")["id"] == answer["channel"]


class TestOtherSites:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:1"},
            {"Host": "evil.example"},
        ],
    )
    async def test_are_refused(self, here: World, headers: dict[str, str]) -> None:
        status, answer = await post(here, "message", headers, user=PRIYA, channel=WORKS, text="x")

        assert (status, answer["error"]) == (403, "forbidden_origin")
        assert here.slack.messages("works") == []

    async def test_cannot_read_by_rebinding_a_name(self, here: World) -> None:
        async with here.http.get(f"{here.slack.url}/ui/state", headers={"Host": "evil.example"}) as response:
            assert response.status == 403

    async def test_cannot_post_a_form(self, here: World) -> None:
        body = json.dumps({"user": PRIYA, "channel": WORKS, "text": "x"})
        async with here.http.post(
            f"{here.slack.url}/ui/message", data=body, headers={"Content-Type": "text/plain"}
        ) as response:
            assert response.status == 400
        assert here.slack.messages("works") == []

    async def test_its_own_page_may(self, here: World) -> None:
        own = {"Origin": here.slack.url}

        status, _ = await post(here, "message", own, user=PRIYA, channel=WORKS, text="x")

        assert status == 200


async def test_the_page_itself_is_never_cached(here: World) -> None:
    async with here.http.get(f"{here.slack.url}/") as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        assert response.headers["Cache-Control"] == "no-store"


async def test_as_a_process_of_its_own() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.sandbox.slack",
        "--banner",
        "Hello",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    line = await line_of(process)
    match = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert match is not None
    async with aiohttp.ClientSession() as http, http.get(f"{match[0]}/ui/state") as response:
        assert (await response.json())["banner"] == "Hello"

    process.terminate()

    assert await ended(process) == 0
