"""Workflows as people are shown them, read from the rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    Card,
    PlanVersion,
    Run,
    StepRun,
    WorkflowPlan,
)
from db.models.documents import PlanChange
from db.prepared import PreparedStatement
from services.approvals import ApprovalService
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.deputies import stands_in_for
from services.errors import NotFound
from services.jobs import WishOutcome
from services.pages import Page
from services.plans.model import Plan
from services.plans.validation import Fault
from services.policies.specs import Citation
from services.queries import forecasts, lines, runs
from services.queries.filters import PlanFilter
from services.queries.glances import LARGE, StepOrder
from services.queries.lines import Viewer
from services.queries.plan_rows import BY_ID, BY_NUMBER, BY_RUN, PlanRow
from services.queries.snapshots import ChangeSnapshot, PlanLine, PlanSnapshot, RunSnapshot, VersionSnapshot
from services.states import Phase, PlanState, StepState
from services.workflows import look_alikes
from services.workflows.clarifications import clarification_of
from services.workflows.drafts import failure_from_json, issue_of
from services.workflows.versions import VersionKind

EVERYTHING = PlanFilter()

MAX_REDRAWS = 100
"""The most cards that a change of the rules redraws; the others follow when something else happens to them."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an issue came from; `response_url` is good for 30 minutes.

    `thread_ts` is the thread in which it was stated. The message itself is none as long as nobody has replied.
    `asker_id` is who had it planned: the reporter, or whoever pointed the bot to what they wrote.
    """

    channel_id: str
    thread_ts: str | None
    asker_id: str
    response_url: str | None


MAX_KEPT = 256
"""So many versions are kept as they were read: each redraw while a run goes on shows the same one."""

MAX_ORDERS = 16
"""So many orders of large plans, each of which takes some hundred bytes a step."""


class WorkflowQueries:
    """Reads workflows. What another workspace has is not found."""

    def __init__(self, approvals: ApprovalService) -> None:
        self._approvals = approvals
        self._versions: OrderedDict[tuple[UUID, int], VersionSnapshot] = OrderedDict()
        self._orders: OrderedDict[tuple[UUID, int], StepOrder] = OrderedDict()

    async def get(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> PlanSnapshot:
        """One plan with its latest version. Raises NotFound."""
        return await self._one(session, workspace_id, BY_ID, {"plans": [plan_id]})

    async def get_all(
        self, session: AsyncSession, workspace_id: UUID, plan_ids: Collection[UUID]
    ) -> dict[UUID, PlanSnapshot]:
        """The same for the cards of many plans, by their ids; without those that there are not.

        Of a large run's steps those that its card does not show are read as far as their states.
        """
        found = await self._found(session, workspace_id, BY_ID, {"plans": list(plan_ids)}, for_cards=True)
        return {plan.id: plan for plan in found}

    async def get_by_number(self, session: AsyncSession, workspace_id: UUID, number: int) -> PlanSnapshot:
        """The plan that people call `#number`. Raises NotFound."""
        return await self._one(session, workspace_id, BY_NUMBER, {"number": number})

    async def get_by_run(self, session: AsyncSession, workspace_id: UUID, run_id: UUID) -> PlanSnapshot:
        """The plan that a run carries out, with that run, be it the last one or not. Raises NotFound."""
        return await self._one(session, workspace_id, BY_RUN, {"runs": [run_id]})

    async def get_all_by_run(
        self, session: AsyncSession, workspace_id: UUID, run_ids: Collection[UUID]
    ) -> dict[UUID, PlanSnapshot]:
        """The same for many runs, by their ids; without those that there are not."""
        found = await self._found(session, workspace_id, BY_RUN, {"runs": list(run_ids)})
        return {plan.run.id: plan for plan in found if plan.run is not None}

    async def origin(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> Origin:
        """Where an issue came from, for an answer to whoever had it planned. Raises NotFound."""
        plan = await session.scalar(
            select(WorkflowPlan).where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.id == plan_id)
        )
        if plan is None:
            raise NotFound("plan", plan_id)
        thread_ts = plan.thread_ts if plan.thread_ts != plan.message_ts else None
        return Origin(plan.channel_id, thread_ts, plan.requester_id or plan.reporter_id, plan.response_url)

    async def list(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        *,
        wanted: PlanFilter = EVERYTHING,
        viewer: Viewer | None = None,
        page: int = 1,
        size: int = 10,
    ) -> Page[PlanLine]:
        """Those plans that a filter wants and the viewer may see, the newest first.

        Without a viewer nothing waits for anybody, and all is seen.
        """
        rules = viewer.rules if viewer else await self._approvals.settings(session, workspace_id)
        found = lines.narrowed(lines.numbers(workspace_id), workspace_id, wanted, viewer).cte("found")
        # Those of the page are chosen first: to make a line takes six looks at other tables.
        chosen = select(found.c.id).order_by(found.c.number.desc()).limit(size).offset((page - 1) * size)
        total = select(func.count()).select_from(found).scalar_subquery()
        query = lines.lines(workspace_id).add_columns(total.label("all")).where(WorkflowPlan.id.in_(chosen))
        rows = (await session.execute(query.order_by(WorkflowPlan.number.desc()))).all()
        # Behind the last page nothing says how many there are.
        count = rows[0].all if rows else (await session.scalar(select(total)) or 0) if page > 1 else 0
        return Page(tuple(lines.line_of(row, rules) for row in rows), page, size, count)

    async def viewer(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        user: str,
        channel: str = "",
        *,
        now: datetime | None = None,
    ) -> Viewer:
        """Somebody who looks at plans in a channel, under the rules of now; `now`: also in the place of others."""
        absent = () if now is None else await stands_in_for(session, workspace_id, user, now)
        return Viewer(user, await self._approvals.settings(session, workspace_id), channel, absent)

    async def check_may_see(self, session: AsyncSession, plan: PlanSnapshot, viewer: Viewer) -> None:
        """Raises NotFound if the viewer may not see the plan."""
        seen = (
            select(WorkflowPlan.id)
            .outerjoin(Card, Card.plan_id == WorkflowPlan.id)
            .where(WorkflowPlan.id == plan.id, lines.visible(viewer))
        )
        if await session.scalar(seen) is None:
            raise NotFound("plan", plan.number)

    async def awaiting(self, session: AsyncSession, workspace_id: UUID) -> Sequence[UUID]:
        """The newest plans whose cards say who may decide."""
        at_gates = (
            select(Run.plan_id)
            .join(StepRun, StepRun.run_id == Run.id)
            .where(Run.workspace_id == workspace_id, StepRun.state == StepState.WAITING)
        )
        plans = await session.scalars(
            select(WorkflowPlan.id)
            .where(WorkflowPlan.workspace_id == workspace_id)
            .where(or_(WorkflowPlan.state == PlanState.DRAFT, WorkflowPlan.id.in_(at_gates)))
            .order_by(WorkflowPlan.number.desc())
            .limit(MAX_REDRAWS)
        )
        return plans.all()

    async def _one(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        query: PreparedStatement,
        values: Mapping[str, Any],
    ) -> PlanSnapshot:
        found = await self._found(session, workspace_id, query, values)
        if not found:
            raise NotFound("plan", "of that id or number")
        return found[0]

    async def _found(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        query: PreparedStatement,
        values: Mapping[str, Any],
        *,
        for_cards: bool = False,
    ) -> Sequence[PlanSnapshot]:
        """All that a query finds, with two questions for however many that are, and one more for new versions."""
        rows = [PlanRow.of(row) for row in await query.rows(session, workspace=workspace_id, **values)]
        versions = await self._versions_of(session, [row.plan for row in rows])
        usual, large = [], []
        for row in rows:
            version = versions.get(row.plan.id)
            if row.run is None:
                continue
            if for_cards and version is not None and len(version.plan.steps) > LARGE:
                large.append((row.run, row.rules, self._order(row.plan.id, version)))
            else:
                usual.append((row.run, row.rules))
        read = await runs.snapshots(session, usual) | await runs.glimpses(session, large)
        return [
            await self._snapshot(session, row, read.get(row.run.id) if row.run else None, versions) for row in rows
        ]

    async def _snapshot(
        self,
        session: AsyncSession,
        row: PlanRow,
        run: RunSnapshot | None,
        versions: Mapping[UUID, VersionSnapshot],
    ) -> PlanSnapshot:
        found = row.plan
        plan = replace(
            plan_snapshot(found, None),
            version=versions.get(found.id),
            run=run,
            approvers=row.rules.deciders(found.reporter_id, found.requester_id),
            shown_in=row.shown_in or "",
            thread=row.thread,
            link=row.link,
            people=1 + row.others,
            has_copies=row.has_copies,
            is_awaited=row.is_awaited,
            look_alike=await look_alikes.shown(session, found),
        )
        if plan.state is not PlanState.DRAFT or plan.version is None:
            return plan
        forecast = await forecasts.read(session, found.workspace_id, plan.id, plan.version)
        return replace(plan, forecast=forecast, former=await _former(session, plan.id, plan.version))

    async def _versions_of(
        self, session: AsyncSession, plans: Sequence[WorkflowPlan]
    ) -> dict[UUID, VersionSnapshot]:
        """The latest versions, from memory if they were read lately: what is kept as a version never changes."""
        found: dict[UUID, VersionSnapshot] = {}
        missing = []
        for plan in plans:
            if plan.version is None:
                continue
            if (known := self._versions.get((plan.id, plan.version))) is not None:
                self._versions.move_to_end((plan.id, plan.version))
                found[plan.id] = known
            else:
                missing.append((plan.id, plan.version))
        if missing:
            query = select(PlanVersion).where(tuple_(PlanVersion.plan_id, PlanVersion.version).in_(missing))
            for row in await session.scalars(query):
                found[row.plan_id] = self._versions[row.plan_id, row.version] = version_snapshot(row)
        while len(self._versions) > MAX_KEPT:
            self._versions.popitem(last=False)
        return found

    def _order(self, plan_id: UUID, version: VersionSnapshot) -> StepOrder:
        """The order of a large plan's steps, from memory if it was worked out lately."""
        key = plan_id, version.version
        order = self._orders.pop(key, None) or StepOrder.of(version.plan)
        self._orders[key] = order
        while len(self._orders) > MAX_ORDERS:
            self._orders.popitem(last=False)
        return order


