"""The Gemini stand-in: it plans sensibly, validly over any ordinary components, and refuses as the API does."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.gemini import rules
from bot.sandbox.gemini.reading import read
from bot.sandbox.gemini.server import GeminiStandIn
from services.ai import prompts
from services.ai.answer_schemas import selector_schema
from services.ai.errors import GeminiRefused
from services.ai.gemini import GeminiClient
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.plans.model import Issue, Plan
from services.plans.validation import Report, validate
from tests.support.pack import COMPONENTS
from tests.support.stand_in_plans import NOW, ancestors, sandbox_components
from tests.support.waiting import ended, line_of


def draft(issue: Issue, components: Mapping[str, ComponentSpec]) -> tuple[Plan, Report]:
    selected = rules.select(*read(prompts.selector_prompt(issue, components.values()))[:2])
    return plan_over(issue, {key: components[key] for key in selected})


def plan_over(issue: Issue, components: Mapping[str, ComponentSpec]) -> tuple[Plan, Report]:
    report, tools, _ = read(prompts.planner_prompt(issue, components.values(), 200))
    plan = Plan.model_validate(rules.plan(report, tools, NOW))
    return plan, validate(plan, components, selected=tuple(components))


def test_water_in_the_road_over_the_sandboxs_town() -> None:
    issue = Issue("Water is coming up through the road at 5th and Main")
    plan, report = draft(issue, sandbox_components())
    assert (report.errors, report.warnings) == ((), ())
    before = ancestors(plan)
    assert "open311.find_requests" in before["open311.create_request"]
    assert {"workorders.create", "crews.find_available"} <= before["crews.assign"]
    assert "traffic.close_road" in before["notifications.notify_residents"]
    assert "crews.assign" not in before["traffic.close_road"] | before["notifications.notify_residents"]
    assert "traffic.close_road" not in before["crews.assign"]
    assert before["notifications.reply_to_reporter"] == set(before) - {"notifications.reply_to_reporter"}
    assert [step.component_id for step in plan.steps if step.requires_approval] == ["traffic.close_road"]
    assert "water.shut_off" not in before
    sent = {(step.component_id, each.name): each.value for step in plan.steps for each in step.inputs}
    assert sent["open311.create_request", "address_string"] == "5th and Main"
    assert sent["crews.find_available", "skill"] == "water"
    assert sent["crews.assign", "crew_id"] == "{{find_available_crew.crew_id}}"


@pytest.mark.parametrize(
    ("text", "needed", "not_needed"),
    [
        ("The street lamp outside the school is out", {"crews.assign"}, {"traffic.close_road", "water.shut_off"}),
        ("A burst main is flooding Elm Street", {"water.shut_off", "traffic.close_road"}, {"water.restore"}),
        ("Our bins were not collected", {"open311.create_request"}, {"notifications.notify_residents"}),
    ],
)
def test_other_issues_get_other_plans(text: str, needed: set[str], not_needed: set[str]) -> None:
    plan, report = draft(Issue(text), sandbox_components())
    used = {step.component_id for step in plan.steps}
    assert report.ok
    assert needed <= used
    assert not used & not_needed


def test_another_towns_pack_is_planned_over_too() -> None:
    plan, report = draft(Issue("Water in the street", place="5th and Main", urgency="high"), COMPONENTS)
    sent = {(step.component_id, each.name): each.value for step in plan.steps for each in step.inputs}
    assert report.ok
    assert sent["workorders.create", "priority"] == "high"
    assert sent["workorders.create", "location.address"] == "5th and Main"
    assert sent["notify.reporter", "recipient"] == "{{issue.reporter}}"
    assert sent["crews.assign", "crew_id"].endswith(".crews[0].crew_id}}")


NAMES = st.sampled_from(
    [
        "id",
        "crew_id",
        "workOrderId",
        "title",
        "description",
        "address",
        "lat",
        "priority",
        "message",
        "area",
        "count",
    ]
)
LEAVES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(lambda length: {"type": "string", "maxLength": length}, st.integers(1, 5000)),
    st.builds(lambda length: {"type": "string", "minLength": length}, st.integers(0, 50)),
    st.just({"type": ["string", "null"]}),
    st.just({"type": "boolean"}),
    st.just({"type": "string", "format": "date-time"}),
    st.just({"type": "integer", "default": 3}),
    st.just({"anyOf": [{"type": "null"}, {"type": "number"}]}),
    st.builds(
        lambda low, width: {"type": "integer", "minimum": low, "maximum": low + width},
        st.integers(-50, 50),
        st.integers(0, 9),
    ),
    st.builds(lambda low: {"type": "number", "exclusiveMinimum": low}, st.integers(-5, 5)),
    st.builds(lambda step: {"type": "integer", "multipleOf": step}, st.integers(1, 7)),
    st.builds(
        lambda options: {"type": "string", "enum": options},
        st.lists(st.sampled_from(["water", "road", "high", "other", "x y"]), min_size=1, unique=True),
    ),
    st.builds(lambda value: {"const": value}, st.sampled_from(["fixed", 7, True])),
    st.builds(lambda value: {"enum": value}, st.sampled_from([[1, 2], [True], ["a", 3]])),
)


def objects(members: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    def build(properties: dict[str, Any], optional: set[str], *, closed: bool) -> dict[str, Any]:
        required = sorted(set(properties) - optional)
        rest = {"additionalProperties": False} if closed else {}
        return {"type": "object", "properties": properties, "required": required, **rest}

    return st.builds(build, st.dictionaries(NAMES, members, max_size=4), st.sets(NAMES), closed=st.booleans())


def lists(items: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda item, least: {"type": "array", "items": item, "minItems": least}, items, st.integers(0, 2)
    )


SCHEMAS = st.recursive(LEAVES, lambda inner: objects(inner) | lists(inner), max_leaves=6)
PARAMETERS = st.dictionaries(
    NAMES, st.builds(lambda leaf, required: {**leaf, "required": required}, LEAVES, st.booleans()), max_size=3
)
PATH_PARAMETERS = st.dictionaries(NAMES, LEAVES.map(lambda leaf: {**leaf, "required": True}), max_size=2)
SPECS = st.builds(
    ComponentSpec,
    key=st.sampled_from(
        [f"{noun}.{verb}" for noun in ("crews", "work", "roads") for verb in ("list", "create", "x")]
    ),
    name=st.sampled_from(
        ["Create a work order", "List crews", "Notify residents", "Reply to the reporter", "Do", "道路"]
    ),
    description=st.text(max_size=80),
    category=st.sampled_from(["", "notifications", "work"]),
    type=st.sampled_from(["REST", "GRAPHQL", "RPC"]),
    http_method=st.sampled_from(["GET", "POST", "DELETE"]),
    path_params=PATH_PARAMETERS,
    query_params=PARAMETERS,
    request_schema=st.one_of(st.just({}), objects(SCHEMAS)),
    response_schema=st.one_of(st.just({}), objects(SCHEMAS), lists(objects(SCHEMAS))),
    approval=st.sampled_from(list(ApprovalPolicy)),
)


@given(st.lists(SPECS, min_size=1, max_size=7, unique_by=lambda spec: spec.key), st.text(max_size=300))
def test_any_plan_over_ordinary_components_is_valid(specs: list[ComponentSpec], text: str) -> None:
    components = {spec.key: spec for spec in specs}
    plan, report = plan_over(Issue(text), components)
    assert plan.steps
    assert report.errors == ()


@given(st.lists(SPECS, max_size=7, unique_by=lambda spec: spec.key), st.text(max_size=300))
def test_the_selector_answers_with_ids_it_was_shown(specs: list[ComponentSpec], text: str) -> None:
    report, tools, _ = read(prompts.selector_prompt(Issue(text), specs))
    chosen = rules.select(report, tools)
    assert set(chosen) <= {spec.key for spec in specs}
    assert len(chosen) == len(set(chosen))


async def test_a_response_schema_with_a_free_form_object_is_refused() -> None:
    async with GeminiStandIn() as gemini:
        client = GeminiClient("key", "gemini-3.8-flash", endpoint=gemini.url, max_concurrency=1)
        schema = {"type": "object", "properties": {"inputs": {"type": "object"}}}
        with pytest.raises(GeminiRefused) as caught:
            await client.generate_async(system="s", prompt="p", schema=schema, agent="planner")
        await client.aclose()
    assert "non-empty for OBJECT" in caught.value.detail


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/v1beta/models/m:generateContent", "{}", {}, 403),
        ("/v1beta/models/m:generateContent", "{}", {"x-goog-api-key": "k"}, 400),
        ("/v1beta/models/m:generateContent", "no json", {"x-goog-api-key": "k"}, 400),
        ("/v1beta/models/m:countTokens", "{}", {"x-goog-api-key": "k"}, 404),
    ],
)
async def test_what_is_no_request_is_an_error_of_the_api(
    path: str, body: str, headers: dict[str, str], status: int
) -> None:
    async with GeminiStandIn() as gemini, aiohttp.ClientSession() as session:
        async with session.post(gemini.url + path, data=body, headers=headers) as response:
            assert response.status == status
            assert (await response.json())["error"]["code"] == status
        assert gemini.transcript == []


async def test_it_runs_as_a_process_of_its_own() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.sandbox.gemini.server", "--delay", "0.01", stdout=asyncio.subprocess.PIPE
    )
    url = await line_of(process)
    client = GeminiClient("key", "gemini-3.8-flash", endpoint=url, max_concurrency=1)
    prompt = prompts.selector_prompt(Issue("A pothole"), COMPONENTS.values())
    answer = await client.generate_async(system="s", prompt=prompt, schema=selector_schema(), agent="selector")
    await client.aclose()
    process.terminate()
    await ended(process)
    assert "workorders.create" in json.loads(answer.text)["selected_component_ids"]
