"""In a direct message an answer is streamed; whatever becomes of the stream, there is one complete message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.sandbox.gemini.faults import Fine
from bot.sandbox.gemini.faults import Hold as ModelHold
from bot.sandbox.slack import DropAfterAccepting, ErrorWord, Message, RateLimited
from bot.slack.surfaces import REFUSED_FOR, Surface
from db.models import AICall, AnswerStream, AuditEvent
from db.queue import enqueue
from services.jobs import FindAnswer
from tests.support.approvals import rules
from tests.support.asking import words_of
from tests.support.inquiries import DM, answered, answers, ask
from tests.support.record import town
from tests.support.town_hall import LEAK, TownHall, drafted, hall
from tests.support.waiting import happened

__all__ = ["hall"]

QUESTION = "which plans are open?"


def dm_of(hall: TownHall) -> str:
    workspace = hall.slack.workspace
    return workspace.open_dm([hall.slack.user("priya").id, workspace.bot.id]).id


async def begun(hall: TownHall) -> str:
    """The record of a town, and a thread that a question begins in Priya's direct message."""
    await town(hall.database, hall.deps.workspace.id)
    workspace = hall.slack.workspace
    message = Message(dm_of(hall), workspace.next_ts(), hall.slack.user("priya").id, QUESTION)
    return workspace.add(message).ts


async def asked(hall: TownHall, **given: Any) -> str:
    """The same, and the question is handed over."""
    thread = await begun(hall)
    await ask(hall, QUESTION, channel=DM, thread_ts=thread, **given)
    return thread


def replies(hall: TownHall, thread: str) -> list[Message]:
    return hall.slack.messages(dm_of(hall), thread_ts=thread)


async def idle(hall: TownHall) -> None:
    assert hall.bot.worker is not None
    await hall.bot.worker.idle()


async def is_one_answer(hall: TownHall, thread: str) -> Message:
    """There is one reply, with the whole answer, and nothing of how it came about."""
    message = await answered(hall, DM)
    await hall.slack.wait_for(lambda: "task_card" not in json.dumps(message.blocks))
    await idle(hall)
    assert replies(hall, thread) == [message]
    assert message.stream is None
    assert "9 on record" in words_of(message.blocks)
    assert "on record" in message.text
    async with hall.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(AnswerStream)) == 0
    return message


async def test_it_is_streamed_line_by_line_and_ends_as_any_answer(hall: TownHall) -> None:
    thread = await asked(hall)
    message = await is_one_answer(hall, thread)
    [start] = hall.slack.calls("chat.startStream")
    assert start.args["recipient_user_id"] == hall.slack.user("priya").id
    assert start.args["recipient_team_id"] == hall.slack.workspace.team.id
    chunks = [chunk for call in hall.slack.calls("chat.appendStream") for chunk in call.args["chunks"]]
    assert "Looking through the plans" in [chunk.get("title") for chunk in chunks]
    parts = [block for chunk in chunks for block in chunk.get("blocks", ())]
    assert words_of(parts) == words_of(message.blocks)
    assert len(hall.slack.calls("chat.stopStream")) == 1
    assert hall.slack.channel(dm_of(hall)).sessions[thread] == "active"
    assert message.thread_ts == thread


async def test_it_is_seen_at_once_that_it_is_looked_at(hall: TownHall) -> None:
    held = ModelHold()
    hall.gemini.script(held, agent="inquiry")
    thread = await asked(hall)
    await happened(held.reached)
    [looking] = replies(hall, thread)
    assert looking.blocks[0]["title"] == "Looking…"
    held.released.set()
    await is_one_answer(hall, thread)


async def test_where_nothing_is_streamed_the_plain_way_is_taken_and_remembered(hall: TownHall) -> None:
    hall.slack.workspace.has_agents = False
    first = await asked(hall)
    await is_one_answer(hall, first)
    second = hall.slack.workspace.add(
        Message(dm_of(hall), hall.slack.workspace.next_ts(), hall.slack.user("priya").id, QUESTION)
    )
    await ask(hall, QUESTION, channel=DM, thread_ts=second.ts)
    await hall.slack.wait_for(lambda: len(answers(hall, DM)) == 2)
    await hall.slack.wait_for(lambda: all("9 on record" in words_of(each.blocks) for each in answers(hall, DM)))
    assert len(hall.slack.calls("chat.startStream")) == 1
    now = hall.deps.now()
    assert not hall.deps.surfaces.is_open(Surface.STREAM, now)
    assert hall.deps.surfaces.is_open(Surface.STREAM, now + REFUSED_FOR)


@pytest.mark.parametrize("fault", [RateLimited(), ErrorWord("invalid_chunks"), ErrorWord("brand_new_word")])
async def test_a_stream_that_can_not_be_begun_now_is_no_lost_answer(hall: TownHall, fault: Any) -> None:
    hall.slack.faults.script("chat.startStream", [fault])
    await is_one_answer(hall, await asked(hall))
    assert hall.deps.surfaces.is_open(Surface.STREAM, hall.deps.now())


@pytest.mark.parametrize("word", ["message_not_in_streaming_state", "invalid_chunks", "internal_error"])
async def test_a_piece_that_is_refused_is_seen_at_the_end(hall: TownHall, word: str) -> None:
    hall.slack.faults.script("chat.appendStream", [ErrorWord(word)])
    await is_one_answer(hall, await asked(hall))
    assert len(hall.slack.calls("chat.appendStream")) == 1


