"""Whatever the model does: a plan where that can be had, else a card with one plain sentence and Try again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from bot.sandbox.gemini.faults import (
    Blocked,
    BrokenJson,
    Cycle,
    Drop,
    Fault,
    Finished,
    Hang,
    Hold,
    NoCandidates,
    Page,
    Status,
    Truncated,
    UnknownComponent,
    WrongShape,
)
from bot.slack import ids
from bot.views.plan.failures import sentence
from db.models import AICall, WorkflowPlan
from services.states import FailureCode
from services.workflows.drafts import failure_from_json
from tests.support.town_hall import LEAK, TownHall, buttons, card_text, drafted, town_hall
from tests.support.waiting import happened


async def plan(hall: TownHall) -> WorkflowPlan:
    async with hall.database.reading() as session:
        found: WorkflowPlan = (await session.scalars(select(WorkflowPlan))).one()
        return found


@pytest.mark.parametrize(
    "faults",
    [
        [Status(429, retry_delay=0.2)],
        [Status(500)],
        [Status(503), Status(503)],
        [Drop()],
        [NoCandidates()],
        [Truncated()],
        [BrokenJson()],
        [WrongShape()],
        [UnknownComponent()],
    ],
    ids=lambda faults: "+".join(type(fault).__name__ + str(getattr(fault, "code", "")) for fault in faults),
)
@pytest.mark.parametrize("agent", ["selector", "planner"])
async def test_what_passes_is_tried_again_and_a_plan_comes_of_it(
    hall: TownHall, faults: Sequence[Fault], agent: str
) -> None:
    hall.gemini.script(*faults, agent=agent)
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall, timeout=30)
    assert (await plan(hall)).state == "DRAFT"


async def test_a_plan_that_goes_round_in_circles_is_repaired(hall: TownHall) -> None:
    hall.gemini.script(Cycle(), agent="planner")
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    assert (await plan(hall)).state == "DRAFT"
    async with hall.database.reading() as session:
        agents = (await session.scalars(select(AICall.agent))).all()
    assert sorted(agents) == ["planner", "repair", "selector"]


async def test_a_plan_that_stays_invalid_fails_with_its_faults_by_name(hall: TownHall) -> None:
    hall.gemini.script(Cycle(), Cycle(), Cycle(), agent="planner")
    hall.gemini.script(Cycle(), Cycle(), agent="repair")
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    failed = await plan(hall)
    assert failed.failure is not None
    assert failed.failure["code"] == FailureCode.REJECTED
    assert [fault["code"] for fault in failed.failure["faults"]].count("cycle") == 1
    assert set(buttons(card)) - {"Request changes"} == {"Try again", "Discard"}
    async with hall.database.reading() as session:
        agents = (await session.scalars(select(AICall.agent))).all()
    assert sorted(agents) == ["planner"] * 3 + ["repair"] * 2 + ["selector"]


async def test_another_plan_may_be_the_one(hall: TownHall) -> None:
    hold = Hold()
    hall.gemini.script(Cycle(), Cycle(), hold, agent="planner")
    hall.gemini.script(Cycle(), agent="repair")
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await happened(hold.reached)
    await hall.slack.wait_for(
        lambda: any("Trying other plans" in str(m.blocks) for m in hall.slack.messages("works"))
    )
    hold.released.set()
    await drafted(hall)
    assert (await plan(hall)).state == "DRAFT"


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ([Blocked("prompt")], FailureCode.GEMINI_BLOCKED),
        ([Blocked("answer")], FailureCode.GEMINI_BLOCKED),
        ([Finished("SPII")], FailureCode.GEMINI_BLOCKED),
        ([Finished("TOO_MANY_TOOL_CALLS")] * 2, FailureCode.GEMINI_EMPTY),
        ([Status(400, word="FAILED_PRECONDITION")], FailureCode.GEMINI_ACCOUNT),
        ([Status(429)] * 9, FailureCode.GEMINI_BUSY),
        ([Status(400, reason="API_KEY_INVALID")], FailureCode.GEMINI_KEY),
        ([Status(403)], FailureCode.GEMINI_KEY),
        ([Status(404)], FailureCode.GEMINI_MODEL),
        ([Status(429, daily=True)], FailureCode.GEMINI_QUOTA),
        ([NoCandidates()] * 2, FailureCode.GEMINI_EMPTY),
        ([Truncated()] * 2, FailureCode.GEMINI_TRUNCATED),
        ([BrokenJson()] * 2, FailureCode.GEMINI_MALFORMED),
        ([WrongShape()] * 2, FailureCode.GEMINI_MALFORMED),
        ([Page()] * 9, FailureCode.GEMINI_UNAVAILABLE),
    ],
)
async def test_what_does_not_pass_is_a_card_with_a_sentence_and_a_way_on(
    hall: TownHall, faults: Sequence[Fault], code: FailureCode
) -> None:
    hall.gemini.script(*faults)
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall, timeout=60)
    failed = await plan(hall)
    assert failed.state == "FAILED"
    assert failed.failure is not None
    assert failed.failure["code"] == code
    assert set(buttons(card)) - {"Request changes"} == {"Try again", "Discard"}
    assert "Traceback" not in card_text(card)
    # What is kept has the API's own word, from which the card makes its sentence.
    assert sentence(failure_from_json(failed.failure)) in card_text(card)


async def test_a_model_that_never_answers_is_a_card_too(database_url: str) -> None:
    async with town_hall(database_url, gemini_timeout_seconds=0.3) as hall:
        hall.gemini.script(*[Hang()] * 20)
        await hall.slack.send_command("priya", "works", "/mudda", LEAK)
        await drafted(hall, timeout=60)
        failed = await plan(hall)
        assert failed.failure is not None
        assert failed.failure["code"] in (FailureCode.GEMINI_TIMEOUT, FailureCode.GEMINI_UNAVAILABLE)


async def test_the_newer_sdk_drafts_as_well(database_url: str) -> None:
    async with town_hall(database_url, gemini_sdk="genai", gemini_thinking="low") as hall:
        hall.gemini.script(Status(503), agent="planner")
        await hall.slack.send_command("priya", "works", "/mudda", LEAK)
        await drafted(hall)
        assert (await plan(hall)).state == "DRAFT"
    assert {(asked.version, asked.store, str(asked.thinking).lower()) for asked in hall.gemini.transcript} == {
        ("v1", False, "low")
    }


async def test_a_refused_connection_is_a_card_too(database_url: str) -> None:
    async with town_hall(database_url, gemini_api_endpoint="http://127.0.0.1:1") as hall:
        await hall.slack.send_command("priya", "works", "/mudda", LEAK)
        await drafted(hall, timeout=60)
        failed = await plan(hall)
        assert failed.failure is not None
        assert failed.failure["code"] == FailureCode.GEMINI_UNAVAILABLE


async def test_try_again_drafts_once_more(hall: TownHall) -> None:
    hall.gemini.script(Blocked("prompt"))
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_TRY_AGAIN)
    await hall.slack.wait_for(lambda: "Approve and run" in buttons(hall.slack.message("works", card.ts) or card))
    assert (await plan(hall)).state == "DRAFT"


async def test_what_failed_is_paid_for_and_on_record(hall: TownHall) -> None:
    hall.gemini.script(Blocked("prompt"))
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    async with hall.database.reading() as session:
        [call] = (await session.scalars(select(AICall))).all()
    assert (call.agent, call.outcome) == ("selector", "blocked")
