"""chat.* and reactions.add through the real SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.errors import SlackApiError

from tests.support.stand_in_app import BOT, COUNCIL, MARCO, PRIYA, SQUARE, WORKS, World, word_of, world

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
CARD = {"event_type": "mudda_card", "event_payload": {"card": "1"}}


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world() as there:
        yield there


class TestPostMessage:
    async def test_the_answer_holds_the_message(self, here: World) -> None:
        answer = await here.client.chat_postMessage(channel=WORKS, text="hi", blocks=[SECTION])

        assert answer["channel"] == WORKS
        assert answer["message"]["ts"] == answer["ts"]
        assert answer["message"]["bot_id"] == "B0MUDDA001"
        assert answer["message"]["blocks"][0]["block_id"]

    async def test_timestamps_are_unique_and_rise(self, here: World) -> None:
        stamps = [(await here.client.chat_postMessage(channel=WORKS, text="x"))["ts"] for _ in range(3)]

        assert stamps == ["1764000000.000000", "1764000000.000001", "1764000000.000002"]

    async def test_blocks_without_text_are_enough(self, here: World) -> None:
        with pytest.warns(UserWarning, match="text"):
            answer = await here.client.chat_postMessage(channel=WORKS, blocks=[SECTION])

        assert answer["ok"]

    async def test_nothing_at_all_is_no_text(self, here: World) -> None:
        assert await word_of(here.client.api_call("chat.postMessage", json={"channel": WORKS})) == "no_text"

    async def test_text_is_cut_at_forty_thousand(self, here: World) -> None:
        answer = await here.client.chat_postMessage(channel=WORKS, text="x" * 40_001)

        assert len(answer["message"]["text"]) == 40_000
        assert answer["warning"] == "message_truncated"

    @pytest.mark.parametrize(
        ("channel", "word"),
        [("C0NOWHERE1", "channel_not_found"), (SQUARE, "not_in_channel"), ("#town-square", "not_in_channel")],
    )
    async def test_channels_it_cannot_post_in(self, here: World, channel: str, word: str) -> None:
        assert await word_of(here.client.chat_postMessage(channel=channel, text="x")) == word

    async def test_a_private_channel_it_is_not_in_does_not_exist(self, here: World) -> None:
        here.slack.channel("council").members.remove(BOT)

        assert await word_of(here.client.chat_postMessage(channel=COUNCIL, text="x")) == "channel_not_found"

    async def test_a_user_stands_for_their_direct_message(self, here: World) -> None:
        answer = await here.client.chat_postMessage(channel=PRIYA, text="psst")

        assert answer["channel"] == here.slack.dm("priya").id

    async def test_a_channel_by_name(self, here: World) -> None:
        assert (await here.client.chat_postMessage(channel="#works", text="x"))["channel"] == WORKS

    async def test_a_reply_counts_on_its_root(self, here: World) -> None:
        root, _ = here.slack.post_user_message("priya", "works", "a leak")
        reply = await here.client.chat_postMessage(channel=WORKS, text="seen", thread_ts=root.ts)
        deeper = await here.client.chat_postMessage(channel=WORKS, text="again", thread_ts=reply["ts"])

        assert (root.reply_count, root.reply_users, root.latest_reply) == (2, [BOT], deeper["ts"])
        assert deeper["message"]["thread_ts"] == root.ts
        assert deeper["message"]["parent_user_id"] == PRIYA
        assert [message.text for message in here.slack.messages("works", thread_ts=root.ts)] == ["seen", "again"]

    async def test_a_thread_that_is_not_there(self, here: World) -> None:
        call = here.client.chat_postMessage(channel=WORKS, text="x", thread_ts="1.000000")

        assert await word_of(call) == "thread_not_found"

    async def test_bad_blocks_are_explained(self, here: World) -> None:
        with pytest.raises(SlackApiError) as caught:
            await here.client.chat_postMessage(channel=WORKS, text="x", blocks=[{"type": "sect"}])

        assert caught.value.response["error"] == "invalid_blocks"
        assert caught.value.response["response_metadata"]["messages"] == [
            "[ERROR] unsupported type: sect [json-pointer:/blocks/0/type]"
        ]

    async def test_blocks_that_are_no_json(self, here: World) -> None:
        call = here.client.api_call("chat.postMessage", data={"channel": WORKS, "blocks": "["})

        assert await word_of(call) == "invalid_blocks_format"

    async def test_too_much_in_all(self, here: World) -> None:
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_000}}] * 5

        word = await word_of(here.client.chat_postMessage(channel=WORKS, text="x", blocks=blocks))

        assert word == "msg_blocks_too_long"

    async def test_markdown_text(self, here: World) -> None:
        answer = await here.client.chat_postMessage(channel=WORKS, markdown_text="**x**")
        both = here.client.chat_postMessage(channel=WORKS, markdown_text="**x**", blocks=[SECTION])

        assert answer["message"]["blocks"][0]["type"] == "markdown"
        assert await word_of(both) == "markdown_text_conflict"

    async def test_metadata_too_large(self, here: World) -> None:
        metadata = {"event_type": "card", "event_payload": {"text": "x" * 8_000}}

        call = here.client.chat_postMessage(channel=WORKS, text="x", metadata=metadata)

        assert await word_of(call) == "metadata_too_large"

    async def test_a_channel_keeps_its_newest_two_thousand(self, here: World) -> None:
        channel = here.slack.channel("works")
        for number in range(2_001):
            here.slack.post_user_message("priya", "works", str(number))

        assert len(channel.messages) == 2_000
        assert next(iter(channel.messages.values())).text == "1"


class TestUpdate:
    @pytest.fixture
    async def ts(self, here: World) -> str:
        posted = await here.client.chat_postMessage(channel=WORKS, text="a", blocks=[SECTION], metadata=CARD)
        ts: str = posted["ts"]
        return ts

    async def test_it_changes_text_and_blocks_and_marks_the_edit(self, here: World, ts: str) -> None:
        divider = {"type": "divider", "block_id": "d"}

        answer = await here.client.chat_update(channel=WORKS, ts=ts, text="b", blocks=[divider])

        message = here.slack.message("works", ts)
        assert message is not None
        assert (message.text, message.blocks, answer["text"]) == ("b", [divider], "b")
        assert message.edited is not None
        assert message.edited["user"] == BOT

    async def test_text_alone_removes_the_blocks(self, here: World, ts: str) -> None:
        await here.client.chat_update(channel=WORKS, ts=ts, text="b")

        message = here.slack.message("works", ts)
        assert message is not None
        assert message.blocks == []

    async def test_metadata_stays_unless_it_is_empty(self, here: World, ts: str) -> None:
        message = here.slack.message("works", ts)
        assert message is not None
        await here.client.chat_update(channel=WORKS, ts=ts, text="b")
        assert message.metadata == CARD

        await here.client.chat_update(channel=WORKS, ts=ts, text="c", metadata={})
        assert message.metadata is None

    async def test_text_above_four_thousand_is_too_long(self, here: World, ts: str) -> None:
        await here.client.chat_update(channel=WORKS, ts=ts, text="x" * 4_000)

        call = here.client.chat_update(channel=WORKS, ts=ts, text="x" * 4_001)

        assert await word_of(call) == "msg_too_long"

    async def test_what_it_refuses(self, here: World, ts: str) -> None:
        theirs, _ = here.slack.post_user_message("priya", "works", "mine")
        update = here.client.chat_update

        assert await word_of(update(channel=WORKS, ts=theirs.ts, text="x")) == "cant_update_message"
        assert await word_of(update(channel=WORKS, ts="1.000000", text="x")) == "message_not_found"
        assert await word_of(update(channel="C0NOWHERE1", ts=ts, text="x")) == "channel_not_found"
        empty = here.client.api_call("chat.update", json={"channel": WORKS, "ts": ts})
        assert await word_of(empty) == "no_text"
        assert await word_of(update(channel=WORKS, ts=ts, text="x", blocks=[{}])) == "invalid_blocks"

    async def test_an_ephemeral_message_cannot_be_updated(self, here: World) -> None:
        posted = await here.client.chat_postEphemeral(channel=WORKS, user=PRIYA, text="x")

        call = here.client.chat_update(channel=WORKS, ts=posted["message_ts"], text="y")

        assert await word_of(call) == "message_not_found"


class TestEphemeral:
    async def test_one_user_sees_it_and_history_does_not(self, here: World) -> None:
        await here.client.chat_postEphemeral(channel=WORKS, user=PRIYA, text="psst")

        assert [message.text for message in here.slack.ephemerals("works", "priya")] == ["psst"]
        assert here.slack.ephemerals("works", "marco") == []
        assert (await here.client.conversations_history(channel=WORKS))["messages"] == []

    async def test_nobody_sees_it_in_a_thread_that_does_not_exist(self, here: World) -> None:
        root, _ = here.slack.post_user_message("priya", "works", "a leak")
        await here.client.chat_postEphemeral(channel=WORKS, user=PRIYA, text="psst", thread_ts=root.ts)
        assert here.slack.ephemerals("works", "priya") == []

        await here.client.chat_postMessage(channel=WORKS, text="seen", thread_ts=root.ts)
        await here.client.chat_postEphemeral(channel=WORKS, user=PRIYA, text="psst", thread_ts=root.ts)
        assert [message.text for message in here.slack.ephemerals("works", "priya")] == ["psst"]

    async def test_what_it_refuses(self, here: World) -> None:
        here.slack.channel("works").members.remove(MARCO)
        post = here.client.chat_postEphemeral

        assert await word_of(post(channel=WORKS, user=MARCO, text="x")) == "user_not_in_channel"
        assert await word_of(post(channel=SQUARE, user=PRIYA, text="x")) == "not_in_channel"
        empty = here.client.api_call("chat.postEphemeral", json={"channel": WORKS, "user": PRIYA})
        assert await word_of(empty) == "no_text"


class TestDeleteAndLink:
    async def test_a_message_is_deleted(self, here: World) -> None:
        ts = (await here.client.chat_postMessage(channel=WORKS, text="x"))["ts"]

        await here.client.chat_delete(channel=WORKS, ts=ts)

        assert here.slack.message("works", ts) is None
        assert await word_of(here.client.chat_delete(channel=WORKS, ts=ts)) == "message_not_found"

    async def test_a_root_with_replies_leaves_a_tombstone(self, here: World) -> None:
        ts = (await here.client.chat_postMessage(channel=WORKS, text="x", blocks=[SECTION]))["ts"]
        here.slack.post_user_message("priya", "works", "why?", ts)

        await here.client.chat_delete(channel=WORKS, ts=ts)

        message = here.slack.message("works", ts)
        assert message is not None
        assert (message.subtype, message.blocks, message.reply_count) == ("tombstone", [], 1)
        assert await word_of(here.client.chat_update(channel=WORKS, ts=ts, text="y")) == "message_not_found"

    async def test_other_peoples_messages_stay(self, here: World) -> None:
        theirs, _ = here.slack.post_user_message("priya", "works", "mine")

        assert await word_of(here.client.chat_delete(channel=WORKS, ts=theirs.ts)) == "cant_delete_message"

    async def test_a_deleted_reply_is_no_longer_counted(self, here: World) -> None:
        root, _ = here.slack.post_user_message("priya", "works", "a leak")
        reply = await here.client.chat_postMessage(channel=WORKS, text="x", thread_ts=root.ts)

        await here.client.chat_delete(channel=WORKS, ts=reply["ts"])

        assert root.reply_count == 0

    async def test_a_permalink_leads_to_the_page(self, here: World) -> None:
        ts = (await here.client.chat_postMessage(channel=WORKS, text="x"))["ts"]

        link = (await here.client.chat_getPermalink(channel=WORKS, message_ts=ts))["permalink"]

        async with here.http.get(link, allow_redirects=False) as response:
            assert response.headers["Location"] == f"/?channel={WORKS}&message={ts}"
        assert await word_of(here.client.chat_getPermalink(channel=WORKS, message_ts="1.0")) == "message_not_found"


class TestReactions:
    async def test_a_reaction_is_added_once(self, here: World) -> None:
        root, _ = here.slack.post_user_message("priya", "works", "a leak")
        add = here.client.reactions_add

        await add(channel=WORKS, timestamp=root.ts, name="eyes")

        assert root.reactions == {"eyes": [BOT]}
        assert await word_of(add(channel=WORKS, timestamp=root.ts, name="eyes")) == "already_reacted"
        assert await word_of(add(channel=WORKS, timestamp="1.0", name="eyes")) == "message_not_found"
        assert await word_of(add(channel=WORKS, timestamp=root.ts, name="<eyes>")) == "invalid_name"
        assert await word_of(add(channel=WORKS, timestamp="", name="eyes")) == "no_item_specified"
