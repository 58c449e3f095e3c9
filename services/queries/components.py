"""A component as the registry shows it: how its calls went, which plans use it, and what stands in its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, cast, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Card, PlanVersion, Run, StepAttempt, StepRun, WorkflowPlan
from db.session import ReadSession
from services.components.builtins import WAIT_UNTIL
from services.components.registry import ComponentChange, RegistryEntry, RegistryService, can_undo, values_of
from services.components.secret_names import named_secrets
from services.connectors import Outcome
from services.health.door import host_of
from services.health.hosts import KnownHost, known_hosts
from services.queries.lines import OF_LAST_RUN, Viewer, visible
from services.states import PlanState, RunState, StepState
from services.workspaces.component_secrets import ComponentSecrets, SecretLine

SINCE = timedelta(days=30)
STEPS = 1_000
"""So many steps of a component are looked at, the last ones."""

PLANS = 1_000
"""So many plans of a workspace are looked at, the newest."""

SHOWN = 5
AFFECTED = 20

_GOING = (RunState.RUNNING, RunState.WAITING, RunState.FAILED)
_Found = Select[int, str | None, str, str, str | None]
_TO_COME = (StepState.PENDING, StepState.READY, StepState.WAITING, StepState.FAILED)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """How the calls of 30 days went. `usual_seconds` is the median, `long_seconds` the 95th percentile."""

    calls: int = 0
    good: int = 0
    usual_seconds: float = 0.0
    long_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PlanThatUses:
    """A plan by its number; `run_state` is that of its last run."""

    number: int
    title: str
    state: PlanState
    run_state: RunState | None
    link: str | None


@dataclass(frozen=True, slots=True)
class PlansThatUse:
    """Plans that somebody may see, the newest first, and how many others there are."""

    plans: tuple[PlanThatUses, ...] = ()
    others: int = 0


@dataclass(frozen=True, slots=True)
class ComponentDetails:
    """All that the registry shows of a component. `secrets` are those that are kept for it, without their values.

    `sealed` are the names of all that it wants kept, `variables` those that it takes from the environment.
    `undoable` is the last change, if it can be taken back.
    """

    entry: RegistryEntry
    record: CallRecord
    host: KnownHost | None
    plans: PlansThatUse
    secrets: tuple[SecretLine, ...]
    sealed: tuple[str, ...]
    variables: tuple[str, ...]
    can_keep: bool
    undoable: ComponentChange | None


async def read(
    session: AsyncSession | ReadSession,
    workspace_id: UUID,
    component_id: UUID,
    viewer: Viewer,
    secrets: ComponentSecrets,
    now: datetime,
) -> ComponentDetails:
    """A component in full. Raises NotFound."""
    registry = RegistryService()
    entry = await registry.get(session, workspace_id, component_id)
    variables, sealed = named_secrets(entry.definition)
    kept = await secrets.list(session, workspace_id) if sealed else ()
    change = await registry.last_change(session, workspace_id, component_id)
    key = entry.definition.key
    return ComponentDetails(
        entry=entry,
        record=await _record(session, workspace_id, key, now),
        host=(await known_hosts(session, workspace_id)).get(host_of(entry.definition)),
        plans=await _seen(session, _users(workspace_id, key), viewer, SHOWN),
        secrets=tuple(line for line in kept if line.component == key and line.name in sealed),
        sealed=tuple(sorted(sealed)),
        variables=tuple(sorted(variables)),
        can_keep=secrets.can_keep,
        undoable=change if change is not None and can_undo(values_of(entry), change) else None,
    )


async def affected(
    session: AsyncSession | ReadSession, workspace_id: UUID, key: str, viewer: Viewer
) -> tuple[PlansThatUse, PlansThatUse]:
    """The drafts that use a component, and the plans whose runs have yet to call it."""
    drafts = _users(workspace_id, key).where(WorkflowPlan.state == PlanState.DRAFT)
    to_come = (
        select(StepRun.run_id)
        .join(Run, Run.id == StepRun.run_id)
        .where(
            Run.workspace_id == workspace_id,
            Run.state.in_(_GOING),
            StepRun.component_key == key,
            StepRun.state.in_(_TO_COME),
        )
    )
    going = _plans(workspace_id).where(Run.id.in_(to_come))
    return (
        await _seen(session, drafts, viewer, AFFECTED),
        await _seen(session, going, viewer, AFFECTED),
    )


async def _record(session: AsyncSession | ReadSession, workspace_id: UUID, key: str, now: datetime) -> CallRecord:
    last = (
        select(StepRun.id)
        .where(StepRun.workspace_id == workspace_id, StepRun.component_key == key, StepRun.ended_at > now - SINCE)
        .order_by(StepRun.ended_at.desc())
        .limit(STEPS)
        .subquery()
    )
    seconds = func.extract("epoch", StepAttempt.ended_at - StepAttempt.started_at)
    row = (
        await session.execute(
            select(
                func.count(),
                func.count().filter(StepAttempt.outcome == Outcome.DONE),
                func.percentile_cont(0.5).within_group(seconds),
                func.percentile_cont(0.95).within_group(seconds),
            )
            .join(last, last.c.id == StepAttempt.step_run_id)
            .where(StepAttempt.workspace_id == workspace_id, StepAttempt.outcome.in_(list(Outcome)))
        )
    ).one()
    return CallRecord(row[0], row[1], max(0.0, float(row[2] or 0)), max(0.0, float(row[3] or 0)))


def _plans(workspace_id: UUID) -> _Found:
    return (
        select(WorkflowPlan.number, WorkflowPlan.title, WorkflowPlan.state, Run.state, Card.link)
        .outerjoin(Card, Card.plan_id == WorkflowPlan.id)
        .outerjoin(Run, OF_LAST_RUN)
        .where(WorkflowPlan.workspace_id == workspace_id)
    )


def _users(workspace_id: UUID, key: str) -> _Found:
    """The newest plans with a step that calls or polls the component."""
    last = select(func.max(WorkflowPlan.number)).where(WorkflowPlan.workspace_id == workspace_id).scalar_subquery()
    is_latest = (PlanVersion.plan_id == WorkflowPlan.id) & (PlanVersion.version == WorkflowPlan.version)
    return (
        _plans(workspace_id)
        .join(PlanVersion, is_latest)
        .where(WorkflowPlan.number > last - PLANS)
        .where(or_(_has({"component_id": key}), _has(_poll(key))))
    )


def _poll(key: str) -> dict[str, Any]:
    return {"component_id": WAIT_UNTIL, "inputs": [{"name": "component", "value": key}]}


def _has(step: dict[str, Any]) -> ColumnElement[bool]:
    return PlanVersion.document["steps"].op("@>")(cast([step], JSONB))


async def _seen(session: AsyncSession | ReadSession, found: _Found, viewer: Viewer, most: int) -> PlansThatUse:
    seen: Sequence[Any] = (
        await session.execute(found.where(visible(viewer)).order_by(WorkflowPlan.number.desc()).limit(most))
    ).all()
    total = await session.scalar(select(func.count()).select_from(found.subquery())) or 0
    plans = tuple(
        PlanThatUses(number, title or "", PlanState(state), None if run is None else RunState(run), link)
        for number, title, state, run, link in seen
    )
    return PlansThatUse(plans, total - len(plans))
