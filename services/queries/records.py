"""What programs read of plans, runs and components, over HTTP and MCP: in pages by key, and one by one.

A page begins after the key of the last item of the one before, so nothing is shown twice or left out because
something was added meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Integer, Select, Text, Uuid, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Card, Component, PlanVersion, Run, WorkflowPlan
from services.approvals import ApprovalRules
from services.components.definitions import ComponentDefinition
from services.components.service import ComponentService
from services.errors import NotFound
from services.queries import lines, runs
from services.queries.filters import PlanFilter
from services.queries.lines import Viewer
from services.queries.snapshots import PlanLine, PlanSnapshot, RunLine, RunSnapshot
from services.queries.workflows import plan_snapshot
from services.states import PlanState

MAX_RUNS = 20
"""The most runs that a plan is shown with: its last ones."""

MASK = "***"
_VALUES = ("const", "default", "enum", "example", "examples")


MAX_NUMBER = 2**31 - 1
"""No plan has a higher number."""

EVERYTHING = PlanFilter()
NOBODY = Viewer("", ApprovalRules())
"""Who sees what everybody may."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """Who reads. `sees_all`: what is shown in no public channel, too, whoever the viewer is."""

    viewer: Viewer
    sees_all: bool = False

    @property
    def is_nobody(self) -> bool:
        """Whether it is no person who reads."""
        return not self.viewer.user

    @property
    def narrowing(self) -> Viewer | None:
        """Whose sight narrows what is found; None: nobody's."""
        return None if self.sees_all else self.viewer


@dataclass(frozen=True, slots=True)
class ComponentLine:
    """A component as one line of a list."""

    key: str
    name: str
    description: str
    category: str
    type: str
    method: str
    approval: str
    active: bool


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan with its latest version, and its last runs, the last first."""

    plan: PlanSnapshot
    runs: tuple[RunLine, ...]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run, and the plan that it carries out."""

    run: RunSnapshot
    plan: int
    steps: Mapping[str, Mapping[str, Any]]
    """The steps of its version as the plan has them, by their ids."""


async def component_lines(
    session: AsyncSession, workspace_id: UUID, *, after: str, limit: int, search: str = ""
) -> Sequence[ComponentLine]:
    """Components by key, those after `after`; with all words of `search`, if there are any."""
    query = select(
        Component.key,
        Component.name,
        Component.description,
        Component.category,
        Component.type,
        Component.http_method,
        Component.approval,
        Component.is_active,
    ).where(Component.workspace_id == workspace_id, Component.key > after)
    if search.strip():
        words = func.websearch_to_tsquery("english", search)
        query = query.where(Component.search.op("@@")(words))
    rows = await session.execute(query.order_by(Component.key).limit(limit))
    return [ComponentLine(*row) for row in rows]


async def component(
    session: AsyncSession, components: ComponentService, workspace_id: UUID, key: str
) -> tuple[ComponentDefinition, bool]:
    """One component, and whether it is active; the values of its own headers and parameters are masked.

    Raises NotFound.
    """
    found = await components.get(session, workspace_id, key)
    definition = found.definition
    masked = {name: _masked(getattr(definition, name)) for name in ("headers", "query_params")}
    return definition.model_copy(update=masked), found.active


def _masked(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {part: MASK if part in _VALUES else value for part, value in schema.items()}
        for name, schema in parameters.items()
        if isinstance(schema, Mapping)
    }


async def plan_lines(
    session: AsyncSession,
    workspace_id: UUID,
    eyes: Eyes,
    *,
    before: int | None,
    limit: int,
    wanted: PlanFilter,
    state: PlanState | None = None,
) -> Sequence[PlanLine]:
    """Plans, the newest first, those with a lower number than `before`."""
    if wanted == EVERYTHING and eyes.is_nobody:
        query = _any_lines(sees_all=eyes.sees_all)
    else:
        query = _of_page(lines.narrowed(lines.lines(workspace_id), workspace_id, wanted, eyes.narrowing))
    values = {
        "workspace": workspace_id,
        "before": MAX_NUMBER if before is None else before,
        "state": "" if state is None else state.value,
        "limit": limit,
    }
    rows = await session.execute(query, values)
    return [lines.line_of(row, eyes.viewer.rules) for row in rows]


