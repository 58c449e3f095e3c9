"""The Web API through the real SDK: tokens, transports, channels and people."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import User
from tests.support.stand_in_app import BOT, MARCO, PRIYA, SQUARE, WORKS, World, get_state, word_of, world

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
CARD = {"event_type": "mudda_card", "event_payload": {"card": "1"}}


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world() as there:
        yield there


class TestAuth:
    async def test_auth_test(self, here: World) -> None:
        answer = await here.client.auth_test()

        assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T0MUDDA001", BOT, "B0MUDDA001")

    async def test_api_test_needs_no_token(self, here: World) -> None:
        client = AsyncWebClient(base_url=here.slack.api_url, session=here.http)

        answer = await client.api_test(foo="bar")

        assert answer["args"]["foo"] == "bar"
        assert await word_of(client.api_test(error="my_error")) == "my_error"

    async def test_a_missing_token(self, here: World) -> None:
        client = AsyncWebClient(base_url=here.slack.api_url, session=here.http)

        assert await word_of(client.auth_test()) == "not_authed"

    async def test_a_wrong_token(self, here: World) -> None:
        client = AsyncWebClient(token="xoxb-other", base_url=here.slack.api_url, session=here.http)

        assert await word_of(client.chat_postMessage(channel=WORKS, text="x")) == "invalid_auth"
        assert here.slack.messages("works") == []

    async def test_a_token_in_the_body(self, here: World) -> None:
        client = AsyncWebClient(base_url=here.slack.api_url, session=here.http)

        assert (await client.auth_test(token=here.slack.bot_token))["ok"]

    async def test_an_unknown_method(self, here: World) -> None:
        assert await word_of(here.client.api_call("chat.shout")) == "unknown_method"


class TestTransports:
    """The same call as JSON, form, multipart and query string."""

    async def test_json(self, here: World) -> None:
        await here.client.chat_postMessage(channel=WORKS, text="hi", blocks=[SECTION], metadata=CARD)

    async def test_form(self, here: World) -> None:
        await here.client.api_call("chat.postMessage", data=self._encoded())

    async def test_query(self, here: World) -> None:
        await here.client.api_call("chat.postMessage", params=self._encoded())

    async def test_get(self, here: World) -> None:
        await here.client.api_call("chat.postMessage", http_verb="GET", params=self._encoded())

    async def test_multipart(self, here: World) -> None:
        await here.client.api_call("chat.postMessage", data=self._encoded(), files={"f": io.BytesIO(b"x")})

    @pytest.fixture(autouse=True)
    async def _check(self, here: World) -> AsyncIterator[None]:
        yield
        (message,) = here.slack.messages("works")
        assert message.text == "hi"
        assert message.blocks[0]["text"] == SECTION["text"]
        assert message.metadata == CARD
        (call,) = here.slack.calls("chat.postMessage")
        assert (call.args["channel"], call.args["blocks"], call.args["metadata"]) == (WORKS, [SECTION], CARD)
        assert "token" not in call.args

    @staticmethod
    def _encoded() -> dict[str, str]:
        return {"channel": WORKS, "text": "hi", "blocks": json.dumps([SECTION]), "metadata": json.dumps(CARD)}


class TestConversations:
    async def test_history_is_roots_newest_first(self, here: World) -> None:
        first, _ = here.slack.post_user_message("priya", "works", "one")
        here.slack.post_user_message("marco", "works", "reply", first.ts)
        here.slack.post_user_message("marco", "works", "two")

        answer = await here.client.conversations_history(channel=WORKS)

        assert [message["text"] for message in answer["messages"]] == ["two", "one"]
        assert answer["messages"][1]["reply_count"] == 1

    async def test_history_in_pages(self, here: World) -> None:
        for number in range(5):
            here.slack.post_user_message("priya", "works", str(number))

        pages = await here.client.conversations_history(channel=WORKS, limit=2)
        texts = [[message["text"] for message in page["messages"]] async for page in pages]

        assert texts == [["4", "3"], ["2", "1"], ["0"]]

    async def test_history_between_times(self, here: World) -> None:
        stamps = [here.slack.post_user_message("priya", "works", str(n))[0].ts for n in range(4)]

        async def between(**arguments: Any) -> list[str]:
            answer = await here.client.conversations_history(
                channel=WORKS, oldest=stamps[1], latest=stamps[3], **arguments
            )
            return [message["text"] for message in answer["messages"]]

        assert await between() == ["2"]
        assert await between(inclusive=True) == ["3", "2", "1"]

    async def test_metadata_only_on_request(self, here: World) -> None:
        await here.client.chat_postMessage(channel=WORKS, text="x", metadata=CARD)
        history = here.client.conversations_history

        without = (await history(channel=WORKS))["messages"][0]
        withit = (await history(channel=WORKS, include_all_metadata=True))["messages"][0]

        assert "metadata" not in without
        assert withit["metadata"] == CARD

    async def test_replies_start_with_the_root(self, here: World) -> None:
        root, _ = here.slack.post_user_message("priya", "works", "root")
        reply = await here.client.chat_postMessage(channel=WORKS, text="x", thread_ts=root.ts, metadata=CARD)

        for ts in (root.ts, reply["ts"]):
            answer = await here.client.conversations_replies(channel=WORKS, ts=ts, include_all_metadata=True)
            assert [message["text"] for message in answer["messages"]] == ["root", "x"]
            assert answer["messages"][1]["metadata"] == CARD

    @pytest.mark.parametrize("channel", ["C0NOWHERE1", SQUARE])
    async def test_history_of_channels_it_is_not_in(self, here: World, channel: str) -> None:
        word = "not_in_channel" if channel == SQUARE else "channel_not_found"

        assert await word_of(here.client.conversations_history(channel=channel)) == word
        assert await word_of(here.client.conversations_replies(channel=channel, ts="1.0")) == word

    async def test_replies_of_nothing(self, here: World) -> None:
        assert await word_of(here.client.conversations_replies(channel=WORKS, ts="1.0")) == "thread_not_found"

    async def test_info(self, here: World) -> None:
        answer = await here.client.conversations_info(channel=WORKS, include_num_members=True)
        direct = await here.client.conversations_info(channel=here.slack.dm("priya").id)

        assert (answer["channel"]["name"], answer["channel"]["is_member"]) == ("works", True)
        assert answer["channel"]["num_members"] == 4
        assert (await here.client.conversations_info(channel=SQUARE))["channel"]["is_member"] is False
        assert (direct["channel"]["is_im"], direct["channel"]["user"]) == (True, PRIYA)
        assert await word_of(here.client.conversations_info(channel="C0NOWHERE1")) == "channel_not_found"

    async def test_of_a_private_channel_it_tells_only_with_the_scope(self, here: World) -> None:
        council = here.slack.channel("council").id

        assert await word_of(here.client.conversations_info(channel=council)) == "missing_scope"

        here.slack.scopes |= {"groups:read"}
        assert (await here.client.conversations_info(channel=council))["channel"]["is_private"] is True

    async def test_list(self, here: World) -> None:
        list_ = here.client.conversations_list
        public = await list_()
        private = await list_(types="private_channel")
        direct = await list_(types="im")

        assert [channel["name"] for channel in public["channels"]] == ["works", "water", "town-square"]
        assert [channel["name"] for channel in private["channels"]] == ["council"]
        assert len(direct["channels"]) == 3
        assert await word_of(list_(types="secret")) == "invalid_types"

    async def test_list_in_pages(self, here: World) -> None:
        first = await here.client.conversations_list(limit=2)
        cursor = first["response_metadata"]["next_cursor"]
        second = await here.client.conversations_list(limit=2, cursor=cursor)

        assert [channel["name"] for channel in second["channels"]] == ["town-square"]
        assert await word_of(here.client.conversations_list(cursor="x")) == "invalid_cursor"

    async def test_open(self, here: World) -> None:
        open_ = here.client.conversations_open
        direct = await open_(users=PRIYA, return_im=True)
        group = await open_(users=[PRIYA, MARCO])

        assert direct["channel"]["user"] == PRIYA
        assert direct["channel"]["id"] == here.slack.dm("priya").id
        assert (await open_(users=[MARCO, PRIYA]))["channel"]["id"] == group["channel"]["id"]
        assert (await open_(channel=group["channel"]["id"]))["channel"]["id"] == group["channel"]["id"]
        assert await word_of(open_(users="U0NOBODY01")) == "user_not_found"

    async def test_open_with_those_who_have_no_direct_messages(self, here: World) -> None:
        here.slack.workspace.users["U0GONE0001"] = User("U0GONE0001", "gone", "Gone Away", is_deactivated=True)

        assert await word_of(here.client.conversations_open(users="U0GONE0001")) == "user_disabled"
        assert await word_of(here.client.conversations_open(users=BOT)) == "cannot_dm_bot"
        assert (await here.client.users_info(user="U0GONE0001"))["user"]["deleted"] is True
        assert [user["name"] for user in (await get_state(here))["users"]] == ["priya", "marco", "dana", "mudda"]

    async def test_members(self, here: World) -> None:
        answer = await here.client.conversations_members(channel=WORKS)

        assert answer["members"] == [PRIYA, MARCO, "U0DANA0001", BOT]
        assert await word_of(here.client.conversations_members(channel="C1")) == "channel_not_found"

    async def test_a_limit_that_is_no_number(self, here: World) -> None:
        call = here.client.api_call("conversations.list", http_verb="GET", params={"limit": "many"})

        assert await word_of(call) == "invalid_arguments"


class TestPeople:
    async def test_users_and_team(self, here: World) -> None:
        user = (await here.client.users_info(user=PRIYA))["user"]
        members = (await here.client.users_list())["members"]
        team = (await here.client.team_info())["team"]

        assert (user["name"], user["real_name"], user["is_bot"]) == ("priya", "Priya Raman", False)
        assert [member["id"] for member in members] == [PRIYA, MARCO, "U0DANA0001", BOT]
        assert (team["id"], team["domain"]) == ("T0MUDDA001", "springfield")
        assert await word_of(here.client.users_info(user="U0NOBODY01")) == "user_not_found"
        assert await word_of(here.client.team_info(team="T1")) == "team_not_found"

    async def test_members_of_a_user_group(self, here: World) -> None:
        list_ = here.client.usergroups_users_list

        assert (await list_(usergroup="S0WATERCRW"))["users"] == ["U0DANA0001", MARCO]
        assert (await list_(usergroup="S0NIGHTSHF"))["users"] == []
        assert await word_of(list_(usergroup="S0NOBODY01")) == "no_such_subteam"
