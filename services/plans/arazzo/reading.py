"""A plan from an Arazzo document: what a plan can say is taken over, and all else is refused by name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from services.errors import MuddaError
from services.formats import strict_json
from services.formats.storable import postgres_safe
from services.formats.strict_yaml import MAX_BYTES, YamlFaults, read_yaml
from services.formats.text import clip
from services.formats.whole_bodies import NAME
from services.plans.arazzo.expressions import NoSuchValue, Read
from services.plans.arazzo.writing import CITES, GATE, NEEDS, OUTPUTS, WHEN
from services.plans.model import Plan

MAX_STEPS = 1_000
_MAX_NESTING = 16


class ArazzoFaultCode(StrEnum):
    """Why no plan can be made of a document."""

    TOO_LARGE = "too_large"
    NOT_READABLE = "not_readable"
    NOT_ARAZZO = "not_arazzo"
    VERSION = "version"
    WRONG_TYPE = "wrong_type"
    MISSING = "missing"
    NO_WORKFLOW = "no_workflow"
    SEVERAL_WORKFLOWS = "several_workflows"
    TOO_MANY_STEPS = "too_many_steps"
    SUB_WORKFLOW = "sub_workflow"
    OPERATION_PATH = "operation_path"
    CONTROL_FLOW = "control_flow"
    REUSABLE = "reusable"
    SUCCESS_CRITERIA = "success_criteria"
    REPLACEMENTS = "replacements"
    PLACE = "place"
    EXPRESSION = "expression"
    UNKNOWN_STEP = "unknown_step"
    UNKNOWN_MEMBER = "unknown_member"


@dataclass(frozen=True, slots=True)
class ArazzoFault:
    """One reason: where in the document, and what stands there."""

    code: ArazzoFaultCode
    where: str = ""
    detail: str = ""


class ArazzoFaults(MuddaError):
    """A document that no plan can be made of; nothing was kept."""

    def __init__(self, faults: Sequence[ArazzoFault]) -> None:
        super().__init__(", ".join(f"{fault.where} {fault.code}" for fault in faults))
        self.faults = tuple(faults)


_VERSION = re.compile(r"1\.[01]\.[0-9]+")
_OWN_CRITERION = re.compile(r"\$statusCode\s*(==|>=|<=|<|>)\s*[0-9]{3}")
_SOURCE = re.compile(r"\$sourceDescriptions\.[A-Za-z0-9_-]+\.")
_ROOT = frozenset({"arazzo", "info", "sourceDescriptions", "workflows", "components"})
_WORKFLOW = frozenset({"workflowId", "summary", "description", "inputs", "steps", "outputs"})
_STEP = frozenset(
    {"stepId", "description", "operationId", "parameters", "requestBody", "successCriteria", "outputs"}
)
_PARAMETER = frozenset({"name", "in", "value"})
_BODY = frozenset({"contentType", "payload"})
# What has a word of its own, for it is no mistake but more than a plan can do.
_MORE = {
    "workflowId": ArazzoFaultCode.SUB_WORKFLOW,
    "dependsOn": ArazzoFaultCode.SUB_WORKFLOW,
    "operationPath": ArazzoFaultCode.OPERATION_PATH,
    "onSuccess": ArazzoFaultCode.CONTROL_FLOW,
    "onFailure": ArazzoFaultCode.CONTROL_FLOW,
    "successActions": ArazzoFaultCode.CONTROL_FLOW,
    "failureActions": ArazzoFaultCode.CONTROL_FLOW,
    "reference": ArazzoFaultCode.REUSABLE,
    "replacements": ArazzoFaultCode.REPLACEMENTS,
}


def read_arazzo(source: bytes) -> Plan:
    """The plan that a document in JSON or YAML describes. Raises ArazzoFaults, which names every fault.

    It is a plan that somebody wrote: whether it is valid, and whether its components are there, is the validator's
    to say. Steps of a document that says nothing of what needs what come one after the other.
    """
    return _Reader().plan(_parsed(source))


def _parsed(source: bytes) -> Any:
    if len(source) > MAX_BYTES:
        raise ArazzoFaults([ArazzoFault(ArazzoFaultCode.TOO_LARGE)])
    try:
        if source.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return postgres_safe(strict_json.loads(source.decode("utf-8-sig")))
        return read_yaml(source).plain()
    except YamlFaults as error:
        raise ArazzoFaults(
            [ArazzoFault(ArazzoFaultCode.NOT_READABLE, f"line {fault.line}", fault.code) for fault in error.faults]
        ) from None
    except (strict_json.NotJson, UnicodeDecodeError) as error:
        raise ArazzoFaults([ArazzoFault(ArazzoFaultCode.NOT_READABLE, detail=clip(str(error)))]) from None


class _Reader:
    def __init__(self) -> None:
        self.faults: list[ArazzoFault] = []
        self._read = Read({}, {})

    def plan(self, document: Any) -> Plan:
        if not isinstance(document, dict) or "arazzo" not in document:
            raise _alone(ArazzoFaultCode.NOT_ARAZZO)
        if not _VERSION.fullmatch(str(document["arazzo"])):
            raise _alone(ArazzoFaultCode.VERSION, "arazzo", str(document["arazzo"]))
        self._no_more(document, _ROOT, "")
        workflows = self._objects(document, "workflows", "")
        if not workflows:
            raise _alone(ArazzoFaultCode.NO_WORKFLOW, "workflows")
        if len(workflows) > 1:
            raise _alone(ArazzoFaultCode.SEVERAL_WORKFLOWS, "workflows", str(len(workflows)))
        [workflow] = workflows
        self._no_more(workflow, _WORKFLOW, "workflows[0]", named={"workflowId"})
        steps = self._objects(workflow, "steps", "workflows[0]")
        if len(steps) > MAX_STEPS:
            raise _alone(ArazzoFaultCode.TOO_MANY_STEPS, "workflows[0].steps", str(len(steps)))
        outputs = {str(step.get("stepId")): _texts(step.get("outputs")) for step in steps}
        self._read = Read(outputs, _inputs(workflow))
        info = document.get("info")
        title = workflow.get("summary") or (info.get("title") if isinstance(info, dict) else "")
        read = [self._step(step, f"workflows[0].steps[{index}]") for index, step in enumerate(steps)]
        self._order(steps, read)
        if self.faults:
            raise ArazzoFaults(self.faults)
        return Plan.model_validate(
            {
                "workflow_name": str(title or workflow.get("workflowId", "")),
                "description": str(workflow.get("description") or ""),
                "steps": read,
            }
        )

    def _step(self, step: Mapping[str, Any], where: str) -> dict[str, Any]:
        self._no_more(step, _STEP, where)
        for name in ("stepId", "operationId"):
            if not isinstance(step.get(name), str) and not (name == "operationId" and _MORE.keys() & step.keys()):
                self._fault(ArazzoFaultCode.MISSING, f"{where}.{name}")
        for index, each in enumerate(self._objects(step, "successCriteria", where)):
            simple = each.get("type", "simple") == "simple" and "context" not in each
            if not simple or not _OWN_CRITERION.fullmatch(str(each.get("condition", "")).strip()):
                at = f"{where}.successCriteria[{index}]"
                self._fault(ArazzoFaultCode.SUCCESS_CRITERIA, at, str(each.get("condition", "")))
        return {
            "step_id": str(step.get("stepId", "")),
            "component_id": _SOURCE.sub("", str(step.get("operationId", "")), count=1),
            "description": str(step.get("description") or ""),
            "inputs": [*self._parameters(step, where), *self._body(step, where)],
            "outputs": _listed(step.get(OUTPUTS)),
            "next": [],
            "requires_approval": step.get(GATE) is True,
            "when": self._when(step.get(WHEN), f"{where}.{WHEN}"),
            "cites": _listed(step.get(CITES)),
        }

    def _parameters(self, step: Mapping[str, Any], where: str) -> Iterator[dict[str, Any]]:
        for index, each in enumerate(self._objects(step, "parameters", where)):
            at = f"{where}.parameters[{index}]"
            self._no_more(each, _PARAMETER, at)
            if "reference" in each:
                continue
            if each.get("in") not in ("path", "query", "header"):
                self._fault(ArazzoFaultCode.PLACE, at, str(each.get("in")))
            elif not isinstance(each.get("name"), str) or "value" not in each:
                self._fault(ArazzoFaultCode.MISSING, at)
            else:
                yield {"in": each["in"], "name": each["name"], "value": self._text(each["value"], f"{at}.value")}

    def _body(self, step: Mapping[str, Any], where: str) -> Iterator[dict[str, Any]]:
        body = step.get("requestBody")
        at = f"{where}.requestBody"
        if body is None:
            return
        if not isinstance(body, dict):
            self._fault(ArazzoFaultCode.WRONG_TYPE, at)
            return
        self._no_more(body, _BODY, at)
        payload = body.get("payload")
        if not isinstance(payload, dict):
            if payload is not None:
                yield {"in": "body", "name": NAME, "value": self._text(payload, f"{at}.payload")}
            return
        for name, value in payload.items():
            for path, inner in _flat(str(name), value, _MAX_NESTING):
                yield {"in": "body", "name": path, "value": self._text(inner, f"{at}.payload.{path}")}

    def _when(self, when: Any, where: str) -> Any:
        if when is None:
            return None
        tests = self._objects(when, "tests", where) if isinstance(when, dict) else []
        operators = {"present", "empty", "equals", "not_equals", "one_of", "greater", "less"}
        if not tests or any(each.get("is") not in operators for each in tests):
            self._fault(ArazzoFaultCode.WRONG_TYPE, where)
            return None
        read = [
            {
                "value": self._text(each.get("value", ""), where),
                "is": each["is"],
                "to": [self._text(text, where) for text in _list(each.get("to"))],
            }
            for each in tests
        ]
        return {"match": "any" if when.get("match") == "any" else "all", "tests": read}

    def _order(self, steps: Sequence[Mapping[str, Any]], read: Sequence[dict[str, Any]]) -> None:
        """What comes after what: as the document says, or where it says nothing one after the other."""
        by_id = {each["step_id"]: each for each in read}
        if not any(NEEDS in step for step in steps):
            for before, after in pairwise(read):
                before["next"] = [after["step_id"]]
            return
        for index, (step, after) in enumerate(zip(steps, read, strict=True)):
            needs = step.get(NEEDS)
            if not isinstance(needs, dict):
                continue
            after["needs"] = "any" if needs.get("match") == "any" else "all"
            for name in _listed(needs.get("steps")):
                if name in by_id:
                    by_id[name]["next"].append(after["step_id"])
                else:
                    self._fault(ArazzoFaultCode.UNKNOWN_STEP, f"workflows[0].steps[{index}].{NEEDS}", name)

    def _text(self, value: Any, where: str) -> str:
        """A value as a plan has it: text as it is, all else as JSON, with references for expressions."""
        try:
            read = self._read.value(value)
        except NoSuchValue as error:
            self._fault(ArazzoFaultCode.EXPRESSION, where, str(error))
            return ""
        return read if isinstance(read, str) else json.dumps(read, ensure_ascii=False)

    def _no_more(
        self,
        document: Mapping[str, Any],
        known: frozenset[str],
        where: str,
        *,
        named: frozenset[str] | set[str] = frozenset(),
    ) -> None:
        for name in document:
            if name in known or name in named or str(name).startswith("x-"):
                continue
            code = _MORE.get(name, ArazzoFaultCode.UNKNOWN_MEMBER)
            self._fault(code, f"{where}.{name}".removeprefix("."))

    def _objects(self, document: Mapping[str, Any], name: str, where: str) -> list[dict[str, Any]]:
        listed = document.get(name)
        if listed is None:
            return []
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            self._fault(ArazzoFaultCode.WRONG_TYPE, f"{where}.{name}".removeprefix("."))
            return []
        return listed

    def _fault(self, code: ArazzoFaultCode, where: str = "", detail: str = "") -> None:
        self.faults.append(ArazzoFault(code, clip(where), clip(detail)))


def _alone(code: ArazzoFaultCode, where: str = "", detail: str = "") -> ArazzoFaults:
    """A fault after which there is nothing else to look for."""
    return ArazzoFaults([ArazzoFault(code, clip(where), clip(detail))])


def _flat(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """The members of an object by dotted names, as far as no name has a dot of its own."""
    if depth and isinstance(value, dict) and value and all(key and "." not in str(key) for key in value):
        for member, inner in value.items():
            yield from _flat(f"{name}.{member}", inner, depth - 1)
    else:
        yield name, value


def _inputs(workflow: Mapping[str, Any]) -> Mapping[str, Any]:
    inputs = workflow.get("inputs")
    properties = inputs.get("properties") if isinstance(inputs, dict) else None
    return properties if isinstance(properties, dict) else {}


def _texts(value: Any) -> dict[str, str]:
    members = value.items() if isinstance(value, dict) else ()
    return {str(name): text for name, text in members if isinstance(text, str)}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _listed(value: Any) -> list[str]:
    return [each for each in _list(value) if isinstance(each, str)]
