"""Steps of workflows: what Slack refuses of how they end, the stand-in refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.stand_in_app import World, word_of, world

DONE = {"plan_number": 1, "outcome": "drafted"}


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world(events=frozenset({"function_executed"}), retry_delays=()) as running:
        yield running


async def begun(here: World) -> str:
    execution, _ = await here.slack.run_function("draft_plan", {"issue": "A leak"})
    return execution.id


async def test_the_app_is_told_what_was_given_and_with_which_id(here: World) -> None:
    execution = await begun(here)
    event = here.app.received[-1].json["event"]
    assert event["type"] == "function_executed"
    assert event["function_execution_id"] == execution
    assert event["function"]["callback_id"] == "draft_plan"
    assert event["inputs"] == {"issue": "A leak"}
    assert event["bot_access_token"].startswith("xwfp-")
    with pytest.raises(ValueError, match="declares"):
        await here.slack.run_function("draft_plan", {"approved": True})


async def test_an_end_is_said_once_and_of_what_there_is(here: World) -> None:
    execution = await begun(here)
    complete, fail = here.client.functions_completeSuccess, here.client.functions_completeError
    await complete(function_execution_id=execution, outputs=DONE)
    assert here.slack.workspace.executions[execution].outputs == DONE
    assert await word_of(complete(function_execution_id=execution, outputs=DONE)) == (
        "execution_not_in_running_state"
    )
    assert await word_of(fail(function_execution_id=execution, error="No.")) == "execution_not_in_running_state"
    assert await word_of(fail(function_execution_id="Fx1", error="No.")) == "function_execution_not_found"


@pytest.mark.parametrize(
    "outputs",
    [
        {"outcome": "drafted"},
        {**DONE, "plan_number": "1"},
        {**DONE, "plan_number": True},
        {**DONE, "approved": "yes"},
    ],
)
async def test_outputs_are_those_that_were_declared(here: World, outputs: dict[str, object]) -> None:
    execution = await begun(here)
    refused = here.client.functions_completeSuccess(function_execution_id=execution, outputs=outputs)
    assert await word_of(refused) == "parameter_validation_failed"
    assert here.slack.workspace.executions[execution].state == "running"
