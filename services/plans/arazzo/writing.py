"""A plan as an Arazzo document, and the OpenAPI document that it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.components.builtins import BUILTINS
from services.components.definitions import ComponentDefinition
from services.components.specs import ComponentSpec
from services.formats.strict_json import NotJson
from services.formats.whole_bodies import NAME, as_object, is_whole
from services.plans.arazzo.expressions import Written
from services.plans.arazzo.openapi import content_type, openapi_document
from services.plans.input_paths import payload_path
from services.plans.model import Plan, Step, StepInput, dependencies, levels
from services.plans.polls import component_keys
from services.plans.references import Reference, parse
from services.plans.schemas import FieldStatus, Schema

VERSION = "1.0.1"
SOURCE = "components"

NEEDS, GATE, WHEN, OUTPUTS, CITES = (
    "x-mudda-needs",
    "x-mudda-gate",
    "x-mudda-when",
    "x-mudda-outputs",
    "x-mudda-cites",
)
"""What Arazzo has no word for: the steps that come before, a gate, a condition, fields of interest, passages."""

_DECLARED = {"path": "path_params", "query": "query_params", "header": "headers"}
_DONE = ({"condition": "$statusCode >= 200"}, {"condition": "$statusCode < 300"})


def arazzo_documents(
    plan: Plan,
    specs: Mapping[str, ComponentSpec],
    definitions: Mapping[str, ComponentDefinition],
    *,
    workflow_id: str,
    version: str,
    openapi_url: str,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Arazzo document, and the OpenAPI document that is to be found at `openapi_url`.

    Steps stand in an order in which they can be done one after the other. `specs` are the components as the plan
    knows them, `definitions` those that are registered.
    """
    known = {**BUILTINS, **specs}
    written = Written()
    before = _comes_after(plan)
    by_id = {step.step_id: step for step in plan.steps}
    needs = dependencies(plan)
    ordered = [step_id for level in levels(needs) for step_id in level]
    # What is on a cycle is no less part of the plan.
    ordered += [step_id for step_id in by_id if step_id not in {*ordered}]
    steps = [
        _step(by_id[step_id], known.get(by_id[step_id].component_id), definitions, before[step_id], written)
        for step_id in ordered
    ]
    for step in steps:
        if outputs := written.outputs.get(step["stepId"]):
            step["outputs"] = outputs
    inputs = {"inputs": {"type": "object", "properties": written.inputs}} if written.inputs else {}
    described = {"description": plan.description} if plan.description else {}
    title = plan.workflow_name or workflow_id
    used = [known[key] for key in sorted(component_keys(plan)) if key in known]
    arazzo = {
        "arazzo": VERSION,
        "info": {"title": title, "version": version},
        "sourceDescriptions": [{"name": SOURCE, "url": openapi_url, "type": "openapi"}],
        "workflows": [{"workflowId": workflow_id, "summary": title, **described, **inputs, "steps": steps}],
    }
    return arazzo, openapi_document(f"What “{title}” calls", version, used, definitions)


def _comes_after(plan: Plan) -> dict[str, list[str]]:
    """The steps that name each step as the next, as far as the plan has them."""
    before: dict[str, list[str]] = {step.step_id: [] for step in plan.steps}
    for step in plan.steps:
        for target in dict.fromkeys(step.next):
            if target in before:
                before[target].append(step.step_id)
    return before


def _step(
    step: Step,
    spec: ComponentSpec | None,
    definitions: Mapping[str, ComponentDefinition],
    before: list[str],
    written: Written,
) -> dict[str, Any]:
    definition = definitions.get(step.component_id)
    document: dict[str, Any] = {"stepId": step.step_id, "operationId": step.component_id}
    if step.description:
        document["description"] = step.description
    if parameters := list(_parameters(step, spec, written)):
        document["parameters"] = parameters
    payload = _payload(step, spec, written)
    if payload is not None:
        type_ = content_type(spec, definition) if spec else "application/json"
        document["requestBody"] = {"contentType": type_, "payload": payload}
    document["successCriteria"] = [dict(each) for each in _DONE]
    document[NEEDS] = {"steps": before, "match": step.needs}
    if step.requires_approval:
        document[GATE] = True
    if step.when is not None:
        tests = [
            {"value": written.text(test.value), "is": test.operator.value, "to": [*map(written.text, test.to)]}
            for test in step.when.tests
        ]
        document[WHEN] = {"match": step.when.match, "tests": tests}
    for name, texts in ((OUTPUTS, step.outputs), (CITES, step.cites)):
        if texts:
            document[name] = list(texts)
    return document


def _parameters(step: Step, spec: ComponentSpec | None, written: Written) -> Iterator[dict[str, Any]]:
    for item in step.inputs:
        member = _DECLARED.get(item.location)
        if member is not None:
            declared = getattr(spec, member).get(item.name, {}) if spec else {}
            own = {name: value for name, value in declared.items() if name != "required"}
            value = written.value(_read(Schema(own), item.value, own))
            yield {"name": item.name, "in": item.location, "value": value}


def _payload(step: Step, spec: ComponentSpec | None, written: Written) -> Any:
    """The body of a request with its inputs put where they go; None if there are none."""
    request_schema = spec.request_schema if spec else {}
    schema = Schema(as_object(request_schema))
    payload: dict[str, Any] = {}
    for item in step.inputs:
        if item.location not in _DECLARED:
            _put(payload, item, schema, written)
    if not payload:
        return None
    return payload.get(NAME) if is_whole(request_schema) else payload


def _put(payload: dict[str, Any], item: StepInput, schema: Schema, written: Written) -> None:
    *parents, last = path = payload_path(item.name, schema.root)
    says, parts = schema.find_field(tuple(path))
    part = parts[0] if says is FieldStatus.DECLARES and len(parts) == 1 else {}
    parent = payload
    for name in parents:
        inner = parent.setdefault(name, {})
        if not isinstance(inner, dict):
            # Two inputs in one place: the plan is invalid, and says so again when it is read.
            parent, last = payload, item.name
            break
        parent = inner
    parent[last] = written.value(_read(schema, item.value, part))


def _read(schema: Schema, text: str, part: Any) -> Any:
    if any(isinstance(found, Reference) and found.whole for found in parse(text)):
        return text
    try:
        return schema.read(text, part)
    except NotJson:
        return text
