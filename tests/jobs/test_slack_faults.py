"""When Slack refuses, stalls or forgets: wait, look before posting again, and tell who needs to know."""

from __future__ import annotations

import itertools
import logging

import pytest
from sqlalchemy import select, text

from bot.deps import utc_now
from bot.sandbox.gemini.faults import Hold as HeldAnswer
from bot.sandbox.slack import DropAfterAccepting, DropBefore, ErrorWord, RateLimited, ServerError
from bot.sandbox.slack import Hold as HeldPost
from bot.slack import ids
from db.models import Card, WorkflowPlan
from db.session import Database
from services.cards import CardService
from tests.support.run_starts import hurried, until
from tests.support.town_hall import LEAK, TownHall, buttons, cards, drafted, town_hall
from tests.support.waiting import happened


async def state(hall: TownHall) -> str:
    async with hall.database.reading() as session:
        return str(await session.scalar(select(WorkflowPlan.state)))


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
@pytest.mark.parametrize(
    "fault",
    [
        RateLimited(1),
        ErrorWord("rate_limited"),
        ServerError(500),
        ServerError(503),
        ServerError(200),
        DropBefore(),
        DropAfterAccepting(),
    ],
)
async def test_a_passing_fault_is_waited_out_and_leaves_one_card(
    hall: TownHall, method: str, fault: RateLimited | ErrorWord | ServerError | DropBefore | DropAfterAccepting
) -> None:
    hall.slack.faults.script(method, [fault])
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    assert "Discard" in buttons(card)
    assert len(cards(hall.slack)) == 1
    assert hall.slack.faults.pending(method) == 0


async def test_retry_after_is_obeyed(hall: TownHall) -> None:
    hall.slack.faults.script("chat.postMessage", [RateLimited(2)])
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    refused, taken = hall.slack.calls("chat.postMessage")
    assert taken.at - refused.at >= 2


async def test_a_post_that_slack_took_and_did_not_answer_is_found_and_not_repeated(hall: TownHall) -> None:
    hall.slack.faults.script("chat.postMessage", [DropAfterAccepting()])
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    assert len(hall.slack.calls("chat.postMessage")) == 1
    assert len(hall.slack.calls("conversations.history")) >= 1


async def test_the_same_in_a_thread(hall: TownHall) -> None:
    hall.slack.faults.script("chat.postMessage", [DropAfterAccepting()])
    await hall.slack.send_mention("priya", "works", LEAK)
    await drafted(hall)
    assert len(hall.slack.calls("chat.postMessage")) == 1
    assert len(hall.slack.calls("conversations.replies")) >= 1


async def test_a_channel_that_the_bot_is_not_in_is_told_privately(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "town-square", "/mudda", LEAK)
    [told] = await hall.slack.wait_for(lambda: hall.slack.ephemerals("town-square", "priya"))
    assert "/invite" in told.text
    assert hall.slack.ephemerals("town-square", "marco") == []
    assert await state(hall) == "FAILED"


async def test_a_channel_that_is_gone_is_told_privately(hall: TownHall) -> None:
    hall.slack.faults.script("chat.postMessage", [ErrorWord("channel_not_found")])
    await hall.slack.send_mention("priya", "works", LEAK)
    assert await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "priya"))
    assert await state(hall) == "FAILED"


async def test_who_holds_a_card_never_waits_for_its_plan(hall: TownHall) -> None:
    """A change of a plan locks the plan, then its card; the other way about, the database throws one out."""
    post, thinking = HeldPost(), HeldAnswer()
    hall.slack.faults.script("chat.postMessage", [post])
    hall.gemini.script(thinking)
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await happened(post.reached)
    await happened(thinking.reached)
    hall.slack.workspace.channels["C0WORKS001"].members.remove(hall.slack.workspace.bot.id)
    async with hall.database.transaction() as change:
        await change.execute(select(WorkflowPlan.id).with_for_update())
        post.released.set()
        await until(lambda: is_waiting_for_a_row(hall.database), 10)
        await change.execute(select(Card.id).with_for_update())
    await until(lambda: is_failed(hall), 10)
    thinking.released.set()
    assert len(hall.slack.calls("chat.postMessage")) == 1


async def is_waiting_for_a_row(database: Database) -> bool:
    # As the server's owner: to others it does not tell what somebody waits for.
    async with database.engine.connect() as session:
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(await session.scalar(text(query)))


