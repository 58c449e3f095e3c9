"""The ids of components are an enum in what the agents may answer, as long as the API takes that."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from bot.sandbox.gemini.faults import Status
from bot.sandbox.gemini.server import GeminiStandIn
from services.ai.errors import GeminiRefused
from services.ai.gemini import GeminiClient, RetryPolicy
from services.ai.service import AIService
from services.components.specs import ComponentSpec
from services.plans.model import Issue
from services.plans.validation import Fault
from services.states import Phase
from tests.support.pack import COMPONENTS

ISSUE = Issue("A water main has burst at 5th and Main.")
TOO_LARGE = Status(400, message="The specified schema produces a constraint that has too many states for serving.")


@pytest.fixture
async def service(gemini: GeminiStandIn) -> AsyncIterator[AIService]:
    retries = RetryPolicy(attempts=2, base=0.01, least=0.05)
    client = GeminiClient("key", "gemini-3.8-flash", endpoint=gemini.url, max_concurrency=2, retries=retries)
    yield AIService(client, explain=_explain)
    await client.aclose(grace=0)


def _explain(fault: Fault) -> str:
    return f"In words: {fault.code.value}."


async def _told(phase: Phase, facts: Mapping[str, Any]) -> None:
    """Nobody looks."""


def _enums(gemini: GeminiStandIn) -> list[tuple[str, set[str]]]:
    """The agents that were asked, and the ids of components that each might answer with."""
    return [(asked.agent, _ids(asked.schema)) for asked in gemini.transcript]


def _ids(schema: Any) -> set[str]:
    if not isinstance(schema, dict):
        return set()
    own = schema.get("enum", [])
    places = {"body", "path", "all", "present"}
    inner = [_ids(each) for each in schema.values()]
    return set().union(set(own) if own and places.isdisjoint(own) else set(), *inner)


async def test_each_agent_can_answer_only_with_the_ids_it_was_shown(
    gemini: GeminiStandIn, service: AIService
) -> None:
    draft = await service.draft(ISSUE, COMPONENTS, on_phase=_told)
    assert _enums(gemini) == [("selector", set(COMPONENTS)), ("planner", set(draft.selected))]


async def test_many_components_are_no_enum_for_the_selector(gemini: GeminiStandIn, service: AIService) -> None:
    many = {f"c{n}": ComponentSpec(key=f"c{n}", name=f"Part {n}", category="notify") for n in range(101)}
    await service.select(ISSUE, many)
    assert _enums(gemini) == [("selector", set())]


async def test_an_enum_that_the_api_finds_too_large_is_left_out(
    gemini: GeminiStandIn, service: AIService, caplog: pytest.LogCaptureFixture
) -> None:
    gemini.script(TOO_LARGE, agent="planner")
    draft = await service.draft(ISSUE, COMPONENTS, on_phase=_told)
    assert _enums(gemini)[1:] == [("planner", set(draft.selected)), ("planner", set())]
    assert [(usage.agent, usage.outcome) for usage in draft.usages] == [
        ("selector", "ok"),
        ("planner", "refused"),
        ("planner", "ok"),
    ]
    assert "took no enum" in caplog.text
    # The next plan of as many components is not asked for twice.
    await service.plan(ISSUE, {key: COMPONENTS[key] for key in draft.selected})
    assert _enums(gemini)[3:] == [("planner", set())]


@pytest.mark.parametrize(
    ("fault", "requests"), [(Status(400, reason="API_KEY_INVALID"), 1), (Status(403), 1), (TOO_LARGE, 2)]
)
async def test_what_is_refused_for_another_reason_is_told(
    gemini: GeminiStandIn, service: AIService, fault: Status, requests: int
) -> None:
    gemini.script(fault, fault, agent="planner")
    with pytest.raises(GeminiRefused) as caught:
        await service.plan(ISSUE, COMPONENTS)
    assert len(gemini.transcript) == len(caught.value.usages) == requests


async def test_a_repair_is_told_of_each_fault_in_the_words_that_people_see(
    gemini: GeminiStandIn, service: AIService
) -> None:
    draft = await service.draft(ISSUE, COMPONENTS, on_phase=_told)
    broken = draft.plan.model_copy(
        update={"steps": tuple(step.model_copy(update={"component_id": "none.such"}) for step in draft.plan.steps)}
    )
    faults = [Fault.from_dict({"code": "cycle", "step_id": "a", "field": None, "detail": {"cycle": ["a"]}})] * 60
    await service.repair(ISSUE, COMPONENTS, broken, faults)
    told = gemini.transcript[-1].prompt.split('<data name="faults">\n')[1].split("\n</data>")[0].splitlines()
    assert len(told) == 40
    assert json.loads(told[0])["says"] == "In words: cycle."
