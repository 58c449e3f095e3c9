"""All that a person's Home shows, in five queries however much there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    DateTime,
    Float,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    AICall,
    ApprovalRulesRow,
    Card,
    Component,
    Home,
    PlanVersion,
    Run,
    StepGate,
    StepRun,
    WorkflowPlan,
    Workspace,
)
from services import deputies
from services.approvals import ApprovalRules, rules_of
from services.errors import NotFound
from services.jobs import HomeList
from services.pages import Page
from services.queries import lines, runs
from services.queries.lines import GATE, Viewer
from services.queries.snapshots import (
    HomeFigures,
    HomeSnapshot,
    PlanLine,
    PlanSnapshot,
    RunSnapshot,
    StepSnapshot,
    WaitingItem,
)
from services.queries.standing import GOING, is_in
from services.queries.workflows import plan_snapshot
from services.states import RunState
from services.workflows import look_alikes

FIGURES_SINCE = timedelta(days=30)
WAITING_ITEMS, LINES = 4, 5
"""On a page of what waits for a person, and of the other lists."""


@dataclass(frozen=True, slots=True)
class _Standing:
    home: Home
    is_new: bool
    figures: HomeFigures
    components: int
    rules: ApprovalRules
    settings: Any
    absent: tuple[str, ...]

    def page(self, listing: HomeList) -> int:
        page = self.home.pages.get(listing, 1)
        return page if isinstance(page, int) and page > 0 else 1


async def read(session: AsyncSession, workspace_id: UUID, user: str, now: datetime) -> HomeSnapshot:
    """What the Home of a person shows. Raises NotFound if they have never opened it."""
    standing = await _standing(session, workspace_id, user, now)
    viewer = Viewer(user, standing.rules, absent=standing.absent)
    return HomeSnapshot(
        user=user,
        is_admin=standing.home.is_admin or user in standing.rules.approvers,
        is_stranger=standing.home.is_stranger and user not in standing.rules.approvers,
        notice=standing.home.notice,
        is_new=standing.is_new,
        waiting=await _waiting(session, workspace_id, viewer, standing.page("waiting")),
        **await _lists(session, workspace_id, viewer, standing),
        figures=standing.figures,
        components=standing.components,
        rules=standing.rules,
        settings=standing.settings,
    )


async def waiting_for(session: AsyncSession, workspace_id: UUID, viewer: Viewer) -> int:
    """How many things wait for a person."""
    waits = _waits(workspace_id, viewer).subquery()
    return await session.scalar(select(func.count()).select_from(waits)) or 0


async def _standing(session: AsyncSession, workspace_id: UUID, user: str, now: datetime) -> _Standing:
    """The person's Home, the rules and settings, and the figures of the last month."""
    values = {"workspace": workspace_id, "user": user, "now": now, "since": now - FIGURES_SINCE}
    row = (await session.execute(_stands(), values)).one_or_none()
    if row is None:
        raise NotFound("home", user)
    counted = HomeFigures(row.plans, row.ended, row.done, row.median, int(row.tokens))
    return _Standing(
        row[0], row.is_new, counted, row.components, rules_of(row[1]), row.settings, tuple(row.absent)
    )


# Put together once, as all here that is the same for everybody: that takes longer than PostgreSQL does.
@cache
def _stands() -> Select[Any]:
    workspace_id = cast("UUID", bindparam("workspace", type_=Uuid))
    user = cast("str", bindparam("user", type_=Text))
    now = cast("datetime", bindparam("now", type_=DateTime(timezone=True)))
    since = bindparam("since", type_=DateTime(timezone=True))
    took = func.date_part("epoch", Run.ended_at - Run.created_at)
    done = Run.state == RunState.COMPLETED
    of_runs = (
        select(
            func.count().label("ended"),
            func.count().filter(done).label("done"),
            sql_cast(func.percentile_cont(0.5).within_group(took).filter(done), Float).label("median"),
        )
        .where(Run.workspace_id == workspace_id, Run.ended_at >= since)
        .subquery()
    )
    figures = {
        "plans": select(func.count()).where(
            WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.created_at >= since
        ),
        "tokens": select(func.coalesce(func.sum(AICall.total_tokens), 0)).where(
            AICall.workspace_id == workspace_id, AICall.created_at >= since
        ),
        "components": select(func.count()).where(Component.workspace_id == workspace_id),
    }
    query = (
        select(
            Home,
            ApprovalRulesRow,
            Workspace.settings,
            (Workspace.last_plan_number == 0).label("is_new"),
            of_runs,
            deputies.absent(workspace_id, user, now).label("absent"),
            *(figure.scalar_subquery().label(name) for name, figure in figures.items()),
        )
        .join(Workspace, Workspace.id == Home.workspace_id)
        .outerjoin(ApprovalRulesRow, ApprovalRulesRow.workspace_id == Home.workspace_id)
        .join(of_runs, true())
        .where(Home.workspace_id == workspace_id, Home.user_id == user)
    )
    return query.execution_options(populate_existing=True)


