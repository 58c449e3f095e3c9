"""What is read of plans that go on costs the same, however many are over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Run
from db.session import Database
from services.approvals import ApprovalRules, ApprovalService
from services.queries import home, records
from services.queries.filters import PlanFilter, read
from services.queries.lines import Viewer
from services.queries.workflows import WorkflowQueries
from tests.support.postgres import analyze
from tests.support.run_starts import APPROVER, begun, registered, step

OVER = 6_000
GO_ON = 8
PAGE = 20

# A plan each, with its card and its run.
PAST = """
INSERT INTO workflow_plans (id, workspace_id, number, inbox_key, source, channel_id, reporter_id, issue_text,
    issue_parts, state, phase_facts, version, title, steps, revision, draft)
SELECT md5('plan' || n)::uuid, :workspace, 1000 + n, 'k' || n, 'command', 'C1', 'U1', 'A leak', '[]', 'APPROVED',
    '{}', 1, 'Mend it', 1, 2, 1
FROM generate_series(1, :over) AS n;
INSERT INTO cards (id, workspace_id, plan_id, channel_id, ts, generation, drawn_generation)
SELECT gen_random_uuid(), :workspace, md5('plan' || n)::uuid, 'C1', '1.' || n, 1, 1
FROM generate_series(1, :over) AS n;
INSERT INTO workflow_executions (id, workspace_id, plan_id, version, number, state, components, started_by,
    ended_at)
SELECT gen_random_uuid(), :workspace, md5('plan' || n)::uuid, 1, 1, 'COMPLETED', '{}', 'U1', now()
FROM generate_series(1, :over) AS n
"""
TABLES = ("workflow_plans", "cards", "workflow_executions", "step_runs")
LOOKED_AT = text("""
SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables WHERE relname = ANY (:tables)
""")

queries = WorkflowQueries(ApprovalService())
viewer = Viewer(APPROVER.user, ApprovalRules())


@pytest.fixture
async def going_on(database: Database, workspace_id: UUID) -> list[UUID]:
    """The plans of runs that wait at a gate, among many that are over."""
    await registered(database, workspace_id, {"key": "do", "endpoint_url": "https://do.example/do"})
    async with database.transaction() as session:
        graph = [step("act", "do", gate=True)]
        runs = [await begun(session, workspace_id, graph) for _ in range(GO_ON)]
        found = list(await session.scalars(select(Run.plan_id).where(Run.id.in_(runs))))
    async with database.engine.begin() as connection:
        # No foreign key is looked up for what is right as it is.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in PAST.split(";"):
            await connection.execute(text(statement), {"workspace": workspace_id, "over": OVER})
    await analyze(database)
    return found


async def looked_at(
    database: Database, workspace_id: UUID, work: Callable[[AsyncSession], Awaitable[object]]
) -> int:
    """How many rows PostgreSQL looks at, bound to the workspace: row-level security is part of its plans."""
    async with database.of(workspace_id).transaction() as session:
        before = await session.scalar(LOOKED_AT, {"tables": list(TABLES)})
        await work(session)
        return int(await session.scalar(LOOKED_AT, {"tables": list(TABLES)}) - before)


async def test_what_goes_on_is_read_without_a_look_at_all_that_is_over(
    database: Database, workspace_id: UUID, going_on: list[UUID]
) -> None:
    async def card(session: AsyncSession) -> None:
        await queries.get(session, workspace_id, going_on[0])

    async def cards(session: AsyncSession) -> None:
        assert len(await queries.get_all(session, workspace_id, going_on)) == GO_ON

    async def listed(words: str, session: AsyncSession) -> None:
        page = await queries.list(session, workspace_id, wanted=read(words), viewer=viewer)
        assert page.total == GO_ON

    async def paged(who: Viewer, session: AsyncSession) -> None:
        eyes = records.Eyes(who)
        found = await records.plan_lines(session, workspace_id, eyes, before=None, limit=PAGE, wanted=PlanFilter())
        assert len(found) == PAGE

    async def counted(session: AsyncSession) -> None:
        assert await home.waiting_for(session, workspace_id, viewer) == GO_ON

    work: dict[str, Callable[[AsyncSession], Awaitable[None]]] = {
        "a card": card,
        "cards": cards,
        "open": partial(listed, "open"),
        "waiting": partial(listed, "waiting"),
        "count": counted,
        "a page, for an approver": partial(paged, viewer),
        "a page, for somebody who sees what is public": partial(paged, Viewer("U2", viewer.rules)),
        "a page, for a program": partial(paged, records.NOBODY),
    }
    rows = {name: await looked_at(database, workspace_id, each) for name, each in work.items()}
    assert {name: number for name, number in rows.items() if number > OVER / 10} == {}
