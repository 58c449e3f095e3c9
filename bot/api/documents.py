"""From records to the JSON of the API. Pure functions; the schemas stand in openapi.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.components.definitions import ComponentDefinition
from services.queries.records import ComponentLine, PlanRecord, RunRecord
from services.queries.snapshots import PlanLine, RunLine, StepSnapshot, VersionSnapshot

Document = dict[str, Any]

_TOLD = (
    "key",
    "name",
    "description",
    "type",
    "category",
    "http_method",
    "path_params",
    "query_params",
    "headers",
    "request_schema",
    "response_schema",
    "approval",
    "idempotent",
    "timeout_seconds",
    "owner_service",
    "version",
)
"""What is told of a component: neither its address nor how it is authenticated."""


def component_line(line: ComponentLine) -> Document:
    """A component of a list."""
    return {
        "key": line.key,
        "name": line.name,
        "description": line.description,
        "category": line.category,
        "type": line.type,
        "http_method": line.method,
        "approval": line.approval,
        "active": line.active,
        "url": f"/components/{line.key}",
    }


def component(definition: ComponentDefinition, *, active: bool) -> Document:
    """One component."""
    document = definition.model_dump(mode="json")
    return {name: document[name] for name in _TOLD} | {"active": active}


def plan_line(line: PlanLine) -> Document:
    """A plan of a list."""
    waits = line.awaited
    return {
        "number": line.number,
        "title": line.title,
        "state": line.state.value,
        "reporter": line.reporter_id,
        "created_at": _moment(line.created_at),
        "steps": line.steps,
        "run": None
        if line.run_state is None
        else {"state": line.run_state.value, "steps_done": line.done, "steps": line.total},
        "waits_for": None
        if waits is None
        else {"what": waits.kind.value, "people": None if waits.people is None else list(waits.people)},
        "card": line.link,
        "url": f"/workflows/{line.number}",
    }


def plan(record: PlanRecord) -> Document:
    """One plan, its latest version, and its last runs."""
    found = record.plan
    return {
        "number": found.number,
        "state": found.state.value,
        "issue": found.issue.text,
        "place": found.issue.place,
        "urgency": found.issue.urgency,
        "reporter": found.issue.reporter,
        "created_at": _moment(found.created_at),
        "decided_by": found.decided_by,
        "decided_at": _moment(found.decided_at),
        "failure": None if found.failure is None else found.failure.code.value,
        "plan": None if found.version is None else _version(found.version),
        "executions": [_run_line(run) for run in record.runs],
        "card": found.link,
        "url": f"/workflows/{found.number}",
    }


def _version(version: VersionSnapshot) -> Document:
    document = version.plan.model_dump(mode="json", by_alias=True)
    return {
        "version": version.version,
        "title": version.plan.workflow_name,
        "description": version.plan.description,
        "steps": document["steps"],
        "warnings": [
            {"code": fault.code.value, "step_id": fault.step_id, "field": fault.field}
            for fault in version.warnings
        ],
    }


def _run_line(run: RunLine) -> Document:
    return {
        "id": str(run.id),
        "number": run.number,
        "version": run.version,
        "state": run.state.value,
        "started_by": run.started_by,
        "started_at": _moment(run.started_at),
        "ended_by": run.ended_by,
        "ended_at": _moment(run.ended_at),
        "url": f"/executions/{run.id}",
    }


def run(record: RunRecord) -> Document:
    """One run, with its steps and what they answered."""
    found = record.run
    return {
        "id": str(found.id),
        "workflow": record.plan,
        "number": found.number,
        "version": found.version,
        "state": found.state.value,
        "started_by": found.started_by,
        "started_at": _moment(found.started_at),
        "ended_by": found.ended_by,
        "ended_at": _moment(found.ended_at),
        "steps": [_step(step, record.steps.get(step.step_id, {})) for step in found.steps],
        "url": f"/executions/{found.id}",
    }


def _step(step: StepSnapshot, planned: Mapping[str, Any]) -> Document:
    return {
        "step_id": step.step_id,
        "description": planned.get("description", ""),
        "component": planned.get("component_id", ""),
        "state": step.state.value,
        "attempt": step.attempt,
        "gated": step.gated,
        "started_at": _moment(step.started_at),
        "ended_at": _moment(step.ended_at),
        "decided_by": step.decided_by,
        "error": None
        if step.error is None
        else {"code": step.error.get("code"), "status": step.error.get("status")},
        "output": step.output,
        "output_is_outline": step.is_long,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
