"""What makes no sense in a valid plan is sent back once, and what comes back counts only if it is better."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from bot.sandbox.gemini.faults import Blocked, Cycle, Fault, Hang, Status, Text
from bot.sandbox.gemini.server import GeminiStandIn
from services.ai.gemini import GeminiClient, RetryPolicy
from services.ai.sense import HINTS
from services.ai.service import SECONDS_TO_MAKE_SENSE, AIService
from services.components.builtins import BUILTINS, NOTIFY
from services.plans.model import Issue
from services.plans.validation import FaultCode
from services.plans.validation.faults import SENSE
from services.states import Phase
from tests.support.pack import COMPONENTS

ISSUE = Issue("A street lamp is out on Elm Street, pole 77", reporter="U1", channel="C1")
Document = dict[str, Any]


@pytest.fixture
async def service(gemini: GeminiStandIn) -> AsyncIterator[AIService]:
    retries = RetryPolicy(attempts=1, base=0.01, least=0.05)
    client = GeminiClient("key", "gemini-3.8-flash", endpoint=gemini.url, max_concurrency=2, retries=retries)
    yield AIService(client)
    await client.aclose(grace=0)


def step(step_id: str, component: str, then: tuple[str, ...] = (), /, **inputs: str) -> Document:
    return {
        "step_id": step_id,
        "component_id": component,
        "description": "",
        "inputs": [{"in": "body", "name": name, "value": value} for name, value in inputs.items()],
        "outputs": [],
        "next": list(then),
        "requires_approval": False,
    }


def plan(*steps: Document) -> Text:
    return Text(json.dumps({"workflow_name": "Lamp", "description": "", "steps": steps}))


LOOK = step("look", "crews.available", ("lamp",))
LAMP = step("lamp", "streetlights.report", ("tell",), pole_number="77")
AGAIN = step("again", "streetlights.report", ("tell",), pole_number="77")
TELL = step("tell", "notify.reporter", recipient="{{issue.reporter}}", message="Reported.")
GOOD = plan(LAMP, TELL)
UNUSED = plan(LOOK, LAMP, TELL)
WORSE = plan(LOOK, LAMP, AGAIN, TELL)


class Phases:
    def __init__(self) -> None:
        self.told: list[tuple[Phase, Mapping[str, Any]]] = []

    async def __call__(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        self.told.append((phase, facts))


async def test_what_makes_no_sense_is_mended_once(gemini: GeminiStandIn, service: AIService) -> None:
    gemini.script(UNUSED, agent="planner")
    gemini.script(GOOD, agent="repair")
    phases = Phases()
    draft = await service.draft(ISSUE, COMPONENTS, on_phase=phases)
    assert [each.step_id for each in draft.plan.steps] == ["lamp", "tell"]
    assert {fault.code for fault in draft.warnings} <= {FaultCode.UNUSED_SELECTION}
    assert [phase.value for phase, _ in phases.told] == [
        "selecting",
        "planning",
        "checking",
        "repairing",
        "checking",
    ]
    assert phases.told[3][1] == {"repairs": 1, "faults": 1, "codes": {"unused_look_up": 1}}
    assert [usage.agent for usage in draft.usages] == ["selector", "planner", "repair"]
    prompt = gemini.transcript[-1].prompt
    assert '"code":"unused_look_up","step_id":"look"' in prompt
    assert "- unused_look_up: no later step takes what the step finds" in prompt
    assert "can't be carried out" not in prompt


@pytest.mark.parametrize("answer", [UNUSED, WORSE, Cycle(), Blocked(), Status(503), Text("no plan")], ids=repr)
async def test_a_plan_is_kept_that_could_not_be_made_better(
    gemini: GeminiStandIn, service: AIService, answer: Fault
) -> None:
    gemini.script(UNUSED, agent="planner")
    gemini.script(answer, answer, agent="repair")
    draft = await service.draft(ISSUE, COMPONENTS, on_phase=Phases())
    assert [each.step_id for each in draft.plan.steps] == ["look", "lamp", "tell"]
    assert FaultCode.UNUSED_LOOK_UP in {fault.code for fault in draft.warnings}
    assert draft.usages[-1].agent == "repair"
    assert len([asked for asked in gemini.transcript if asked.agent == "repair"]) <= 2  # one, and a reminder


async def test_sense_comes_after_validity_within_the_same_repairs(
    gemini: GeminiStandIn, service: AIService
) -> None:
    gemini.script(Cycle(), agent="planner")
    gemini.script(UNUSED, GOOD, agent="repair")
    draft = await service.draft(ISSUE, COMPONENTS, on_phase=Phases())
    assert [each.step_id for each in draft.plan.steps] == ["lamp", "tell"]
    assert [usage.agent for usage in draft.usages] == ["selector", "planner", "repair", "repair"]

    gemini.script(Cycle(), Cycle(), Cycle(), agent="planner")
    gemini.script(Cycle(), UNUSED, agent="repair")
    draft = await service.draft(ISSUE, COMPONENTS, on_phase=Phases())
    assert [each.step_id for each in draft.plan.steps] == ["look", "lamp", "tell"]
    asked = ["selector", "planner", "repair", "planner", "planner", "repair"]
    assert [usage.agent for usage in draft.usages] == asked


async def test_a_good_plan_and_one_without_time_are_not_sent_back(
    gemini: GeminiStandIn, service: AIService
) -> None:
    gemini.script(GOOD, UNUSED, agent="planner")
    await service.draft(ISSUE, COMPONENTS, on_phase=Phases())
    soon = asyncio.get_running_loop().time() + SECONDS_TO_MAKE_SENSE - 1
    draft = await service.draft(ISSUE, COMPONENTS, deadline=soon, on_phase=Phases())
    assert FaultCode.UNUSED_LOOK_UP in {fault.code for fault in draft.warnings}
    assert "repair" not in {asked.agent for asked in gemini.transcript}


async def test_time_that_runs_out_meanwhile_costs_no_plan(gemini: GeminiStandIn) -> None:
    client = GeminiClient("key", "gemini-3.8-flash", endpoint=gemini.url, max_concurrency=2)
    service = AIService(client, seconds_to_make_sense=0.1)
    gemini.script(UNUSED, agent="planner")
    gemini.script(Hang(), agent="repair")
    deadline = asyncio.get_running_loop().time() + 2
    draft = await service.draft(ISSUE, COMPONENTS, deadline=deadline, on_phase=Phases())
    assert [each.step_id for each in draft.plan.steps] == ["look", "lamp", "tell"]
    assert [(usage.agent, usage.outcome) for usage in draft.usages][-1] == ("repair", "timeout")
    await client.aclose(grace=0)


async def test_nobody_is_blamed_for_not_telling_where_nothing_can(
    gemini: GeminiStandIn, service: AIService
) -> None:
    silent = {"streetlights.report": COMPONENTS["streetlights.report"]}
    gemini.script(plan({**LAMP, "next": []}), agent="planner")
    draft = await service.draft(ISSUE, silent, on_phase=Phases())
    assert [fault.code for fault in draft.warnings] == [FaultCode.REPORTER_NOT_TOLD]
    assert len(gemini.transcript) == 2


async def test_a_repair_is_shown_how_the_reporter_can_be_told(gemini: GeminiStandIn, service: AIService) -> None:
    known = {"streetlights.report": COMPONENTS["streetlights.report"], **BUILTINS}
    gemini.script(Text('{"selected_component_ids": ["streetlights.report"]}'), agent="selector")
    gemini.script(plan({**LAMP, "next": []}), agent="planner")
    told = step("tell", NOTIFY, to="reporter", message="Reported.")
    gemini.script(plan(LAMP, told), agent="repair")
    draft = await service.draft(ISSUE, known, on_phase=Phases())
    assert draft.warnings == ()
    assert f'"id":"{NOTIFY}"' not in gemini.transcript[1].prompt
    assert f'"id":"{NOTIFY}"' in gemini.transcript[2].prompt


def test_the_plan_maker_is_told_what_each_warning_means() -> None:
    assert set(HINTS) == SENSE | {FaultCode.UNGUARDED_REFERENCE, FaultCode.LEFTOVER_PLACEHOLDER}