async def _waiting(session: AsyncSession, workspace_id: UUID, viewer: Viewer, page: int) -> Page[WaitingItem]:
    """A page of what waits for the viewer: what has a time limit first, and then the oldest."""
    found = _waits(workspace_id, viewer).cte("found")
    order = (found.c.due.asc().nulls_last(), found.c.since, found.c.plan_id)
    rows = (await session.execute(_page(found, page, WAITING_ITEMS).order_by(*order))).all()
    if not rows:
        return Page((), 1, WAITING_ITEMS, 0)
    plans = await _plans(session, workspace_id, viewer.rules, [(row.plan_id, row.run_id) for row in rows])
    items = tuple(WaitingItem(plans[row.plan_id], row.since, row.step_id) for row in rows)
    return _paged(items, page, WAITING_ITEMS, rows[0].total)


def _waits(workspace_id: UUID, viewer: Viewer) -> Any:
    """Every plan and every step that waits for the viewer, and what they are asked before it is planned."""
    drafts = (
        select(
            WorkflowPlan.id.label("plan_id"),
            sql_cast(null(), Uuid).label("run_id"),
            sql_cast(null(), Uuid).label("step_id"),
            WorkflowPlan.updated_at.label("since"),
            sql_cast(null(), StepGate.limit_at.type).label("due"),
        )
        .outerjoin(Card, Card.plan_id == WorkflowPlan.id)
        .where(WorkflowPlan.workspace_id == workspace_id, lines.to_review(viewer))
    )
    questions = select(
        WorkflowPlan.id,
        sql_cast(null(), Uuid),
        sql_cast(null(), Uuid),
        WorkflowPlan.updated_at,
        sql_cast(WorkflowPlan.clarification["due"].as_string(), StepGate.limit_at.type),
    ).where(WorkflowPlan.workspace_id == workspace_id, lines.to_answer(viewer))
    since = func.coalesce(GATE.created_at, StepRun.ended_at, StepRun.started_at, Run.created_at)
    columns = select(WorkflowPlan.id, Run.id, StepRun.id, since, GATE.limit_at)
    of_plans: Any = columns.select_from(WorkflowPlan).outerjoin(Card, Card.plan_id == WorkflowPlan.id)
    steps = lines.with_steps(of_plans).where(
        WorkflowPlan.workspace_id == workspace_id,
        Run.workspace_id == workspace_id,
        lines.waiting_step(viewer),
    )
    return union_all(drafts, questions, steps)


async def _plans(
    session: AsyncSession, workspace_id: UUID, rules: ApprovalRules, wanted: Sequence[tuple[UUID, UUID | None]]
) -> dict[UUID, PlanSnapshot]:
    """The plans, each with the run that is named beside it, or with the plan that it may be the same as."""
    run_ids = [run_id for _, run_id in wanted if run_id is not None]
    values = {"workspace": workspace_id, "plans": [plan_id for plan_id, _ in wanted], "runs": run_ids}
    rows = (await session.execute(_with_runs(), values)).all()
    steps = await _steps(session, run_ids, rules) if run_ids else {}
    return {
        plan.id: replace(
            plan_snapshot(plan, version),
            approvers=rules.deciders(plan.reporter_id, plan.requester_id),
            run=None if run is None else _run(run, steps.get(run.id, [])),
            shown_in=channel or plan.channel_id,
            link=link,
            look_alike=look_alikes.of_row(*beside),
        )
        for plan, version, run, channel, link, *beside in rows
    }