async def is_failed(hall: TownHall) -> bool:
    return await state(hall) == "FAILED"


async def test_a_card_that_somebody_deleted_is_posted_anew_at_the_next_change(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    hall.slack.faults.script("chat.update", [ErrorWord("message_not_found")])
    await hall.slack.click("priya", "works", card.ts, ids.ACTION_DISCARD)
    posts = await hall.slack.wait_for_calls("chat.postMessage", 2)
    assert len(posts) == 2


async def test_updates_of_one_card_keep_two_seconds_apart(database_url: str) -> None:
    async with town_hall(database_url, card_interval_seconds=2) as hall:
        await hall.slack.send_command("priya", "works", "/mudda", LEAK)
        card = await drafted(hall)
        await hall.slack.click("priya", "works", card.ts, ids.ACTION_DISCARD)
        await hall.slack.wait_for(lambda: [card for card in cards(hall.slack) if "Discard" not in buttons(card)])
        times = [call.at for call in hall.slack.calls("chat.update")]
    assert len(times) > 1
    assert all(later - earlier >= 1.9 for earlier, later in itertools.pairwise(times))


@pytest.mark.soak
async def test_a_redraw_that_was_given_up_is_asked_for_again(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    # A word that nobody knows is tried five times in some 15 s, and then given up.
    hall.slack.faults.script("chat.update", [ErrorWord("what_nobody_knows")] * 5)
    await hall.slack.click("priya", "works", card.ts, ids.ACTION_DISCARD)

    async def is_given_up() -> bool:
        return hall.slack.faults.pending("chat.update") == 0

    await hurried(hall.database, is_given_up)
    assert "Discard" in buttons(cards(hall.slack)[0])

    async def is_asked_for() -> bool:
        async with hall.database.transaction() as session:
            await CardService().request_lagging(session, utc_now())
        return "Discard" not in buttons(cards(hall.slack)[0])

    await until(is_asked_for, 20)
    assert await state(hall) == "DISCARDED"
    given_up = {"kind": "draw_card", "outcome": "given_up"}
    assert hall.deps.metrics.registry.get_sample_value("mudda_jobs_total", given_up) == 1


@pytest.mark.parametrize("word", ["invalid_blocks", "msg_too_long", "msg_blocks_too_long"])
async def test_a_card_that_slack_refuses_for_its_content_comes_plainer(hall: TownHall, word: str) -> None:
    hall.slack.faults.script("chat.update", [ErrorWord(word)])
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    assert "Discard" in buttons(card)
    assert len(hall.slack.calls("chat.update")) >= 2


async def test_a_redraw_in_a_channel_that_is_archived_waits_for_the_next_change(
    hall: TownHall, caplog: pytest.LogCaptureFixture
) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    drawn = len(hall.slack.calls("chat.update"))
    hall.slack.faults.script("chat.update", [ErrorWord("is_archived")])
    await hall.slack.click("priya", "works", card.ts, ids.ACTION_DISCARD)
    await until(lambda: _is_drawn(hall), 20)
    assert len(hall.slack.calls("chat.update")) == drawn + 1
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def _is_drawn(hall: TownHall) -> bool:
    async with hall.database.reading() as session:
        lags = await session.scalar(text("SELECT count(*) FROM cards WHERE drawn_generation < generation"))
    return hall.slack.faults.pending("chat.update") == 0 and lags == 0


async def test_show_brings_a_deleted_card_back(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    hall.slack.workspace.remove(card)
    await _show_card(hall)
    [told] = await hall.slack.wait_for(lambda: [each for each in _told(hall) if "was gone" in each])
    assert "The card of plan #1 was gone. It will be back in <#C0WORKS001> in a moment." in told
    back = await drafted(hall)
    assert back.ts != card.ts


async def test_show_says_where_a_card_is(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    await _show_card(hall)
    [told] = await hall.slack.wait_for(lambda: [each for each in _told(hall) if "The card of plan #1" in each])
    assert card.ts.replace(".", "") in told
    assert len(cards(hall.slack)) == 1


async def _show_card(hall: TownHall) -> None:
    await hall.slack.send_command("marco", "works", "/workflows", "#1")
    [details] = hall.slack.ephemerals("works", "marco")
    await hall.slack.click("marco", "works", details.ts, ids.ACTION_CARD_SHOW)


def _told(hall: TownHall) -> list[str]:
    return [message.text for message in hall.slack.ephemerals("works", "marco")]