def _of_page(query: Select[Any]) -> Select[Any]:
    """A page of lines: before a number, of one state if that is not empty, and not more than a limit."""
    state = bindparam("state", type_=Text)
    return (
        query.where(WorkflowPlan.number < bindparam("before", type_=Integer))
        .where((state == "") | (WorkflowPlan.state == state))
        .order_by(WorkflowPlan.number.desc())
        .limit(bindparam("limit", type_=Integer))
    )


# Put together once: that takes longer than PostgreSQL does, and is what a program reads over and over.
@cache
def _any_lines(sees_all: bool) -> Select[Any]:
    workspace = cast("UUID", bindparam("workspace", type_=Uuid))
    return _of_page(lines.narrowed(lines.lines(workspace), workspace, EVERYTHING, None if sees_all else NOBODY))


@cache
def _plan(sees_all: bool) -> Select[WorkflowPlan, PlanVersion, str | None]:
    query = (
        select(WorkflowPlan, PlanVersion, Card.link)
        .outerjoin(Card, Card.plan_id == WorkflowPlan.id)
        .outerjoin(
            PlanVersion,
            and_(PlanVersion.plan_id == WorkflowPlan.id, PlanVersion.version == WorkflowPlan.version),
        )
        .where(
            WorkflowPlan.workspace_id == bindparam("workspace", type_=Uuid),
            WorkflowPlan.number == bindparam("number", type_=Integer),
        )
    )
    return query if sees_all else query.where(lines.visible(NOBODY))


_LAST_RUNS = (
    select(Run.id, Run.number, Run.version, Run.state, Run.started_by, Run.created_at, Run.ended_by, Run.ended_at)
    .where(Run.workspace_id == bindparam("workspace", type_=Uuid), Run.plan_id == bindparam("plan", type_=Uuid))
    .order_by(Run.number.desc())
    .limit(MAX_RUNS)
)


@cache
def _plan_of_run(sees_all: bool) -> Select[Any]:
    query = (
        select(WorkflowPlan.number, PlanVersion.document)
        .select_from(Run)
        .join(WorkflowPlan, WorkflowPlan.id == Run.plan_id)
        .join(PlanVersion, and_(PlanVersion.plan_id == Run.plan_id, PlanVersion.version == Run.version))
        .outerjoin(Card, Card.plan_id == WorkflowPlan.id)
        .where(Run.workspace_id == bindparam("workspace", type_=Uuid), Run.id == bindparam("run", type_=Uuid))
    )
    return query if sees_all else query.where(lines.visible(NOBODY))


async def plan(session: AsyncSession, workspace_id: UUID, eyes: Eyes, number: int) -> PlanRecord:
    """One plan. Raises NotFound, also where it may not be seen."""
    query = _plan(sees_all=eyes.sees_all)
    if not (eyes.is_nobody or eyes.sees_all):
        query = _plan(sees_all=True).where(lines.visible(eyes.viewer))
    row = (await session.execute(query, {"workspace": workspace_id, "number": number})).one_or_none()
    if row is None:
        raise NotFound("plan", number)
    last = await session.execute(_LAST_RUNS, {"workspace": workspace_id, "plan": row[0].id})
    found = tuple(map(runs.run_line, last))
    return PlanRecord(replace(plan_snapshot(row[0], row[1]), link=row[2]), found)


async def run(session: AsyncSession, workspace_id: UUID, eyes: Eyes, run_id: UUID) -> RunRecord:
    """One run. Raises NotFound, also where its plan may not be seen."""
    query = _plan_of_run(sees_all=eyes.sees_all)
    if not (eyes.is_nobody or eyes.sees_all):
        query = _plan_of_run(sees_all=True).where(lines.visible(eyes.viewer))
    row = (await session.execute(query, {"workspace": workspace_id, "run": run_id})).one_or_none()
    found = None if row is None else await runs.one(session, workspace_id, run_id, eyes.viewer.rules)
    if row is None or found is None:
        raise NotFound("run", run_id)
    return RunRecord(found, row[0], {step["step_id"]: step for step in row[1]["steps"]})


async def plan_number(session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> int:
    """What people call a plan. Raises NotFound."""
    number = await session.scalar(
        select(WorkflowPlan.number).where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.id == plan_id)
    )
    if number is None:
        raise NotFound("plan", plan_id)
    return number