async def _former(session: AsyncSession, plan_id: UUID, version: VersionSnapshot) -> VersionSnapshot | None:
    """The one before it, which is what people have seen last."""
    row = await session.scalar(
        select(PlanVersion).where(PlanVersion.plan_id == plan_id, PlanVersion.version == version.version - 1)
    )
    return None if row is None else version_snapshot(row)


def version_snapshot(row: PlanVersion) -> VersionSnapshot:
    """Read a version back."""
    specs = [ComponentSpec(**{**spec, "approval": ApprovalPolicy(spec["approval"])}) for spec in row.components]
    return VersionSnapshot(
        version=row.version,
        plan=Plan.model_validate(row.document),
        components={spec.key: spec for spec in specs},
        selected=tuple(row.selected),
        warnings=tuple(Fault.from_dict(fault) for fault in row.warnings),
        model=row.model,
        tokens=row.tokens,
        seconds=row.seconds,
        citations=tuple(map(Citation.from_dict, row.citations)),
        gate_people=row.gate_people,
        kind=VersionKind(row.kind),
        made_by=row.made_by,
        wish=row.wish,
        based_on=row.based_on,
        made_at=row.created_at,
    )


def plan_snapshot(plan: WorkflowPlan, version: PlanVersion | None) -> PlanSnapshot:
    """All that a card shows."""
    return PlanSnapshot(
        id=plan.id,
        number=plan.number,
        revision=plan.revision,
        state=PlanState(plan.state),
        issue=issue_of(plan),
        channel_id=plan.channel_id,
        created_at=plan.created_at,
        phase=None if plan.phase is None else Phase(plan.phase),
        phase_facts=plan.phase_facts,
        version=None if version is None else version_snapshot(version),
        failure=None if plan.failure is None else failure_from_json(plan.failure),
        decided_by=plan.decided_by,
        decided_for=plan.decided_for,
        decided_at=plan.decided_at,
        requester=plan.requester_id,
        change=_change(plan),
        clarification=clarification_of(plan.clarification),
        locale=plan.locale,
    )


def _change(plan: WorkflowPlan) -> ChangeSnapshot | None:
    if plan.change is None:
        return None
    change = cast("PlanChange", plan.change)
    return ChangeSnapshot(
        change["by"],
        change["wish"],
        WishOutcome(change["outcome"]) if "outcome" in change else None,
        failure_from_json(change["failure"]) if "failure" in change else None,
    )
