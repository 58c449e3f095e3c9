"""Messages and waits, end to end: what is posted is posted once, and waiting holds no worker."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.jobs.runs.steps import run_step
from bot.sandbox.slack import DropAfterAccepting, Fine, Message, RateLimited
from bot.sandbox.town import Status
from bot.slack import ids
from db.models import Run, StepAttempt, StepRun
from services.jobs import JobDeferral
from tests.support.own_steps import job_of, marked, notify, output, posted, the_step, wait_until
from tests.support.town_hall import TownHall, card_text, cards
from tests.support.town_runs import approved, order, outcome, press, step, step_states, with_button

RINGING = "Hello <!channel> & <@U0000001>"
HOUR = "60"


async def test_the_reporter_is_told_in_the_cards_thread_and_nothing_rings(hall: TownHall) -> None:
    card = await approved(hall, notify(message=RINGING))
    notice = await posted(hall, ids.METADATA_NOTICE)
    await outcome(hall)
    priya = hall.slack.user("priya").id
    assert (notice.channel, notice.thread_ts) == (card.channel, card.ts)
    assert notice.text == f"<@{priya}> Hello &lt;!channel&gt; &amp; &lt;@U0000001&gt;"
    [block] = notice.blocks
    assert [element["type"] for element in block["elements"][0]["elements"]] == ["user", "text", "text"]
    assert await output(hall, "tell") == {"posted": True, "channel": card.channel, "ts": notice.ts}
    assert "Posted." in card_text(await hall.slack.wait_for(lambda: _done(hall)))


def _done(hall: TownHall) -> Message | None:
    return next((card for card in cards(hall.slack) if "Done in" in card_text(card)), None)


async def test_a_channel_is_told_in_the_channel(hall: TownHall) -> None:
    channel = hall.slack.channel("works")
    await approved(hall, notify(to="{{issue.channel}}", message="Mind the water"))
    notice = await posted(hall, ids.METADATA_NOTICE)
    assert (notice.channel, notice.thread_ts, notice.text) == (channel.id, None, "Mind the water")


async def test_a_post_that_slack_took_before_the_connection_broke_is_not_posted_again(hall: TownHall) -> None:
    hall.slack.faults.script("chat.postMessage", [Fine(), DropAfterAccepting()])
    await approved(hall, notify())
    await outcome(hall)
    assert len(marked(hall, ids.METADATA_NOTICE)) == 1


async def test_a_post_that_slack_asks_patience_for_is_posted_in_the_end(hall: TownHall) -> None:
    hall.slack.faults.script("chat.postMessage", [Fine(), RateLimited(1)])
    await approved(hall, notify())
    await outcome(hall)
    assert len(marked(hall, ids.METADATA_NOTICE)) == 1


async def test_a_worker_that_died_over_a_post_leaves_one_message(hall: TownHall) -> None:
    await approved(hall, notify())
    await outcome(hall)
    found = await the_step(hall, "tell")
    async with hall.database.transaction() as session:
        await session.execute(update(StepRun).where(StepRun.id == found.id).values(state="RUNNING"))
    await run_step(await job_of(hall, "tell"), hall.deps)
    await run_step(await job_of(hall, "tell"), hall.deps)
    assert await step_states(hall) == {"tell": "DONE"}
    assert len(marked(hall, ids.METADATA_NOTICE)) == 1


async def test_a_channel_that_is_not_there_fails_the_step_in_words(hall: TownHall) -> None:
    await approved(hall, notify(to="C0000000"))
    card = await with_button(hall, "Stop run")
    assert (await the_step(hall, "tell")).error == {"code": "channel_unreachable"}
    assert "Mudda can't post there" in card_text(card)


async def test_somebody_else_is_not_written_to(hall: TownHall) -> None:
    await approved(hall, notify(to=hall.slack.user("dana").id))
    await with_button(hall, "Stop run")
    assert (await the_step(hall, "tell")).error == {
        "code": "request_refused",
        "name": "body.to",
        "reason": "unfit",
    }
    assert marked(hall, ids.METADATA_NOTICE) == []


async def test_a_gate_shows_the_message_before_it_is_posted(hall: TownHall) -> None:
    await approved(hall, notify(message="About {{issue.text}}", gate=True))
    card = await with_button(hall, "Approve step")
    assert "Message (partly from the report): About Water is coming up" in card_text(card)
    assert marked(hall, ids.METADATA_NOTICE) == []
    await press(hall, "Approve step")
    await outcome(hall)
    assert len(marked(hall, ids.METADATA_NOTICE)) == 1


async def test_time_passes_and_no_attempt_has_failed(hall: TownHall) -> None:
    await approved(hall, step("wait", "wait.for", body__minutes="0.02", after="order"), order())
    await outcome(hall)
    found = await the_step(hall, "wait")
    assert found.started_at is not None
    assert found.attempt == 1
    assert await output(hall, "wait") == {"waited_until": (found.started_at + timedelta(minutes=0.02)).isoformat()}
    begun = (await the_step(hall, "order")).started_at
    assert begun is not None
    assert begun >= found.started_at + timedelta(minutes=0.02)
    async with hall.database.reading() as session:
        attempts = (await session.scalars(select(StepAttempt).where(StepAttempt.step_run_id == found.id))).all()
    assert [attempt.outcome for attempt in attempts] == ["done"]


async def test_more_waits_than_there_are_slots_hold_none_of_them(hall: TownHall) -> None:
    waits = [step(f"wait_{number}", "wait.for", body__minutes=HOUR) for number in range(70)]
    await approved(hall, *waits, order())
    await hall.slack.wait_for(lambda: hall.town.received("workorders.create"), 20)
    await hall.slack.wait_for(lambda: any("1 of 71 done" in card_text(card) for card in cards(hall.slack)), 20)
    assert hall.bot.worker is not None
    await hall.bot.worker.idle()
    assert Counter((await step_states(hall)).values()) == {"READY": 70, "DONE": 1}
    with pytest.raises(JobDeferral) as deferred:
        await run_step(await job_of(hall, "wait_0"), hall.deps)
    assert timedelta(minutes=58) < deferred.value.delay <= timedelta(minutes=60)
    await press(hall, "Cancel run")
    await outcome(hall)
    assert set((await step_states(hall)).values()) == {"CANCELLED", "DONE"}
    await run_step(await job_of(hall, "wait_0"), hall.deps)


async def test_a_wait_that_its_worker_died_over_goes_on_from_where_it_began(hall: TownHall) -> None:
    await approved(hall, step("wait", "wait.for", body__minutes=HOUR))
    await hall.slack.wait_for(
        lambda: next((card for card in cards(hall.slack) if "Waiting until" in card_text(card)), None), 20
    )
    before = await the_step(hall, "wait")
    async with hall.database.transaction() as session:
        await session.execute(update(StepRun).values(state="RUNNING"))
    await run_step(await job_of(hall, "wait"), hall.deps)
    after = await the_step(hall, "wait")
    assert (after.state, after.retry_at) == ("READY", before.retry_at)


async def test_a_field_is_looked_at_until_it_has_a_value(hall: TownHall) -> None:
    hall.town.script("workorders.get", Status(503), Status(500))
    await approved(hall, order(), wait_until())
    await outcome(hall)
    assert await output(hall, "until") == {"value": "open", "polls": 3}
    polls = hall.town.received("workorders.get")
    assert len({poll.idempotency_key for poll in polls}) == len(polls) == 3
    assert (await the_step(hall, "until")).attempt == 1


async def test_a_wait_for_something_has_an_end(hall: TownHall) -> None:
    await approved(hall, order(), wait_until(equals="closed", at_most_minutes="0.01"))
    card = await with_button(hall, "Stop run")
    error = (await the_step(hall, "until")).error
    assert error is not None
    assert error["code"] == "wait_ended"
    assert "did not happen in the time allowed" in card_text(card)
    await press(hall, "Retry")
    await hall.slack.wait_for(lambda: len(hall.town.received("workorders.get")) > error["polls"], 20)


async def test_a_refused_poll_fails_the_step(hall: TownHall) -> None:
    hall.town.script("workorders.get", Status(403))
    await approved(hall, order(), wait_until())
    await with_button(hall, "Stop run")
    error = (await the_step(hall, "until")).error
    assert error is not None
    assert (error["code"], error["status"]) == ("http_status", 403)


async def test_what_is_polled_is_frozen_with_the_run(hall: TownHall) -> None:
    await approved(hall, order(), wait_until())
    await outcome(hall)
    async with hall.database.reading() as session:
        frozen = await session.scalar(select(Run.components))
    assert frozen is not None
    assert set(frozen) == {"workorders.create", "workorders.get"}
