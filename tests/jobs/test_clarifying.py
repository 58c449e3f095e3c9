"""What an issue does not say is asked for once, before it is planned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text

from bot.jobs.workflows import clarifying
from bot.jobs.workflows.drafts import draft_plan
from bot.sandbox.gemini.faults import Hold, Status
from bot.slack import ids
from db.models import AICall, PlanVersion
from services.health.hosts import FAILURES, record_failure
from services.jobs import DraftPlan, EndClarification, PostClarification
from services.workflows.clarifications import Found, Lack
from tests.support.clarifying import PLACELESS, answer_job, asked_card, asking, planned, thread_of
from tests.support.geocoder import Geocoder, geocoder
from tests.support.refining import the_plan
from tests.support.talk import plans, told
from tests.support.town_hall import LEAK, TownHall, buttons, card_text, cards, drafted, town_hall
from tests.support.waiting import happened


async def versions(hall: TownHall) -> int:
    async with hall.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(PlanVersion)) or 0


async def idle(hall: TownHall) -> None:
    assert hall.bot.worker is not None
    await hall.bot.worker.idle()


async def test_a_report_without_a_place_asks_where_it_is_and_is_planned_with_the_answer(hall: TownHall) -> None:
    card = await asking(hall)
    assert "Waiting for an answer" in card_text(card)
    assert "Where is it?" in card_text(card)
    [question] = await hall.slack.wait_for(lambda: hall.slack.messages("works", thread_ts=card.ts) or None)
    assert f"<@{hall.slack.user('priya').id}> Where is it?" in question.text

    await hall.slack.click("priya", "works", card.ts, ids.ACTION_CLARIFY_ANSWER)
    view = await hall.slack.wait_for(lambda: next(iter(hall.slack.views("priya")), None))
    await hall.slack.submit_view(
        view.id, {f"{ids.BLOCK_LACK}place": {ids.INPUT_LACK: "Elm Street, by the school"}}
    )
    card = await planned(hall, "Place: Elm Street, by the school")
    assert "Planned without" not in card_text(card)
    assert (await the_plan(hall)).place == "Elm Street, by the school"


async def test_what_says_where_it_is_is_drafted_at_once_and_asks_no_model_more(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    assert "Approve and run" in buttons(card)
    async with hall.database.reading() as session:
        assert not await session.scalar(select(func.count()).select_from(AICall).where(AICall.agent == "intent"))


async def test_plan_anyway_plans_it_and_the_card_says_what_was_not_known(hall: TownHall) -> None:
    card = await asking(hall)
    await hall.slack.click("priya", "works", card.ts, ids.ACTION_CLARIFY_ANYWAY)
    card = await planned(hall, "Planned without knowing where it is.")
    assert "wanted it planned anyway" in card_text(card)


@pytest.mark.parametrize(("words", "place"), [("Elm Street", "Elm Street"), ("I don't know", None)])
async def test_a_plain_reply_in_the_thread_is_the_answer(hall: TownHall, words: str, place: str | None) -> None:
    card = await asking(hall)
    await hall.slack.wait_for(lambda: hall.slack.messages("works", thread_ts=card.ts) or None)
    hall.slack.post_user_message("priya", "works", words, card.ts)
    await planned(hall)
    assert (await the_plan(hall)).place == place


async def test_a_mention_without_a_place_asks_by_what_the_judge_has_found(hall: TownHall) -> None:
    await hall.slack.send_mention("priya", "works", PLACELESS)
    await asked_card(hall)
    async with hall.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(AICall).where(AICall.agent == "intent")) == 1


async def test_who_did_not_report_it_can_not_answer(hall: TownHall) -> None:
    card = await asking(hall)
    await hall.slack.click("dana", "works", card.ts, ids.ACTION_CLARIFY_ANYWAY)
    await told(hall, "dana", f"Only <@{hall.slack.user('priya').id}> can answer this")
    await hall.slack.click("dana", "works", card.ts, ids.ACTION_CLARIFY_ANSWER)
    await hall.slack.wait_for(lambda: len(hall.slack.ephemerals("works", "dana")) == 2 or None)
    assert hall.slack.views("dana") == []
    assert (await the_plan(hall)).state == "DRAFTING"


async def test_two_answers_at_once_make_one_plan_and_the_second_is_told(hall: TownHall) -> None:
    await asking(hall)
    first, second = (
        await answer_job(hall, "click:1", is_anyway=True),
        await answer_job(hall, "click:2", is_anyway=True),
    )
    await asyncio.gather(clarifying.answer(first, hall.deps), clarifying.answer(second, hall.deps))
    await planned(hall)
    await idle(hall)
    await told(hall, "priya", "has answered this already")
    assert len(hall.slack.ephemerals("works", "priya")) == 1
    assert (await the_plan(hall)).draft == 2
    assert await versions(hall) == 1


async def test_an_answer_whose_worker_died_counts_once_and_nobody_is_told_off(hall: TownHall) -> None:
    await asking(hall)
    job = await answer_job(hall, words="Elm Street")
    await clarifying.answer(job, hall.deps)
    await clarifying.answer(job, hall.deps)
    await planned(hall)
    await idle(hall)
    assert (await the_plan(hall)).draft == 2
    assert hall.slack.ephemerals("works", "priya") == []


async def test_a_draft_that_is_run_again_while_an_answer_is_awaited_asks_and_drafts_nothing(
    hall: TownHall,
) -> None:
    card = await asking(hall)
    plan = await the_plan(hall)
    await draft_plan(DraftPlan(workspace=plan.workspace_id, plan=plan.id, draft=1), hall.deps)
    await clarifying.post_clarification(PostClarification(workspace=plan.workspace_id, plan=plan.id), hall.deps)
    await idle(hall)
    assert await versions(hall) == 0
    assert len(await thread_of(hall, card)) == 1


async def test_a_worker_that_has_lost_its_claim_asks_nothing(hall: TownHall) -> None:
    held = Hold()
    hall.gemini.script(held, agent="intent")
    await hall.slack.send_command("priya", "works", "/mudda", PLACELESS)
    await happened(held.reached)
    plan = await the_plan(hall)
    async with hall.database.transaction() as session:
        job = DraftPlan(workspace=plan.workspace_id, plan=plan.id, draft=1)
        found = Found(lacks=(Lack.PLACE,))
        now = hall.deps.now()
        assert not await hall.deps.clarifying.ask(session, job, uuid4(), found, wait=timedelta(hours=1), now=now)
    assert (await the_plan(hall)).clarification is None
    held.released.set()
    await asked_card(hall)


async def test_without_an_answer_it_is_planned_after_a_while(database_url: str) -> None:
    async with town_hall(database_url, clarify_minutes=60) as hall:
        await asking(hall)
        async with hall.database.transaction() as session:
            due = await session.scalar(
                text("SELECT execute_after - now() FROM pgqueuer WHERE entrypoint = 'end_clarification'")
            )
        assert timedelta(minutes=59) < due <= timedelta(minutes=60)
        plan = await the_plan(hall)
        job = EndClarification(workspace=plan.workspace_id, plan=plan.id)
        await clarifying.end(job, hall.deps)
        await clarifying.end(job, hall.deps)
        card = await planned(hall, "Planned without knowing where it is. Nobody answered in time.")
        assert (await the_plan(hall)).draft == 2
        # And whoever comes now comes too late.
        late = await answer_job(hall, is_anyway=True)
        await clarifying.answer(late, hall.deps)
        await told(hall, "priya", "This card has changed since you opened it")
        assert "Approve and run" in buttons(card)


async def test_nobody_is_asked_where_the_setting_says_so(database_url: str) -> None:
    async with town_hall(database_url, clarify_minutes=0) as hall:
        await hall.slack.send_command("priya", "works", "/mudda", PLACELESS)
        assert "Approve and run" in buttons(await drafted(hall))


async def test_a_model_that_is_down_keeps_nobody_waiting_for_a_question(hall: TownHall) -> None:
    hall.gemini.script(*[Status(403)] * 2, agent="intent")
    await hall.slack.send_command("priya", "works", "/mudda", PLACELESS)
    assert "Approve and run" in buttons(await drafted(hall))


async def test_what_was_discarded_while_it_waited_takes_no_answer(hall: TownHall) -> None:
    card = await asking(hall)
    await hall.slack.click("priya", "works", card.ts, ids.ACTION_CLARIFY_ANSWER)
    view = await hall.slack.wait_for(lambda: next(iter(hall.slack.views("priya")), None))
    await hall.slack.click("priya", "works", card.ts, ids.ACTION_DISCARD)
    await hall.slack.wait_for(lambda: "Discarded" in card_text(cards(hall.slack)[0]) or None)
    await hall.slack.submit_view(view.id, {f"{ids.BLOCK_LACK}place": {ids.INPUT_LACK: "Elm Street"}})
    await told(hall, "priya", "The plan has been discarded")
    assert (await the_plan(hall)).state == "DISCARDED"


async def test_a_form_with_nothing_in_it_is_sent_back(hall: TownHall) -> None:
    card = await asking(hall)
    await hall.slack.click("priya", "works", card.ts, ids.ACTION_CLARIFY_ANSWER)
    view = await hall.slack.wait_for(lambda: next(iter(hall.slack.views("priya")), None))
    submitted = await hall.slack.submit_view(view.id, {f"{ids.BLOCK_LACK}place": {ids.INPUT_LACK: "  "}})
    assert submitted.errors


@pytest.fixture
async def found() -> AsyncIterator[Geocoder]:
    async with geocoder() as serving:
        yield serving


@pytest.fixture
async def mapped(database_url: str, found: Geocoder) -> AsyncIterator[TownHall]:
    """A town with a geocoder."""
    async with town_hall(database_url, component_allowed_hosts="127.0.0.1") as hall:
        await found.register(hall)
        yield hall


TWO = ("5th and Main, Ward 4", "5th and Main, Ward 9")


async def test_several_places_of_one_name_become_the_choices(mapped: TownHall, found: Geocoder) -> None:
    found.hits = TWO
    await mapped.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await asked_card(mapped)
    assert found.asked == ["5th and Main"]
    assert list(buttons(card)) == [*TWO, "Another place", "Plan anyway", "Discard"]
    await mapped.slack.click("priya", "works", card.ts, f"{ids.ACTION_CLARIFY_CHOICE}1")
    await planned(mapped, "Place: 5th and Main, Ward 9")
    assert found.asked == ["5th and Main"]


async def test_a_reply_names_a_choice_by_number_or_words(mapped: TownHall, found: Geocoder) -> None:
    found.hits = TWO
    await mapped.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await asked_card(mapped)
    await mapped.slack.wait_for(lambda: mapped.slack.messages("works", thread_ts=card.ts) or None)
    mapped.slack.post_user_message("priya", "works", "ward 9", card.ts)
    await planned(mapped, "Place: 5th and Main, Ward 9")


async def test_one_hit_is_kept_with_the_issue_and_asks_nobody(mapped: TownHall, found: Geocoder) -> None:
    found.hits = TWO[:1]
    await mapped.slack.send_command("priya", "works", "/mudda", LEAK)
    await planned(mapped, "Found as: 5th and Main, Ward 4")
    plan = await the_plan(mapped)
    # What an API says is no person's word.
    assert (plan.place, plan.place_found) == (None, "5th and Main, Ward 4")


@pytest.mark.parametrize("trouble", ["refuses", "hangs", "nonsense", "nothing"])
async def test_a_geocoder_in_trouble_never_holds_a_draft_up(
    mapped: TownHall, found: Geocoder, trouble: str
) -> None:
    match trouble:
        case "refuses":
            found.status = 500
        case "hangs":
            found.delay = 30
        case "nonsense":
            found.hits = {"results": [17, None, {"display_name": {}}]}
    await mapped.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await planned(mapped)
    assert "Found as" not in card_text(card)
    assert len(await plans(mapped)) == 1


async def test_a_geocoder_that_is_left_alone_is_not_asked(mapped: TownHall, found: Geocoder) -> None:
    found.hits = TWO
    now = mapped.deps.now()
    async with mapped.deps.database.transaction() as session:
        for _ in range(FAILURES):
            host = found.url.removeprefix("http://")
            await record_failure(session, mapped.deps.workspace.id, host, "timeout", now)
    await mapped.slack.send_command("priya", "works", "/mudda", LEAK)
    await planned(mapped)
    assert found.asked == []
