"""Clicks, and the response URLs that come with them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.sandbox.slack import NotThere
from tests.support.stand_in_app import PRIYA, WORKS, Answer, World, is_signed, world

TITLE = {"type": "plain_text", "text": "x"}
NO_WAIT = (0.0, 0.0, 0.0)


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world(retry_delays=NO_WAIT) as there:
        yield there


@pytest.fixture
async def hurried() -> AsyncIterator[World]:
    """A world whose Slack waits only a moment for the app."""
    async with world(retry_delays=NO_WAIT, ack_seconds=0.05) as there:
        yield there


def buttons(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "actions", "block_id": "row", "elements": list(elements)}]


def button(action_id: str = "go", **members: Any) -> dict[str, Any]:
    return {"type": "button", "text": TITLE, "action_id": action_id, "value": "7", **members}


class TestClicks:
    async def test_the_payload_of_a_message(self, here: World) -> None:
        posted = await here.client.chat_postMessage(
            channel=WORKS, text="x", blocks=buttons(button(), button("no"))
        )
        await here.slack.click("marco", "works", posted["ts"], "no")

        (request,) = here.app.received
        payload = request.payload
        assert is_signed(here, request)
        assert payload["type"] == "block_actions"
        assert payload["user"]["id"] == "U0MARCO001"
        assert payload["team"]["id"] == "T0MUDDA001"
        assert (payload["channel"]["id"], payload["message"]["ts"]) == (WORKS, posted["ts"])
        assert payload["container"] == {
            "type": "message",
            "message_ts": posted["ts"],
            "channel_id": WORKS,
            "is_ephemeral": False,
        }
        (action,) = payload["actions"]
        assert (action["action_id"], action["block_id"], action["value"]) == ("no", "row", "7")
        assert action["action_ts"] > posted["ts"]
        assert payload["trigger_id"]
        assert payload["response_url"].startswith(here.slack.url)

    async def test_in_a_thread(self, here: World) -> None:
        root, _ = here.slack.post_user_message("priya", "works", "a leak")
        posted = await here.client.chat_postMessage(
            channel=WORKS, text="x", blocks=buttons(button()), thread_ts=root.ts
        )
        await here.slack.click("priya", "works", posted["ts"], "go")

        assert here.app.received[0].payload["container"]["thread_ts"] == root.ts

    async def test_of_several_buttons_with_one_action_id_the_value_decides(self, here: World) -> None:
        blocks = [
            {"type": "section", "text": TITLE, "accessory": button(value="1")},
            {"type": "section", "text": TITLE, "accessory": button(value="2")},
        ]
        posted = await here.client.chat_postMessage(channel=WORKS, text="x", blocks=blocks)

        await here.slack.click("priya", "works", posted["ts"], "go", "2")

        assert here.app.received[0].payload["actions"][0]["value"] == "2"

    async def test_what_is_not_there(self, here: World) -> None:
        posted = await here.client.chat_postMessage(channel=WORKS, text="x", blocks=buttons(button()))

        with pytest.raises(NotThere, match="action_not_found"):
            await here.slack.click("priya", "works", posted["ts"], "gone")
        with pytest.raises(NotThere, match="message_not_found"):
            await here.slack.click("priya", "works", "1.000000", "go")

    async def test_menus_and_their_state(self, here: World) -> None:
        options = [{"text": TITLE, "value": value} for value in ("low", "high")]
        row = buttons(
            {"type": "static_select", "action_id": "pick", "options": options, "initial_option": options[0]},
            {"type": "overflow", "action_id": "more", "options": options},
            {"type": "users_select", "action_id": "who"},
            {"type": "checkboxes", "action_id": "tick", "options": options},
            button(),
        )
        ts = (await here.client.chat_postMessage(channel=WORKS, text="x", blocks=row))["ts"]
        for action_id, chosen in [("pick", "high"), ("more", "low"), ("who", PRIYA), ("tick", ["low"])]:
            await here.slack.click("priya", "works", ts, action_id, chosen)
        await here.slack.click("priya", "works", ts, "go")
        await here.slack.click("marco", "works", ts, "go")

        actions = [request.payload["actions"][0] for request in here.app.received]
        assert actions[0]["selected_option"] == options[1]
        assert actions[1]["selected_option"] == options[0]
        assert actions[2]["selected_user"] == PRIYA
        assert actions[3]["selected_options"] == [options[0]]
        priyas, marcos = (request.payload["state"]["values"]["row"] for request in here.app.received[-2:])
        assert priyas["pick"]["selected_option"] == options[1]
        assert priyas["who"]["selected_user"] == PRIYA
        assert "more" not in priyas
        assert marcos["pick"]["selected_option"] == options[0]
        assert marcos["tick"] == {"type": "checkboxes", "selected_options": []}

    async def test_a_choice_that_is_no_option(self, here: World) -> None:
        menu = {"type": "static_select", "action_id": "pick", "options": [{"text": TITLE, "value": "low"}]}
        ts = (await here.client.chat_postMessage(channel=WORKS, text="x", blocks=buttons(menu)))["ts"]

        with pytest.raises(ValueError, match="not one of the options"):
            await here.slack.click("priya", "works", ts, "pick", "high")

    async def test_feedback_buttons(self, here: World) -> None:
        element = {
            "type": "feedback_buttons",
            "action_id": "rate",
            "positive_button": {"text": TITLE, "value": "up"},
            "negative_button": {"text": TITLE, "value": "down"},
        }
        blocks = [{"type": "context_actions", "elements": [element]}]
        ts = (await here.client.chat_postMessage(channel=WORKS, text="x", blocks=blocks))["ts"]

        await here.slack.click("priya", "works", ts, "rate", "down")

        assert here.app.received[0].payload["actions"][0]["value"] == "down"

    async def test_a_click_is_made_when_it_is_sent(self, here: World) -> None:
        posted = await here.client.chat_postMessage(channel=WORKS, text="x", blocks=buttons(button()))
        click = here.slack.prepare_click("priya", "works", posted["ts"], "go")
        here.clock.now += 60.0
        await here.slack.deliver(click)
        view = {"type": "modal", "title": TITLE, "blocks": []}
        await here.client.views_open(trigger_id=click.context["payload"]["trigger_id"], view=view)
        assert len(here.slack.views("priya")) == 1

    async def test_a_click_on_what_has_been_redrawn_since(self, here: World) -> None:
        ts = (await here.client.chat_postMessage(channel=WORKS, text="x", blocks=buttons(button())))["ts"]
        click = here.slack.prepare_click("priya", "works", ts, "go")
        await here.client.chat_update(channel=WORKS, ts=ts, text="done")

        await here.slack.deliver(click)

        payload = here.app.received[0].payload
        assert payload["actions"][0]["value"] == "7"
        assert payload["message"]["text"] == "x"

    async def test_a_failure_is_told_and_not_retried(self, here: World) -> None:
        ts = (await here.client.chat_postMessage(channel=WORKS, text="x", blocks=buttons(button())))["ts"]
        before = here.slack.workspace.feed.last_id
        here.app.answers.append(Answer(status=500))

        delivery = await here.slack.click("priya", "works", ts, "go")

        (notice,) = here.slack.workspace.feed.after(before) or []
        assert delivery.failed == "dispatch_failed"
        assert (notice.name, notice.user, notice.data()["channel"]) == ("notice", PRIYA, WORKS)
        assert len(here.app.received) == 1

    async def test_no_answer_in_time(self, hurried: World) -> None:
        ts = (await hurried.client.chat_postMessage(channel=WORKS, text="x", blocks=buttons(button())))["ts"]
        hurried.app.answers.append(Answer(never=True))

        assert (await hurried.slack.click("priya", "works", ts, "go")).failed == "operation_timeout"

    async def test_in_the_app_home(self, here: World) -> None:
        view = {"type": "home", "blocks": buttons(button())}
        view_id = (await here.client.views_publish(user_id=PRIYA, view=view))["view"]["id"]

        await here.slack.click_in_view("priya", view_id, "go")

        payload = here.app.received[0].payload
        assert payload["container"] == {"type": "view", "view_id": view_id}
        assert payload["view"]["id"] == view_id
        assert "message" not in payload
        assert "response_url" not in payload


class TestResponseUrls:
    async def respond(self, here: World, url: str, **body: Any) -> tuple[int, dict[str, Any]]:
        async with here.http.post(url, json=body) as response:
            return response.status, await response.json()

    async def command_url(self, here: World) -> str:
        delivery = await here.slack.send_command("priya", "works", "/mudda")
        url: str = delivery.context["form"]["response_url"]
        return url

    async def test_private_by_default(self, here: World) -> None:
        url = await self.command_url(here)

        assert await self.respond(here, url, text="psst") == (200, {"ok": True})

        assert [message.text for message in here.slack.ephemerals("works", "priya")] == ["psst"]

    async def test_in_channel_even_where_the_bot_is_not(self, here: World) -> None:
        delivery = await here.slack.send_command("priya", "town-square", "/mudda")

        await self.respond(here, delivery.context["form"]["response_url"], text="hi", response_type="in_channel")

        assert [message.text for message in here.slack.messages("town-square")] == ["hi"]

    async def test_five_uses(self, here: World) -> None:
        url = await self.command_url(here)

        answers = [await self.respond(here, url, text="x") for _ in range(6)]

        assert [status for status, _ in answers] == [200] * 5 + [404]
        assert answers[-1][1]["error"] == "used_url"
        assert len(here.slack.ephemerals("works", "priya")) == 5

    async def test_thirty_minutes(self, here: World) -> None:
        url = await self.command_url(here)
        here.clock.now += 30 * 60
        assert (await self.respond(here, url, text="x"))[0] == 200
        here.clock.now += 1

        assert await self.respond(here, url, text="x") == (404, {"ok": False, "error": "expired_url"})

    async def test_bad_content(self, here: World) -> None:
        url = await self.command_url(here)

        assert (await self.respond(here, url, text=""))[1]["error"] == "no_text"
        assert (await self.respond(here, url, blocks=[{"type": "x"}]))[1]["error"] == "invalid_blocks"
        async with here.http.post(url, data="[]") as response:
            assert (await response.json())["error"] == "invalid_payload"

    async def clicked(self, here: World, *, ephemeral: bool) -> tuple[str, str]:
        """The ts of a message and the response URL of a click in it."""
        content = {"channel": WORKS, "text": "x", "blocks": buttons(button())}
        if ephemeral:
            ts = (await here.client.chat_postEphemeral(user=PRIYA, **content))["message_ts"]  # type: ignore[arg-type]
        else:
            ts = (await here.client.chat_postMessage(**content))["ts"]  # type: ignore[arg-type]
        await here.slack.click("priya", "works", ts, "go")
        return ts, here.app.received[-1].payload["response_url"]

    async def test_an_ephemeral_is_replaced(self, here: World) -> None:
        ts, url = await self.clicked(here, ephemeral=True)

        await self.respond(here, url, text="page 2", replace_original=True, blocks=buttons(button("next")))

        (message,) = here.slack.ephemerals("works", "priya")
        assert (message.ts, message.text) == (ts, "page 2")
        assert message.blocks[0]["elements"][0]["action_id"] == "next"

    async def test_an_ephemeral_payload_has_no_message(self, here: World) -> None:
        await self.clicked(here, ephemeral=True)

        payload = here.app.received[-1].payload
        assert "message" not in payload
        assert payload["container"]["is_ephemeral"] is True

    async def test_nobody_else_can_click_an_ephemeral(self, here: World) -> None:
        ts, _ = await self.clicked(here, ephemeral=True)

        with pytest.raises(NotThere, match="message_not_found"):
            await here.slack.click("marco", "works", ts, "go")

    async def test_an_ephemeral_is_deleted(self, here: World) -> None:
        _, url = await self.clicked(here, ephemeral=True)

        await self.respond(here, url, delete_original="true")

        assert here.slack.ephemerals("works", "priya") == []

    async def test_a_message_is_replaced_and_marked_as_edited(self, here: World) -> None:
        ts, url = await self.clicked(here, ephemeral=False)

        await self.respond(here, url, text="done", replace_original=True)

        message = here.slack.message("works", ts)
        assert message is not None
        assert (message.text, message.blocks) == ("done", [])
        assert message.edited

    async def test_without_replace_original_it_is_a_new_message(self, here: World) -> None:
        ts, url = await self.clicked(here, ephemeral=False)

        await self.respond(here, url, text="only you")

        message = here.slack.message("works", ts)
        assert message is not None
        assert message.text == "x"
        assert [message.text for message in here.slack.ephemerals("works", "priya")] == ["only you"]
