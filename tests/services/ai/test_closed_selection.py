"""The plan maker is shown what a selection can't do without, and nobody is warned of what it was only shown."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from bot.sandbox.gemini.faults import Cycle, Text
from bot.sandbox.gemini.reading import read
from bot.sandbox.gemini.server import GeminiStandIn
from services.ai.gemini import GeminiClient
from services.ai.service import AIService
from services.ai.usage import STAND_IN_MODEL
from services.plans.model import Issue
from services.plans.validation import FaultCode
from services.states import Phase
from tests.support.pack import COMPONENTS

ISSUE = Issue("Water is coming up through the road at 5th and Main", reporter="U1", channel="C1")
CHOSEN = ["crews.assign", "notify.reporter"]
CLOSED = [*CHOSEN, "workorders.create", "crews.available"]


class Phases:
    def __init__(self) -> None:
        self.facts: dict[Phase, Mapping[str, Any]] = {}

    async def __call__(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        self.facts[phase] = facts


@pytest.fixture
async def gemini() -> AsyncIterator[GeminiStandIn]:
    async with GeminiStandIn() as stand_in:
        stand_in.script(Text(json.dumps({"selected_component_ids": CHOSEN})), agent="selector")
        yield stand_in


@pytest.fixture
async def service(gemini: GeminiStandIn) -> AsyncIterator[AIService]:
    client = GeminiClient("key", STAND_IN_MODEL, endpoint=gemini.url, max_concurrency=1)
    yield AIService(client)
    await client.aclose()


def shown(gemini: GeminiStandIn, call: int) -> list[str]:
    return [tool.id for tool in read(gemini.transcript[call].prompt)[1]]


async def test_the_plan_maker_is_shown_who_gives_what_is_needed(gemini: GeminiStandIn, service: AIService) -> None:
    phases = Phases()
    draft = await service.draft(ISSUE, COMPONENTS, on_phase=phases)
    assert shown(gemini, 1) == CLOSED
    assert draft.report.ok
    assert {"crews.available", "workorders.create"} <= {step.component_id for step in draft.plan.steps}
    # What was chosen is what the selector chose.
    assert draft.selected == tuple(CHOSEN)
    assert phases.facts[Phase.PLANNING] == {"selected": 2}


async def test_a_repair_is_shown_them_too(gemini: GeminiStandIn, service: AIService) -> None:
    gemini.script(Cycle(), agent="planner")
    await service.draft(ISSUE, COMPONENTS, on_phase=Phases())
    assert sorted(shown(gemini, 2)) == sorted(CLOSED)


async def test_who_was_only_added_may_be_left_unused(gemini: GeminiStandIn, service: AIService) -> None:
    step: dict[str, Any] = {
        "step_id": "tell",
        "component_id": "notify.reporter",
        "description": "",
        "outputs": [],
        "next": [],
    }
    given = {"recipient": "{{issue.reporter}}", "message": "Thank you"}
    step |= {"inputs": [{"in": "body", "name": name, "value": value} for name, value in given.items()]}
    plan = {"workflow_name": "Tell", "description": "", "steps": [{**step, "requires_approval": False}]}
    gemini.script(Text(json.dumps(plan)), agent="planner")
    draft = await service.draft(ISSUE, COMPONENTS, on_phase=Phases())
    unused = [each.detail["component"] for each in draft.warnings if each.code is FaultCode.UNUSED_SELECTION]
    assert unused == ["crews.assign"]
