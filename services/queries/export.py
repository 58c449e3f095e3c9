"""A run as one document: all that is on record of it, and no secret."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from db.models import (
    AuditEvent,
    Base,
    Component,
    Decision,
    PlanVersion,
    Run,
    StepAttempt,
    StepGate,
    StepRun,
    WorkflowPlan,
)
from services.errors import NotFound

FORMAT = 1
"""The version of the document's shape; a change that a reader could trip over takes the next."""

MASK = "***"
# What of a component's `auth` says how it is used, and not what is used.
_OPEN_AUTH = frozenset({"type", "in", "location", "name", "token_url", "scope"})
# The members of a header's schema that may hold its value.
_VALUES = frozenset({"const", "default", "enum", "example", "examples"})
# Who has the response URL can speak as Mudda for half an hour; claims, and what a search reads, are of no use.
_LEFT_OUT = frozenset({"response_url", "claim", "workspace_id", "search", "issue_search", "is_stuck"})


async def run_document(session: AsyncSession, workspace_id: UUID, run_id: UUID) -> dict[str, Any]:
    """Plan, version, run, steps with their whole outputs, attempts, gates, decisions and audit trail.

    Its members are JSON but for UUIDs and moments. Raises NotFound.
    """
    run = await session.scalar(
        select(Run).where(Run.workspace_id == workspace_id, Run.id == run_id).options(undefer(Run.components))
    )
    if run is None:
        raise NotFound("run", run_id)
    plan = await session.get_one(WorkflowPlan, run.plan_id)
    version = await session.scalar(
        select(PlanVersion).where(PlanVersion.plan_id == plan.id, PlanVersion.version == run.version)
    )
    steps = select(StepRun.id).where(StepRun.run_id == run.id).scalar_subquery()
    subjects = AuditEvent.subject_id
    return {
        "format": FORMAT,
        "plan": _row(plan),
        "version": None if version is None else {**_row(version), "components": _masked_all(version.components)},
        "run": {**_row(run, {"components"}), "components": _masked_by_key(run.components)},
        "steps": await _rows(
            session,
            select(StepRun)
            .where(StepRun.run_id == run.id)
            .order_by(StepRun.position)
            .options(undefer(StepRun.output)),
        ),
        "attempts": await _rows(
            session,
            select(StepAttempt).where(StepAttempt.step_run_id.in_(steps)).order_by(StepAttempt.ended_at),
        ),
        "gates": await _rows(
            session, select(StepGate).where(StepGate.step_run_id.in_(steps)).order_by(StepGate.created_at)
        ),
        "decisions": await _rows(
            session, select(Decision).where(Decision.run_id == run.id).order_by(Decision.created_at)
        ),
        "audit_events": await _rows(
            session,
            select(AuditEvent)
            .where(AuditEvent.workspace_id == workspace_id, or_(subjects == plan.id, subjects == run.id))
            .order_by(AuditEvent.created_at),
        ),
    }


def masked_row(row: Base) -> dict[str, Any]:
    """A row's columns by their names, without any secret."""
    document = _row(row)
    if isinstance(row, Component):
        return _masked(document)
    if isinstance(row, PlanVersion):
        return {**document, "components": _masked_all(row.components)}
    return document


async def _rows(session: AsyncSession, query: Any) -> list[dict[str, Any]]:
    return [_row(row) for row in await session.scalars(query)]


def _row(row: Base, left_out: Collection[str] = ()) -> dict[str, Any]:
    """A row's columns by their names."""
    columns = [column.key for column in inspect(type(row)).column_attrs]
    return {name: getattr(row, name) for name in columns if name not in _LEFT_OUT and name not in left_out}


def _masked_by_key(components: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {key: _masked(component) for key, component in components.items()}


def _masked_all(components: list[Any]) -> list[Any]:
    return [_masked(component) for component in components]


def _masked(component: Mapping[str, Any]) -> dict[str, Any]:
    """A component without what opens its door, nor where that is kept, nor the values of headers of its own."""
    masked = dict(component)
    if "auth" in masked:
        masked["auth"] = {
            name: value if name in _OPEN_AUTH else MASK for name, value in dict(masked["auth"]).items()
        }
    masked["headers"] = {
        name: {part: MASK if part in _VALUES else value for part, value in schema.items()}
        for name, schema in dict(masked.get("headers") or {}).items()
    }
    return masked
