"""What Slack refuses of streams, sessions and suggestions, the stand-in refuses with the same words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.sandbox.slack.methods.streams import SEALED_AFTER
from tests.support.stand_in_app import BOT, PRIYA, WORKS, World, word_of, world

TASK = {"type": "task_update", "id": "1", "title": "Looking", "status": "in_progress"}
BLOCK = {"type": "section", "text": {"type": "plain_text", "text": "Three."}}


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world(events=frozenset({"app_home_opened", "agent_session_stopped"}), retry_delays=()) as running:
        yield running


def asked(here: World) -> tuple[str, str]:
    """A direct message with the bot, and the thread that a question begins there."""
    channel = here.slack.workspace.open_dm([PRIYA, BOT])
    message, _ = here.slack.post_user_message("priya", channel.id, "what is open?")
    return channel.id, message.ts


async def started(here: World, **given: Any) -> tuple[str, str, str]:
    channel, thread = asked(here)
    answer = await here.client.chat_startStream(channel=channel, thread_ts=thread, **given)
    return channel, thread, answer["ts"]


async def test_a_stream_grows_and_ends_as_a_message_like_others(here: World) -> None:
    channel, thread, ts = await started(here, chunks=[TASK])
    session = here.slack.channel(channel).sessions
    assert session[thread] == "processing"
    await here.client.chat_appendStream(channel=channel, ts=ts, chunks=[{**TASK, "status": "complete"}])
    await here.client.chat_appendStream(channel=channel, ts=ts, chunks=[{"type": "blocks", "blocks": [BLOCK]}])
    assert await word_of(here.client.chat_update(channel=channel, ts=ts, text="x")) == "streaming_state_conflict"
    mark = {"event_type": "answer", "event_payload": {"id": "1"}}
    await here.client.chat_stopStream(channel=channel, ts=ts, metadata=mark)
    message = here.slack.message(channel, ts)
    assert message is not None
    assert [block["type"] for block in message.blocks] == ["task_card", "section"]
    assert message.metadata == mark
    assert session[thread] == "active"
    again = here.client.chat_stopStream(channel=channel, ts=ts)
    assert await word_of(again) == "message_not_in_streaming_state"
    await here.client.chat_update(channel=channel, ts=ts, text="Three.")


async def test_text_and_chunks_do_not_go_together(here: World) -> None:
    channel, thread = asked(here)
    both = here.client.chat_startStream(channel=channel, thread_ts=thread, markdown_text="a", chunks=[TASK])
    assert await word_of(both) == "cannot_provide_both_markdown_text_and_chunks"
    channel, thread, ts = await started(here, markdown_text="a")
    assert await word_of(here.client.chat_appendStream(channel=channel, ts=ts, chunks=[TASK])) == (
        "streaming_mode_mismatch"
    )
    await here.client.chat_appendStream(channel=channel, ts=ts, markdown_text="b")
    message = here.slack.message(channel, ts)
    assert message is not None
    assert message.text == "ab"
    long = here.client.chat_appendStream(channel=channel, ts=ts, markdown_text="x" * 12_001)
    assert await word_of(long) == "msg_too_long"


@pytest.mark.parametrize(
    "chunk",
    [
        {**TASK, "status": "completed"},
        {**TASK, "title": "x" * 257},
        {**TASK, "colour": "red"},
        {"type": "task_update", "title": "no id", "status": "complete"},
        {"type": "news"},
    ],
)
async def test_chunks_are_checked(here: World, chunk: dict[str, Any]) -> None:
    channel, _, ts = await started(here)
    assert await word_of(here.client.chat_appendStream(channel=channel, ts=ts, chunks=[chunk])) == "invalid_chunks"


async def test_no_more_than_fifty_blocks_come_in_chunks(here: World) -> None:
    channel, _, ts = await started(here, chunks=[{"type": "blocks", "blocks": [BLOCK] * 30}])
    more = here.client.chat_appendStream(
        channel=channel, ts=ts, chunks=[{"type": "blocks", "blocks": [BLOCK] * 21}]
    )
    assert await word_of(more) == "invalid_chunks"


async def test_slack_seals_a_stream_and_shows_what_went_on_as_failed(here: World) -> None:
    channel, _, ts = await started(here, chunks=[TASK])
    here.clock.now += SEALED_AFTER + 1
    late = here.client.chat_appendStream(channel=channel, ts=ts, chunks=[TASK])
    assert await word_of(late) == "message_not_in_streaming_state"
    message = here.slack.message(channel, ts)
    assert message is not None
    assert message.blocks[0]["status"] == "error"


async def test_outside_of_direct_messages_it_says_who_is_answered(here: World) -> None:
    message, _ = here.slack.post_user_message("priya", "works", "what is open?")

    async def start(**given: Any) -> str:
        return await word_of(here.client.chat_startStream(channel=WORKS, thread_ts=message.ts, **given))

    assert await start() == "missing_recipient_user_id"
    assert await start(recipient_user_id=PRIYA) == "missing_recipient_team_id"


async def test_stop_is_told_and_nothing_more_is_taken(here: World) -> None:
    channel, thread, ts = await started(here, chunks=[TASK])
    await here.slack.press_stop("priya", channel, thread)
    event = here.app.received[-1].json["event"]
    assert event == {
        "type": "agent_session_stopped",
        "channel": channel,
        "user": PRIYA,
        "thread_ts": thread,
        "streaming_message_ts": [ts],
        "event_ts": event["event_ts"],
    }
    append = here.client.chat_appendStream(channel=channel, ts=ts, chunks=[TASK])
    assert await word_of(append) == "stopped_by_user"
    assert await word_of(here.client.chat_stopStream(channel=channel, ts=ts)) == "stopped_by_user"
    assert here.slack.channel(channel).sessions[thread] == "processing"
    await here.client.chat_update(channel=channel, ts=ts, text="Stopped.")


async def test_a_session_has_one_of_four_statuses(here: World) -> None:
    channel, thread = asked(here)
    set_status = here.client.agents_sessions_setStatus
    answer = await set_status(channel_id=channel, thread_ts=thread, status="suspended")
    assert answer["agent_status"] == "suspended"
    assert await word_of(set_status(channel_id=channel, thread_ts=thread, status="busy")) == "invalid_arguments"
    assert await word_of(set_status(channel_id=channel, thread_ts="1.1", status="active")) == "thread_not_found"


async def test_four_things_may_be_suggested_in_a_direct_message(here: World) -> None:
    channel, _ = asked(here)
    suggest = here.client.assistant_threads_setSuggestedPrompts
    prompt = {"title": "What is open?", "message": "Which plans are open?"}
    await suggest(channel_id=channel, prompts=[prompt])
    assert here.slack.channel(channel).prompts == [prompt]
    assert await word_of(suggest(channel_id=channel, prompts=[prompt] * 5)) == "invalid_arguments"
    assert await word_of(suggest(channel_id=WORKS, prompts=[prompt])) == "channel_type_not_supported"


async def test_a_workspace_without_agents_refuses_all_of_it(here: World) -> None:
    here.slack.workspace.has_agents = False
    channel, thread = asked(here)
    start = here.client.chat_startStream(channel=channel, thread_ts=thread, chunks=[TASK])
    assert await word_of(start) == "not_authorized"
    status = here.client.agents_sessions_setStatus(channel_id=channel, thread_ts=thread, status="active")
    assert await word_of(status) == "not_authorized"


async def test_opening_the_direct_message_is_an_event_with_the_tab(here: World) -> None:
    await here.slack.open_messages("priya")
    event = here.app.received[-1].json["event"]
    assert (event["type"], event["tab"], event["user"]) == ("app_home_opened", "messages", PRIYA)