@cache
def _with_runs() -> Select[Any]:
    """Plans, each with the one of its runs that is among some, and with the plan that it may be the same as."""
    version = func.coalesce(Run.version, WorkflowPlan.version)
    other = look_alikes.Asked()
    its_run = and_(Run.plan_id == WorkflowPlan.id, Run.id == any_(bindparam("runs", type_=ARRAY(Uuid))))
    return (
        select(WorkflowPlan, PlanVersion, Run, Card.channel_id, Card.link, *other.columns)
        .outerjoin(Run, its_run)
        .outerjoin(PlanVersion, and_(PlanVersion.plan_id == WorkflowPlan.id, PlanVersion.version == version))
        .outerjoin(Card, Card.plan_id == WorkflowPlan.id)
        .outerjoin(other.named, true())
        .outerjoin(other.plan, other.is_of_plan)
        .outerjoin(other.card, other.is_of_card)
        .where(
            WorkflowPlan.workspace_id == bindparam("workspace", type_=Uuid),
            WorkflowPlan.id == any_(bindparam("plans", type_=ARRAY(Uuid))),
        )
    )


async def _steps(
    session: AsyncSession, run_ids: Sequence[UUID], rules: ApprovalRules
) -> dict[UUID, list[StepSnapshot]]:
    """The steps of the runs, with the gates at which they stand now, and without their answers."""
    rows = await session.execute(
        select(StepRun, StepGate)
        .outerjoin(StepGate, and_(StepGate.step_run_id == StepRun.id, StepGate.revision == StepRun.revision))
        .where(StepRun.run_id.in_(run_ids))
        .order_by(StepRun.position)
    )
    found: dict[UUID, list[StepSnapshot]] = {}
    for step, gate in rows:
        found.setdefault(step.run_id, []).append(runs.step_snapshot(step, gate, rules))
    return found


def _run(run: Run, steps: Sequence[StepSnapshot]) -> RunSnapshot:
    return RunSnapshot(
        id=run.id,
        number=run.number,
        version=run.version,
        state=RunState(run.state),
        started_by=run.started_by,
        started_at=run.created_at,
        steps=tuple(steps),
        ended_at=run.ended_at,
        ended_by=run.ended_by,
    )


async def _lists(
    session: AsyncSession, workspace_id: UUID, viewer: Viewer, standing: _Standing
) -> dict[str, Page[PlanLine]]:
    """What runs now, and what the viewer has reported, the newest first."""
    pages = {"running": standing.page("running"), "reports": standing.page("reports")}
    plans = select(WorkflowPlan.id, WorkflowPlan.number).where(WorkflowPlan.workspace_id == workspace_id)
    going = select(Run.plan_id).where(Run.workspace_id == workspace_id, is_in(Run.state, GOING))
    # As a list: PostgreSQL looks each of the few up, where it would read all plans for a set.
    ids = func.array(going.scalar_subquery(), type_=ARRAY(Uuid))
    running = plans.outerjoin(Card, Card.plan_id == WorkflowPlan.id).where(
        WorkflowPlan.id == any_(ids), lines.visible(viewer)
    )
    reports = plans.where(WorkflowPlan.reporter_id == viewer.user)
    found = {"running": running.cte("running"), "reports": reports.cte("reports")}
    chosen = union_all(
        *(
            _page(cte, pages[name], LINES)
            .add_columns(literal(name).label("listing"))
            .order_by(cte.c.number.desc())
            for name, cte in found.items()
        )
    ).subquery()
    query = lines.lines(workspace_id).join(chosen, chosen.c.id == WorkflowPlan.id)
    rows = (
        await session.execute(
            query.add_columns(chosen.c.listing, chosen.c.total.label("all")).order_by(WorkflowPlan.number.desc())
        )
    ).all()
    return {name: _of_listing(rows, name, pages[name], viewer.rules) for name in found}


def _of_listing(rows: Sequence[Any], name: str, page: int, rules: ApprovalRules) -> Page[PlanLine]:
    own = [row for row in rows if row.listing == name]
    items = tuple(lines.line_of(row, rules) for row in own)
    return _paged(items, page, LINES, own[0].all if own else 0)


def _page(found: CTE, page: int, size: int) -> Select[Any]:
    """A page of what was found, the last one if there are fewer; `total` is how much there is."""
    total = select(func.count()).select_from(found).scalar_subquery()
    last = func.greatest((total - 1) // size * size, 0)
    return select(found, total.label("total")).limit(size).offset(func.least((page - 1) * size, last))


def _paged(items: tuple[Any, ...], page: int, size: int, total: int) -> Page[Any]:
    found = Page(items, page, size, total)
    return replace(found, page=min(page, found.pages))
