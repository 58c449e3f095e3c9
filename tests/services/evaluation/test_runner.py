"""An evaluation over the stand-in: what is measured of each issue, and that nothing that goes wrong stops it."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from bot.sandbox.gemini.faults import Cycle, Fault, Hang, Hold, Status, Text, UnknownComponent
from bot.sandbox.gemini.server import GeminiStandIn
from services.ai.gemini import GeminiClient, RetryPolicy
from services.ai.service import AIService
from services.ai.usage import STAND_IN_MODEL
from services.evaluation import prompted
from services.evaluation.cases import SAID_AT, Case, chosen_cases, towns
from services.evaluation.results import CaseResult, Evaluation, NotAnEvaluation
from services.evaluation.runner import evaluate, evaluate_case

CASE = towns()["millbrook"].cases[0]
SELECTED = ["workorders.create", "crews.on_duty", "crews.dispatch", "notify.reporter"]


@pytest.fixture
async def gemini() -> AsyncIterator[GeminiStandIn]:
    async with GeminiStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def ai(gemini: GeminiStandIn) -> AsyncIterator[AIService]:
    retries = RetryPolicy(attempts=1, base=0.01, least=0.01)
    client = GeminiClient("key", "gemini-3.8-flash", endpoint=gemini.url, max_concurrency=8, retries=retries)
    # What makes no sense is not mended here: the plans of these tests are to stand as they are.
    yield AIService(client, now=lambda: SAID_AT, seconds_to_make_sense=math.inf)
    await client.aclose(grace=0)


async def measured(ai: AIService, case: Case = CASE, **settings: Any) -> CaseResult:
    return await evaluate_case(ai, towns()[case.town], case, **settings)


def step(key: str, **inputs: str) -> Mapping[str, Any]:
    given = [{"in": "body", "name": name, "value": value} for name, value in inputs.items()]
    return {"step_id": key.replace(".", "_"), "component_id": key, "inputs": given, "next": [], "outputs": []}


def planned(*steps: Mapping[str, Any]) -> Text:
    return Text(json.dumps({"workflow_name": "w", "steps": steps}))


async def test_a_plan_that_is_valid_at_first(gemini: GeminiStandIn, ai: AIService) -> None:
    gemini.script(Text(json.dumps({"selected_component_ids": SELECTED})), agent="selector")
    result = await measured(ai)
    assert (result.valid_at_first, result.valid, result.repairs, result.error) == (True, True, 0, "")
    assert set(result.components) == set(SELECTED)
    assert result.as_expected
    assert (result.case, result.town, result.language) == ("millbrook-1", "millbrook", "en")
    assert (result.calls, result.model, result.steps) == (2, STAND_IN_MODEL, 4)
    assert result.total_tokens == result.prompt_tokens + result.output_tokens > 500
    assert 0 < result.seconds < 30


async def test_a_plan_that_only_makes_no_sense_was_valid_at_first(gemini: GeminiStandIn) -> None:
    client = GeminiClient("key", "gemini-3.8-flash", endpoint=gemini.url, max_concurrency=8)
    untold = planned(step("sanitation.missed_pickup", address="512 Main", stream="trash"))
    gemini.script(untold, agent="planner")
    result = await measured(AIService(client, now=lambda: SAID_AT))
    await client.aclose(grace=0)
    assert (result.valid_at_first, result.valid, result.repairs, result.faults_at_first) == (True, True, 1, {})


async def test_what_a_plan_lacks_and_what_has_no_place_in_it_is_named(
    gemini: GeminiStandIn, ai: AIService
) -> None:
    gemini.script(
        planned(
            step("sanitation.missed_pickup", address="512 Main", stream="trash"),
            step("slack.notify", to="reporter", message="On its way"),
        ),
        agent="planner",
    )
    result = await measured(ai)
    assert result.valid
    assert not result.as_expected
    assert result.missing == ("workorders.create", "crews.dispatch")
    assert result.avoided == ("sanitation.missed_pickup",)
    assert result.warnings["unused_selection"] > 0


async def test_alternatives_that_are_both_missing_stand_together(gemini: GeminiStandIn, ai: AIService) -> None:
    gemini.script(planned(step("sanitation.missed_pickup", address="512 Main", stream="trash")), agent="planner")
    assert (await measured(ai)).missing[-1] == "notify.reporter|slack.notify"


@pytest.mark.parametrize(
    ("repairs", "planned", "repaired", "calls"),
    [(1, [Cycle()], [], 3), (2, [Cycle(), Cycle(), Cycle()], [UnknownComponent()], 6)],
    ids=["repaired-once", "repaired-twice"],
)
async def test_a_plan_that_was_repaired(
    gemini: GeminiStandIn, ai: AIService, repairs: int, planned: list[Fault], repaired: list[Fault], calls: int
) -> None:
    gemini.script(*planned, agent="planner")
    gemini.script(*repaired, agent="repair")
    result = await measured(ai)
    assert (result.valid_at_first, result.valid, result.repairs) == (False, True, repairs)
    assert set(result.faults_at_first) == {"cycle"}
    assert result.faults == {}
    assert result.calls == calls


async def test_a_plan_that_stays_invalid(gemini: GeminiStandIn, ai: AIService) -> None:
    gemini.script(*[UnknownComponent()] * 3, agent="planner")
    gemini.script(UnknownComponent(), Cycle(), agent="repair")
    result = await measured(ai)
    assert (result.valid, result.valid_at_first, result.error, result.repairs) == (False, False, "rejected", 2)
    assert set(result.faults_at_first) == {"unknown_component"}
    assert set(result.faults) == {"cycle"}
    assert not result.as_expected
    assert (result.calls, result.steps > 0) == (6, True)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Text("rubbish"), "malformed"),
        (Text(""), "empty"),
        (Text('{"selected_component_ids": []}'), "nothing_fits"),
        (Status(403, reason="API_KEY_INVALID"), "refused"),
        (Status(503), "unavailable"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
async def test_an_issue_without_a_plan_says_why(
    gemini: GeminiStandIn, ai: AIService, fault: Fault, error: str
) -> None:
    gemini.script(fault, fault)
    result = await measured(ai)
    assert (result.valid, result.valid_at_first, result.error) == (False, False, error)
    assert result.detail
    assert result.calls in (1, 2)


async def test_an_issue_that_takes_too_long_is_ended(gemini: GeminiStandIn, ai: AIService) -> None:
    gemini.script(Hang())
    result = await measured(ai, seconds=0.2)
    assert result.error == "timeout"
    assert result.seconds < 5


async def test_a_town_whose_model_answers_rubbish_is_counted_and_stops_nothing(
    gemini: GeminiStandIn, ai: AIService
) -> None:
    cases = chosen_cases(of_towns=["kisima", "millbrook"], limit=6)
    gemini.script(*[Text("rubbish")] * 6, agent="selector")  # each of kisima's three is asked twice
    told: list[str] = []
    results = await evaluate(ai, cases, concurrency=1, on_result=lambda result: told.append(result.case))
    assert [(result.town, result.error) for result in results] == [
        *[("kisima", "malformed")] * 3,
        *[("millbrook", "")] * 3,
    ]
    assert told == [case.id for case in cases]


async def test_the_results_are_in_the_order_of_the_issues(gemini: GeminiStandIn, ai: AIService) -> None:
    cases = chosen_cases(limit=6)
    held = Hold()
    gemini.script(held, agent="selector")
    told: list[str] = []

    def note(result: CaseResult) -> None:
        told.append(result.case)
        if len(told) == 5:
            held.released.set()

    results = await evaluate(ai, cases, concurrency=2, on_result=note)
    assert told[-1] in (cases[0].id, cases[1].id)
    assert [result.case for result in results] == [case.id for case in cases]
    assert sorted(told) == sorted(case.id for case in cases)


async def test_no_more_run_at_once_than_was_asked_for(gemini: GeminiStandIn, ai: AIService) -> None:
    holds = [Hold() for _ in range(8)]
    gemini.script(*holds, agent="selector")
    waiting = iter(holds)

    def release_next(_: object = None) -> None:
        next(waiting).released.set()

    running = asyncio.create_task(evaluate(ai, chosen_cases(limit=6), concurrency=2, on_result=release_next))
    await gemini.until(lambda stand_in: stand_in.running >= 2)
    release_next()
    release_next()
    await running
    assert gemini.most_at_once == 2


async def test_each_town_is_told_its_own_time_of_the_one_day(gemini: GeminiStandIn, ai: AIService) -> None:
    cases = [towns()["minamihama"].cases[0], towns()["millbrook"].cases[0]]
    await evaluate(ai, cases, concurrency=1, on_result=lambda _: None)
    said = {asked.prompt.splitlines()[1].partition(". ")[0] for asked in gemini.transcript}
    assert said == {
        "It is Wednesday, 2026-11-25, 23:00 in Asia/Tokyo (UTC+09:00)",
        "It is Wednesday, 2026-11-25, 08:00 in America/Chicago (UTC-06:00)",
    }


async def test_a_cancelled_evaluation_ends(gemini: GeminiStandIn, ai: AIService) -> None:
    gemini.script(Hang(), Hang())
    running = asyncio.create_task(evaluate(ai, chosen_cases(limit=2), concurrency=2, on_result=lambda _: None))
    await gemini.until(lambda stand_in: stand_in.running >= 2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_an_evaluation_is_read_back_as_it_was_written(gemini: GeminiStandIn, ai: AIService) -> None:
    gemini.script(Cycle(), agent="planner")
    results = await evaluate(ai, chosen_cases(limit=2), concurrency=2, on_result=lambda _: None)
    evaluation = Evaluation(
        version="1",
        model="m",
        is_stand_in=True,
        prompts="p",
        cases="c",
        begun_at=SAID_AT,
        concurrency=2,
        results=results,
    )
    assert Evaluation.from_json(evaluation.to_json()) == evaluation


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "mudda-evaluation-1"}', '{"format": "2"}', "\0"])
def test_a_document_that_is_no_evaluation_is_refused(text: str) -> None:
    with pytest.raises(NotAnEvaluation) as caught:
        Evaluation.from_json(text)
    assert caught.value.reason


async def test_the_estimate_is_of_the_size_that_it_comes_to(gemini: GeminiStandIn, ai: AIService) -> None:
    cases = chosen_cases(limit=12)
    results = await evaluate(ai, cases, concurrency=4, on_result=lambda _: None)
    estimate = prompted.estimate(cases)
    assert estimate.calls == sum(result.calls for result in results) == 24
    assert 0.5 < sum(result.total_tokens for result in results) / estimate.tokens < 2
    assert estimate.most_calls == 144
    assert estimate.most_tokens > 3 * estimate.tokens


def test_the_fingerprint_of_the_prompts_stays_the_same() -> None:
    assert prompted.fingerprint() == prompted.fingerprint()
    assert len(prompted.fingerprint()) == 12
