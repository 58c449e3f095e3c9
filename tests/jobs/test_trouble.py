"""A run that fails says so in its card's thread: once for each time, to whoever started it."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy import select, text

from bot.jobs.messages.replies import reply_to_reporter, tell_of_failure
from bot.sandbox.slack import DropAfterAccepting, Fine, Message
from bot.sandbox.town import Hold, Status
from bot.slack import ids
from db.models import Run
from services.jobs import ReplyToReporter, TellOfFailure
from tests.support.own_steps import marked, posted
from tests.support.run_starts import until
from tests.support.town_hall import TownHall, buttons
from tests.support.town_runs import LOOK, approved, order, outcome, press, with_button
from tests.support.waiting import happened


async def the_run(hall: TownHall) -> Run:
    async with hall.database.reading() as session:
        return (await session.scalars(select(Run))).one()


async def failure_job(hall: TownHall) -> TellOfFailure:
    run = await the_run(hall)
    assert run.ended_at is not None
    return TellOfFailure(workspace=run.workspace_id, plan=run.plan_id, run=run.id, failed_at=run.ended_at)


async def all_told(hall: TownHall) -> None:
    """Wait until nothing more is to be said."""

    async def is_idle() -> bool:
        async with hall.database.reading() as session:
            query = "SELECT count(*) FROM pgqueuer WHERE entrypoint IN ('tell_of_failure', 'reply_to_reporter')"
            return bool(await session.scalar(text(query)) == 0)

    await until(is_idle, 20)


def failures(hall: TownHall) -> list[Message]:
    return marked(hall, ids.METADATA_FAILURE)


async def test_whoever_started_it_is_told_where_and_why(hall: TownHall) -> None:
    hall.town.script("workorders.create", Status(422))
    card = await approved(hall, LOOK, order())
    told = await posted(hall, ids.METADATA_FAILURE)
    assert told.thread_ts == card.ts
    said = json.dumps([told.text, told.blocks], ensure_ascii=False)
    assert hall.slack.user("marco").id in said
    assert "Stopped at step 2: “Do order” failed" in told.text
    assert "422" in told.text
    assert "Retry it or skip it on the card." in told.text
    assert marked(hall, ids.METADATA_OUTCOME) == []


async def test_each_time_is_told_once_and_the_reporter_only_at_the_end(hall: TownHall) -> None:
    hall.town.script("workorders.create", Status(422), Status(409))
    card = await approved(hall, order())
    await posted(hall, ids.METADATA_FAILURE)
    first = buttons(await with_button(hall, "Retry"))["Retry"]
    await press(hall, "Retry")
    await hall.slack.wait_for(lambda: len(failures(hall)) == 2 or None, 20)
    await hall.slack.wait_for(lambda: buttons(card).get("Retry", first) != first, 20)
    await press(hall, "Retry")
    await outcome(hall)
    await all_told(hall)
    assert [("422" in each.text, "409" in each.text) for each in failures(hall)] == [(True, False), (False, True)]


async def test_what_slack_took_without_an_answer_is_not_said_again(hall: TownHall) -> None:
    hall.town.script("workorders.create", Status(422))
    hall.slack.faults.script("chat.postMessage", [Fine(), DropAfterAccepting()])
    await approved(hall, order())
    await posted(hall, ids.METADATA_FAILURE)
    await all_told(hall)
    assert hall.slack.faults.pending("chat.postMessage") == 0
    await tell_of_failure(await failure_job(hall), hall.deps)
    assert len(failures(hall)) == 1


async def test_a_failure_that_is_over_is_not_told(hall: TownHall) -> None:
    hall.town.script("workorders.create", Status(422))
    await approved(hall, order())
    await posted(hall, ids.METADATA_FAILURE)
    job = await failure_job(hall)
    earlier = job.model_copy(update={"failed_at": job.failed_at - timedelta(seconds=1)})
    await tell_of_failure(earlier, hall.deps)
    held = Hold()
    hall.town.script("workorders.create", held)
    await press(hall, "Retry")
    await happened(held.reached)
    before = len(hall.slack.calls("conversations.replies"))
    await tell_of_failure(job, hall.deps)
    assert len(hall.slack.calls("conversations.replies")) == before
    assert len(failures(hall)) == 1
    held.released.set()
    await outcome(hall)


async def test_the_reply_is_posted_once_however_often_its_job_runs(hall: TownHall) -> None:
    await approved(hall, order())
    await outcome(hall)
    await all_told(hall)
    run = await the_run(hall)
    before = len(hall.slack.calls("conversations.replies"))
    job = ReplyToReporter(workspace=run.workspace_id, plan=run.plan_id, run=run.id)
    await reply_to_reporter(job, hall.deps)
    assert run.reply_ts is not None
    assert len(marked(hall, ids.METADATA_OUTCOME)) == 1
    assert len(hall.slack.calls("conversations.replies")) == before


async def test_a_cancel_says_what_it_could_not_stop(hall: TownHall) -> None:
    held = Hold()
    hall.town.script("workorders.create", held)
    await approved(hall, order())
    await happened(held.reached)
    await with_button(hall, "Cancel run")
    await press(hall, "Cancel run")
    told = await outcome(hall)
    assert "0 of 1 done, 1 call was under way." in told.text
    held.released.set()