async def test_a_start_that_slack_took_and_did_not_answer_is_found_and_not_repeated(hall: TownHall) -> None:
    hall.slack.faults.script("chat.startStream", [DropAfterAccepting()])
    await is_one_answer(hall, await asked(hall))
    assert len(hall.slack.calls("chat.startStream")) == 1


async def test_a_plain_beginning_that_slack_took_and_did_not_answer_is_not_streamed_beside(hall: TownHall) -> None:
    hall.slack.faults.script("chat.startStream", [RateLimited()])
    hall.slack.faults.script("chat.postMessage", [DropAfterAccepting()])
    await is_one_answer(hall, await asked(hall))
    assert len(hall.slack.calls("chat.startStream")) == 1


async def test_an_end_that_slack_took_and_did_not_answer_is_no_second_answer(hall: TownHall) -> None:
    hall.slack.faults.script("chat.stopStream", [DropAfterAccepting()])
    hall.slack.faults.script("chat.update", [DropAfterAccepting()])
    thread = await asked(hall)
    await hall.slack.wait_for_calls("chat.update", 2, timeout=60)
    await is_one_answer(hall, thread)


async def test_a_worker_that_takes_over_ends_what_another_began(hall: TownHall) -> None:
    """Killed after it had streamed a part: the next one streams on in the same message."""
    thread = await begun(hall)
    job = await ask(hall, QUESTION, channel=DM, thread_ts=thread)
    first = await is_one_answer(hall, thread)
    found = hall.slack.calls("chat.startStream")[0]
    assert found.response is not None
    again = FindAnswer(**job.model_dump(), answer_ts=found.response["ts"], is_streamed=True)
    async with hall.deps.database.transaction() as session:
        await enqueue(session, again)
    await idle(hall)
    assert await is_one_answer(hall, thread) is first


async def test_whoever_asked_can_stop_it(hall: TownHall) -> None:
    held = ModelHold()
    hall.gemini.script(held, agent="inquiry")
    thread = await asked(hall)
    await happened(held.reached)
    await hall.slack.press_stop("priya", dm_of(hall), thread)
    await hall.slack.wait_for(lambda: "You stopped this answer" in words_of(replies(hall, thread)[0].blocks))
    held.released.set()
    await idle(hall)
    [message] = replies(hall, thread)
    assert "on record" not in words_of(message.blocks)
    assert hall.slack.channel(dm_of(hall)).sessions[thread] == "active"
    async with hall.database.reading() as session:
        # What it cost until then is on record all the same.
        assert len(list(await session.scalars(select(AICall).where(AICall.agent == "inquiry")))) == 1
        query = select(AuditEvent.facts).where(AuditEvent.action == "inquiry.answered")
        assert [facts["trouble"] for facts in await session.scalars(query)] == ["stopped"]
        assert await session.scalar(select(func.count()).select_from(AnswerStream)) == 0


async def test_an_answer_that_comes_after_stop_is_not_shown(hall: TownHall) -> None:
    held = ModelHold()
    # Everything was looked up: the next word of the model is the answer.
    hall.gemini.script(Fine(), held, agent="inquiry")
    thread = await asked(hall)
    await happened(held.reached)
    await hall.slack.press_stop("priya", dm_of(hall), thread)
    await hall.slack.wait_for(lambda: "You stopped this answer" in words_of(replies(hall, thread)[0].blocks))
    held.released.set()
    await hall.slack.wait_for(lambda: len(hall.slack.calls("chat.update")) == 2)
    await idle(hall)
    [message] = replies(hall, thread)
    assert words_of(message.blocks).strip() == "You stopped this answer."


async def test_nobody_else_can(hall: TownHall) -> None:
    held = ModelHold()
    hall.gemini.script(held, agent="inquiry")
    thread = await asked(hall)
    await happened(held.reached)
    dana = hall.slack.user("dana").id
    await hall.slack.tell_app(
        {"type": "agent_session_stopped", "channel": dm_of(hall), "user": dana, "thread_ts": thread}
    )
    await idle_but_held(hall)
    assert "You stopped" not in words_of(replies(hall, thread)[0].blocks)
    held.released.set()
    await is_one_answer(hall, thread)


async def idle_but_held(hall: TownHall) -> None:
    """Until the event has been dealt with: what comes after it in the same lane is."""
    await hall.slack.send_command("marco", "works", "/components", "")
    await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "marco"))


async def test_it_is_shown_where_a_plan_of_a_direct_message_waits_for_a_person(hall: TownHall) -> None:
    channel = dm_of(hall)
    message, _ = hall.slack.post_user_message("priya", channel, LEAK)
    card = await drafted(hall, channel)
    sessions = hall.slack.channel(channel).sessions
    await hall.slack.wait_for(lambda: sessions.get(message.ts) == "suspended")
    await hall.slack.click("priya", channel, card.ts, "plan.discard")
    await hall.slack.wait_for(lambda: sessions.get(message.ts) == "active")


@pytest.mark.parametrize(
    ("user", "first"),
    [("priya", "How do my reports stand?"), ("marco", "What waits for me?")],
)
async def test_what_fits_the_person_is_suggested(hall: TownHall, user: str, first: str) -> None:
    await rules(hall, "marco")
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    await hall.slack.open_messages(user)
    workspace = hall.slack.workspace
    channel = workspace.open_dm([hall.slack.user(user).id, workspace.bot.id])
    prompts = await hall.slack.wait_for(lambda: channel.prompts)
    assert prompts[0]["title"] == first
    assert prompts[-1]["message"] == "help"
