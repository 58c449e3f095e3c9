"""Plans as Arazzo documents and back: nothing is lost, tools can read them, and what is foreign is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from arazzo_runner.runner import ArazzoRunner

from bot.sandbox.town import sandbox_pack
from services.components.definitions import ComponentDefinition
from services.components.packs import parse_pack
from services.components.specs import ComponentSpec
from services.plans.arazzo.reading import ArazzoFaultCode, ArazzoFaults, read_arazzo
from services.plans.arazzo.writing import arazzo_documents
from services.plans.model import Plan

DEFINITIONS = {item.key: item for item in parse_pack(sandbox_pack("http://town.example"))}


def spec(definition: ComponentDefinition) -> ComponentSpec:
    names = ("key", "name", "description", "http_method", "path_params", "query_params", "headers")
    schemas = ("request_schema", "response_schema", "approval")
    return ComponentSpec(**{name: getattr(definition, name) for name in (*names, *schemas)})


SPECS = {key: spec(definition) for key, definition in DEFINITIONS.items()}


def given(place: str, **values: str) -> list[dict[str, str]]:
    return [{"in": place, "name": name, "value": value} for name, value in values.items()]


PLAN = Plan.model_validate(
    {
        "workflow_name": "Mend the main",
        "description": "Look for a report, file one, and send a crew.",
        "steps": [
            {
                "step_id": "look",
                "component_id": "open311.find_requests",
                "inputs": given("query", service_code="water_leak"),
                "next": ["report"],
            },
            {
                "step_id": "report",
                "component_id": "open311.create_request",
                "description": "File it.",
                "inputs": given(
                    "body",
                    service_code="water_leak",
                    description="{{issue.text}} (for {{issue.reporter}})",
                    address_string="$steps.look.outputs.x costs {$5}",
                ),
                "outputs": ["[0].service_request_id"],
                "next": ["order"],
                "when": {
                    "tests": [{"value": "{{look[0].service_request_id}}", "is": "empty"}],
                },
                "cites": ["roads-1"],
            },
            {
                "step_id": "order",
                "component_id": "workorders.create",
                "inputs": [
                    *given("path", area="downtown"),
                    *given(
                        "body",
                        title="Water in {{run.id}}",
                        priority="high",
                        service_request_id="{{report[0].service_request_id}}",
                    ),
                ],
                "needs": "any",
                "requires_approval": True,
                "next": ["wait", "tell"],
            },
            {
                "step_id": "wait",
                "component_id": "wait.until",
                "inputs": [
                    *given("body", component="workorders.get", field="status", equals="closed"),
                    *given("body", every_minutes="0.5"),
                    {"in": "body", "name": "path.work_order_id", "value": "{{order.work_order_id}}"},
                ],
            },
            {
                "step_id": "tell",
                "component_id": "slack.notify",
                "inputs": given("body", to="reporter", message='Order {{order["work_order_id"]}} is made'),
            },
        ],
    }
)


def documents(plan: Plan = PLAN) -> tuple[dict[str, Any], dict[str, Any]]:
    return arazzo_documents(
        plan, SPECS, DEFINITIONS, workflow_id="plan_12", version="3", openapi_url="plan-12.openapi.json"
    )


def in_short(plan: Plan) -> dict[str, Any]:
    """A plan without what has no meaning: the order of steps that are listed, and of what comes next."""
    document = plan.model_dump(mode="json", by_alias=True)
    for step in document["steps"]:
        step["next"].sort()
        step["inputs"].sort(key=lambda item: (item["in"], item["name"]))
        for item in step["inputs"]:
            item["value"] = item["value"].replace('order["work_order_id"]', "order.work_order_id")
    document["steps"].sort(key=lambda step: step["step_id"])
    return document


@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump])
def test_a_plan_comes_back_as_it_was(write: Any) -> None:
    arazzo, _ = documents()
    assert in_short(read_arazzo(write(arazzo).encode())) == in_short(PLAN)


def test_what_is_written_is_arazzo() -> None:
    arazzo, _ = documents()
    [workflow] = arazzo["workflows"]
    report = next(step for step in workflow["steps"] if step["stepId"] == "report")
    order = next(step for step in workflow["steps"] if step["stepId"] == "order")
    assert (arazzo["arazzo"], arazzo["sourceDescriptions"][0]["url"]) == ("1.0.1", "plan-12.openapi.json")
    assert workflow["inputs"]["properties"] == {
        "issue_text": {"type": "string"},
        "issue_reporter": {"type": "string"},
        "text_3": {"type": "string", "default": "$steps.look.outputs.x costs {$5}"},
        "run_id": {"type": "string"},
    }
    assert report["operationId"] == "open311.create_request"
    assert report["requestBody"] == {
        "contentType": "application/x-www-form-urlencoded",
        "payload": {
            "service_code": "water_leak",
            "description": "{$inputs.issue_text} (for {$inputs.issue_reporter})",
            "address_string": "$inputs.text_3",
        },
    }
    assert report["outputs"] == {"0_service_request_id": "$response.body#/0/service_request_id"}
    assert report["x-mudda-when"]["tests"][0]["value"] == "$steps.look.outputs.0_service_request_id"
    assert report["x-mudda-needs"] == {"steps": ["look"], "match": "all"}
    assert order["x-mudda-gate"] is True
    assert order["parameters"] == [{"name": "area", "in": "path", "value": "downtown"}]
    assert [step["stepId"] for step in workflow["steps"]][:3] == ["look", "report", "order"]


def test_no_secret_is_in_what_is_written() -> None:
    keyed = DEFINITIONS["workorders.get"].model_copy(
        update={
            "endpoint_url": "http://town.example/orders/{work_order_id}?key=s3cret",
            "headers": {"X": {"const": "s3cret"}},
        }
    )
    spec_ = ComponentSpec("workorders.get", "Get", path_params=keyed.path_params, headers=keyed.headers)
    written = arazzo_documents(
        PLAN,
        {**SPECS, "workorders.get": spec_},
        {**DEFINITIONS, "workorders.get": keyed},
        workflow_id="p",
        version="1",
        openapi_url="x",
    )
    assert "s3cret" not in json.dumps(written)
    assert "env:" not in json.dumps(written)


def test_tools_find_every_operation(tmp_path: Path) -> None:
    arazzo, openapi = documents()
    (tmp_path / "plan-12.arazzo.json").write_text(json.dumps(arazzo))
    (tmp_path / "plan-12.openapi.json").write_text(json.dumps(openapi))
    runner = ArazzoRunner.from_arazzo_path(str(tmp_path / "plan-12.arazzo.json"), base_path=str(tmp_path))
    finder = runner.step_executor.operation_finder
    found = {step["stepId"]: finder.find_by_id(step["operationId"]) for step in arazzo["workflows"][0]["steps"]}
    assert found["report"]["url"] == "http://town.example/open311/v2/requests.json"
    assert {step: each["method"] for step, each in found.items()} == {
        "look": "get",
        "report": "post",
        "order": "post",
        "wait": "get",
        "tell": "post",
    }


def test_two_components_with_one_address_are_two_operations() -> None:
    twin = DEFINITIONS["workorders.create"].model_copy(update={"key": "twin"})
    plan = Plan.model_validate(
        {
            "workflow_name": "Twice",
            "steps": [{"step_id": key, "component_id": key} for key in ("workorders.create", "twin")],
        }
    )
    _, openapi = arazzo_documents(
        plan,
        {**SPECS, "twin": spec(twin)},
        {**DEFINITIONS, "twin": twin},
        workflow_id="p",
        version="1",
        openapi_url="x",
    )
    assert {path: each["post"]["operationId"] for path, each in openapi["paths"].items()} == {
        "/areas/{area}/work-orders": "twin",
        "/areas/{area}/work-orders#workorders.create": "workorders.create",
    }


def foreign(**members: Any) -> dict[str, Any]:
    step = {"stepId": "a", "operationId": "workorders.get", **members}
    return {"arazzo": "1.0.1", "info": {"title": "T"}, "workflows": [{"workflowId": "w", "steps": [step]}]}


def test_steps_of_others_come_one_after_the_other() -> None:
    document = foreign(
        operationId="$sourceDescriptions.works.workorders.get",
        parameters=[{"name": "work_order_id", "in": "path", "value": "7"}],
        successCriteria=[{"condition": "$statusCode == 200"}],
        outputs={"crew": "$response.body#/crew/names/0"},
    )
    document["workflows"][0]["steps"].append(
        {
            "stepId": "b",
            "operationId": "crews.assign",
            "requestBody": {
                "payload": {"to": {"name": "$steps.a.outputs.crew", "n": 2}, "list": [1, "{$inputs.x}"]}
            },
        }
    )
    document["workflows"][0]["inputs"] = {"type": "object", "properties": {"x": {"default": "why"}}}
    plan = read_arazzo(json.dumps(document).encode())
    first, second = plan.steps
    assert (first.component_id, first.next, second.next) == ("workorders.get", ("b",), ())
    assert {item.name: item.value for item in second.inputs} == {
        "to.name": "{{a.crew.names[0]}}",
        "to.n": "2",
        "list": '[1, "why"]',
    }
    assert not any(item.typed for item in second.inputs)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"", ArazzoFaultCode.NOT_ARAZZO),
        (b"{", ArazzoFaultCode.NOT_READABLE),
        (b"\xff\xfe", ArazzoFaultCode.NOT_READABLE),
        (b"a: [", ArazzoFaultCode.NOT_READABLE),
        (b"x" * 3_000_000, ArazzoFaultCode.TOO_LARGE),
        ({"openapi": "3.1.0"}, ArazzoFaultCode.NOT_ARAZZO),
        ({"arazzo": "2.0.0"}, ArazzoFaultCode.VERSION),
        ({"arazzo": "1.0.1", "workflows": []}, ArazzoFaultCode.NO_WORKFLOW),
        ({"arazzo": "1.0.1", "workflows": 7}, ArazzoFaultCode.NO_WORKFLOW),
        ({"arazzo": "1.0.1", "workflows": [{}, {}]}, ArazzoFaultCode.SEVERAL_WORKFLOWS),
        (foreign(workflowId="other"), ArazzoFaultCode.SUB_WORKFLOW),
        (foreign(onSuccess=[{"name": "n", "type": "goto", "stepId": "a"}]), ArazzoFaultCode.CONTROL_FLOW),
        (foreign(onFailure=[{"name": "n", "type": "retry"}]), ArazzoFaultCode.CONTROL_FLOW),
        (foreign(operationPath="{$sourceDescriptions.x.url}#/a"), ArazzoFaultCode.OPERATION_PATH),
        (foreign(parameters=[{"reference": "$components.parameters.p"}]), ArazzoFaultCode.REUSABLE),
        (foreign(parameters=[{"name": "c", "in": "cookie", "value": "1"}]), ArazzoFaultCode.PLACE),
        (foreign(parameters=[{"name": "c", "in": "query"}]), ArazzoFaultCode.MISSING),
        (foreign(parameters="c"), ArazzoFaultCode.WRONG_TYPE),
        (foreign(requestBody={"replacements": []}), ArazzoFaultCode.REPLACEMENTS),
        (
            foreign(successCriteria=[{"condition": "$.a == 1", "type": "jsonpath"}]),
            ArazzoFaultCode.SUCCESS_CRITERIA,
        ),
        (foreign(requestBody={"payload": {"a": "$steps.b.outputs.x"}}), ArazzoFaultCode.EXPRESSION),
        (foreign(requestBody={"payload": {"a": "see {$response.body}"}}), ArazzoFaultCode.EXPRESSION),
        (foreign(requestBody={"payload": {"a": "$inputs.unknown"}}), ArazzoFaultCode.EXPRESSION),
        (foreign(**{"x-mudda-needs": {"steps": ["z"]}}), ArazzoFaultCode.UNKNOWN_STEP),
        (foreign(**{"x-mudda-when": {"tests": [{"is": "odd"}]}}), ArazzoFaultCode.WRONG_TYPE),
        (foreign(timeout=5), ArazzoFaultCode.UNKNOWN_MEMBER),
        (foreign(operationId=None), ArazzoFaultCode.MISSING),
    ],
)
def test_what_a_plan_can_not_say_is_named(source: Any, code: ArazzoFaultCode) -> None:
    with pytest.raises(ArazzoFaults) as caught:
        read_arazzo(source if isinstance(source, bytes) else json.dumps(source).encode())
    assert code in [fault.code for fault in caught.value.faults]


def test_all_that_is_wrong_is_named_at_once() -> None:
    document = foreign(workflowId="x", timeout=1, onFailure=[])
    with pytest.raises(ArazzoFaults) as caught:
        read_arazzo(json.dumps(document).encode())
    assert len(caught.value.faults) == 3
