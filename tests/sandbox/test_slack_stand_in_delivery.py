"""What the stand-in sends to the app: signed commands, and events with retries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from bot.sandbox.slack import NotThere, Setup, User
from bot.sandbox.slack.state.model import SLACKBOT
from bot.sandbox.slack.state.workspace import DEFAULT_PEOPLE
from tests.support.stand_in_app import BOT, PRIYA, WORKS, Answer, World, is_signed, world

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


class TestCommands:
    async def test_the_form(self, here: World) -> None:
        delivery = await here.slack.send_command("priya", "works", "/mudda", "a leak & more")

        (request,) = here.app.received
        form = request.form
        assert delivery.acked
        assert is_signed(here, request)
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert (form["command"], form["text"], form["user_id"]) == ("/mudda", "a leak & more", PRIYA)
        assert (form["channel_id"], form["channel_name"]) == (WORKS, "works")
        assert (form["team_id"], form["api_app_id"]) == ("T0MUDDA001", "A0MUDDA001")
        assert form["response_url"].startswith(here.slack.url)
        assert "x-slack-retry-num" not in request.headers

    async def test_each_has_its_own_trigger_and_response_url(self, here: World) -> None:
        await here.slack.send_command("priya", "works", "/mudda")
        await here.slack.send_command("priya", "works", "/mudda")

        first, second = (request.form for request in here.app.received)
        assert first["trigger_id"] != second["trigger_id"]
        assert first["response_url"] != second["response_url"]

    async def test_an_empty_ack_shows_nothing(self, here: World) -> None:
        await here.slack.send_command("priya", "works", "/mudda")

        assert here.slack.ephemerals("works", "priya") == []
        assert here.slack.messages("works") == []

    @pytest.mark.parametrize(
        "body", ["Got it", {"text": "Got it"}, {"text": "Got it", "response_type": "ephemeral"}]
    )
    async def test_an_ack_with_text_is_for_the_user_alone(self, here: World, body: Any) -> None:
        here.app.answers.append(Answer(body=body))

        await here.slack.send_command("priya", "works", "/mudda")

        (message,) = here.slack.ephemerals("works", "priya")
        assert (message.text, message.user) == ("Got it", BOT)

    async def test_an_ack_in_channel_is_for_all(self, here: World) -> None:
        here.app.answers.append(
            Answer(body={"text": "x", "blocks": buttons(button()), "response_type": "in_channel"})
        )

        await here.slack.send_command("priya", "works", "/mudda")

        (message,) = here.slack.messages("works")
        assert message.blocks[0]["block_id"] == "row"

    async def test_an_ack_with_bad_blocks(self, here: World) -> None:
        here.app.answers.append(Answer(body={"text": "x", "blocks": buttons(button(), button())}))

        await here.slack.send_command("priya", "works", "/mudda")

        (message,) = here.slack.ephemerals("works", "priya")
        assert message.user == SLACKBOT
        assert message.text == '/mudda failed with the error "invalid_command_response"'

    async def test_a_failure_is_told_and_not_retried(self, here: World) -> None:
        here.app.answers.append(Answer(status=500))

        delivery = await here.slack.send_command("priya", "works", "/mudda")

        (message,) = here.slack.ephemerals("works", "priya")
        assert (message.user, delivery.failed) == (SLACKBOT, "dispatch_failed")
        assert message.text == '/mudda failed with the error "dispatch_failed"'
        assert len(here.app.received) == 1

    async def test_no_answer_in_time(self, hurried: World) -> None:
        hurried.app.answers.append(Answer(never=True))

        delivery = await hurried.slack.send_command("priya", "works", "/mudda")

        (message,) = hurried.slack.ephemerals("works", "priya")
        assert delivery.failed == "operation_timeout"
        assert message.text == '/mudda failed with the error "operation_timeout"'

    async def test_nobody_listens(self, here: World) -> None:
        here.slack.request_url = "http://127.0.0.1:1/slack/events"

        delivery = await here.slack.send_command("priya", "works", "/mudda")

        assert delivery.failed == "dispatch_failed"

    async def test_the_same_request_again(self, here: World) -> None:
        delivery = await here.slack.send_command("priya", "works", "/mudda", "a leak")
        here.clock.now += 300
        await here.slack.redeliver(delivery)

        first, second = here.app.received
        assert first.body == second.body
        assert first.headers["x-slack-signature"] != second.headers["x-slack-signature"]
        assert is_signed(here, second)

    async def test_unknown_people_and_places(self, here: World) -> None:
        with pytest.raises(NotThere, match="user_not_found"):
            await here.slack.send_command("nobody", "works", "/mudda")
        with pytest.raises(NotThere, match="channel_not_found"):
            await here.slack.send_command("priya", "nowhere", "/mudda")


class TestEvents:
    async def test_the_envelope(self, here: World) -> None:
        message, delivery = await here.slack.send_mention("priya", "works", "a leak")

        (request,) = here.app.received
        envelope = request.json
        event = envelope["event"]
        assert delivery.acked
        assert is_signed(here, request)
        assert envelope["type"] == "event_callback"
        assert envelope["event_id"].startswith("Ev")
        assert (envelope["team_id"], envelope["api_app_id"]) == ("T0MUDDA001", "A0MUDDA001")
        assert envelope["authorizations"][0]["user_id"] == BOT
        assert (event["type"], event["user"], event["channel"]) == ("app_mention", PRIYA, WORKS)
        assert (event["text"], event["ts"]) == (f"<@{BOT}> a leak", message.ts)
        assert "thread_ts" not in event

    async def test_in_a_thread(self, here: World) -> None:
        root, _ = here.slack.post_user_message("priya", "works", "a leak")
        await here.slack.send_mention("marco", "works", "plan this", root.ts)

        event = here.app.received[0].json["event"]
        assert (event["thread_ts"], event["parent_user_id"]) == (root.ts, PRIYA)

    async def test_a_thread_that_is_not_there(self, here: World) -> None:
        with pytest.raises(NotThere, match="message_not_found"):
            here.slack.post_user_message("priya", "works", "x", "1.000000")

    async def test_a_message_to_nobody_is_no_event(self, here: World) -> None:
        _, deliveries = here.slack.post_user_message("priya", "works", "lunch?")

        assert deliveries == []

    async def test_a_mention_where_the_bot_is_not(self, here: World) -> None:
        _, deliveries = here.slack.post_user_message("priya", "town-square", f"<@{BOT}> hello")

        assert deliveries == []

    async def test_a_direct_message_is_a_message_event(self, here: World) -> None:
        _, (delivery,) = here.slack.post_user_message("priya", here.slack.dm("priya").id, f"<@{BOT}> a leak")
        await delivery.settled()

        event = here.app.received[0].json["event"]
        assert (event["type"], event["channel_type"]) == ("message", "im")

    async def test_channel_messages_for_those_who_subscribe(self) -> None:
        async with world(events=frozenset({"app_mention", "message.channels"})) as here:
            _, deliveries = here.slack.post_user_message("priya", "works", f"<@{BOT}> a leak")
            for delivery in deliveries:
                await delivery.settled()

            kinds = {request.json["event"]["type"] for request in here.app.received}
            ids = {request.json["event_id"] for request in here.app.received}
        assert kinds == {"app_mention", "message"}
        assert len(ids) == 2

    async def test_three_retries_with_headers(self, here: World) -> None:
        here.app.answers.extend([Answer(status=503), Answer(status=502), Answer(status=500), Answer(status=404)])

        _, delivery = await here.slack.send_mention("priya", "works", "a leak")

        tries = [
            (request.headers.get("x-slack-retry-num"), request.headers.get("x-slack-retry-reason"))
            for request in here.app.received
        ]
        assert tries == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
        assert len({request.body for request in here.app.received}) == 1
        assert all(is_signed(here, request) for request in here.app.received)
        assert not delivery.acked
        assert here.slack.ephemerals("works", "priya") == []

    async def test_no_answer_in_time_is_retried_too(self, hurried: World) -> None:
        hurried.app.answers.extend([Answer(never=True)] * 4)

        _, delivery = await hurried.slack.send_mention("priya", "works", "a leak")

        assert [attempt.failure for attempt in delivery.attempts] == ["http_timeout"] * 4
        assert hurried.slack.ephemerals("works", "priya") == []

    async def test_an_event_again_with_retry_headers(self, here: World) -> None:
        _, delivery = await here.slack.send_mention("priya", "works", "a leak")

        await here.slack.redeliver(delivery, retry_num=2, retry_reason="http_timeout")

        assert here.app.received[1].body == here.app.received[0].body
        assert here.app.received[1].headers["x-slack-retry-num"] == "2"
        assert here.app.received[1].headers["x-slack-retry-reason"] == "http_timeout"

    async def test_an_ack_ends_the_retries(self, here: World) -> None:
        here.app.answers.extend([Answer(status=503), Answer()])

        _, delivery = await here.slack.send_mention("priya", "works", "a leak")

        assert delivery.acked
        assert [attempt.retry_num for attempt in delivery.attempts] == [None, 1]

    async def test_no_retry_is_honoured(self, here: World) -> None:
        here.app.answers.append(Answer(status=500, headers={"X-Slack-No-Retry": "1"}))

        await here.slack.send_mention("priya", "works", "a leak")

        assert len(here.app.received) == 1

    async def test_a_redirect_is_a_failure(self, here: World) -> None:
        here.app.answers.append(Answer(status=302, headers={"Location": "/elsewhere"}))

        _, delivery = await here.slack.send_mention("priya", "works", "a leak")

        assert delivery.attempts[0].failure == "http_error"

    async def test_a_refused_connection_is_retried(self, here: World) -> None:
        here.slack.request_url = "http://127.0.0.1:1/slack/events"

        _, delivery = await here.slack.send_mention("priya", "works", "a leak")

        assert [attempt.failure for attempt in delivery.attempts] == ["connection_failed"] * 4

    async def test_slacks_own_delays(self) -> None:
        from bot.sandbox.slack.outbound.delivery import RETRY_DELAYS

        assert RETRY_DELAYS == (0.0, 60.0, 300.0)

    async def test_stopping_gives_retries_up(self) -> None:
        async with world(retry_delays=(3_600.0,)) as here:
            here.app.answers.append(Answer(status=500))
            here.slack.post_user_message("priya", "works", f"<@{BOT}> a leak")
            await here.slack.wait_for(lambda: here.app.received)

    async def test_the_app_home(self, here: World) -> None:
        await here.client.views_publish(user_id=PRIYA, view={"type": "home", "blocks": []})
        await here.slack.open_home("priya")

        event = here.app.received[0].json["event"]
        assert (event["type"], event["user"], event["tab"]) == ("app_home_opened", PRIYA, "home")
        assert event["view"]["type"] == "home"


async def test_a_signature_that_a_test_makes_itself(here: World) -> None:
    body, timestamp = json.dumps({"type": "x"}).encode(), str(int(here.clock.now))
    signature = here.slack.sign(body, timestamp)

    verifier = SignatureVerifier(here.slack.signing_secret)

    assert verifier.generate_signature(timestamp=timestamp, body=body) == signature


async def test_many_at_once() -> None:
    async with world() as here:
        await asyncio.gather(*(here.slack.send_command("priya", "works", "/mudda", str(n)) for n in range(200)))

        assert {request.form["text"] for request in here.app.received} == {str(n) for n in range(200)}


class TestMessageEvents:
    EVERYTHING = frozenset({"app_mention", "message.channels", "message.groups", "message.im"})

    async def test_the_apps_own_messages_come_back_to_it(self) -> None:
        async with world(events=self.EVERYTHING) as here:
            posted = await here.client.chat_postMessage(channel=WORKS, text="A card")
            await here.slack.wait_for(lambda: here.app.received)
            event = here.app.received[0].json["event"]
            assert (event["type"], event["ts"], event["user"]) == ("message", posted["ts"], BOT)
            assert event["bot_id"]
            await here.client.chat_update(channel=WORKS, ts=posted["ts"], text="A card, redrawn")
            await here.slack.wait_for(lambda: len(here.app.received) == 2)
            changed = here.app.received[1].json["event"]
        assert (changed["subtype"], changed["message"]["text"]) == ("message_changed", "A card, redrawn")
        assert "user" not in changed

    async def test_what_people_change_and_delete_is_told(self) -> None:
        async with world(events=self.EVERYTHING) as here:
            message, [delivery] = here.slack.post_user_message("priya", "works", "a leak")
            await delivery.settled()
            await here.slack.edit_user_message("works", message.ts, "two leaks")
            await here.slack.delete_user_message("works", message.ts)
            kinds = [request.json["event"].get("subtype") for request in here.app.received]
            deleted = here.app.received[-1].json["event"]
        assert kinds == [None, "message_changed", "message_deleted"]
        assert deleted["deleted_ts"] == message.ts
        assert here.slack.message("works", message.ts) is None

    async def test_whose_a_stranger_is_stands_in_the_event(self) -> None:
        setup = Setup(people=(User("U0STRANGER", "sam", "Sam", team_id="T0OTHER001"), *DEFAULT_PEOPLE))
        async with world(setup=setup, events=self.EVERYTHING) as here:
            _, [delivery] = here.slack.post_user_message("sam", "works", "a leak")
            await delivery.settled()
            event = here.app.received[0].json["event"]
        assert (event["team"], event["user_team"]) == ("T0OTHER001", "T0OTHER001")
