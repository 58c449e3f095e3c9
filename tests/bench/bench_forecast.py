"""What a forecast adds to the reading of a card: with nothing on record, with 100,000 attempts, without its index.

python -m tests.bench.bench_forecast

A plan is read as its card's redraw reads it, once as approved, without a forecast, and once as a draft, with one.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from uuid import UUID

from sqlalchemy import text, update

from db.embedded import embedded_postgres
from db.migrate import migrate
from db.models import PlanVersion, WorkflowPlan
from db.session import Database
from services import workspaces
from services.states import PlanState
from tests.support import runs_on_record
from tests.support.plans_on_record import queries
from tests.support.postgres import analyze

READS = 40
STEPS, COMPONENTS, RUNS = 100_000, 40, 10_000
PLANS = ((6, 6), (24, 24), (200, 24))
"""Steps, and the components among them."""

PLANT = f"""
INSERT INTO workflow_executions (id, workspace_id, plan_id, version, number, state, components, started_by)
SELECT md5('run' || n)::uuid, :workspace, :plan, 1, n, 'COMPLETED', '{{}}', 'U2'
FROM generate_series(1, {RUNS}) AS n;
INSERT INTO step_runs (id, workspace_id, run_id, step_id, position, step, component_key, followers, waiting_for,
    state, gated, approved, revision, attempt, first_attempt, warnings, ended_at)
SELECT md5('step' || n)::uuid, :workspace, md5('run' || n % {RUNS} + 1)::uuid, 's' || n, 0, '{{}}',
    'c' || n % {COMPONENTS}, '{{}}', 0, 'DONE', false, false, 5, 1, 1, '[]', now() - n * interval '30 s'
FROM generate_series(1, {STEPS}) AS n;
INSERT INTO step_attempts (id, workspace_id, step_run_id, number, outcome, facts, started_at, ended_at)
SELECT gen_random_uuid(), :workspace, md5('step' || n)::uuid, 1,
    CASE WHEN n % 17 = 0 THEN 'failed' ELSE 'done' END, '{{}}',
    now() - n * interval '30 s' - n % 90 * interval '1 s', now() - n * interval '30 s'
FROM generate_series(1, {STEPS}) AS n
"""


async def plan_of(database: Database, workspace_id: UUID, plan_id: UUID, steps: int, components: int) -> None:
    """Make the plan one of so many steps, in rows of four."""
    made = [
        {"step_id": f"p{n}", "component_id": f"c{n % components}", "next": [f"p{n + 4}"] if n + 4 < steps else []}
        for n in range(steps)
    ]
    specs = [{"key": f"c{n}", "name": f"Component {n}", "approval": "none"} for n in range(components)]
    document = {"workflow_name": "A plan", "steps": made}
    async with database.of(workspace_id).transaction() as session:
        change = update(PlanVersion).where(PlanVersion.plan_id == plan_id)
        await session.execute(change.values(document=document, components=specs))


async def read(database: Database, workspace_id: UUID, plan_id: UUID, state: PlanState) -> str:
    """How long the plan takes to be read in this state: the median and the 95th of a hundred, in ms."""
    async with database.of(workspace_id).transaction() as session:
        await session.execute(update(WorkflowPlan).where(WorkflowPlan.id == plan_id).values(state=state))
    took = []
    for _ in range(READS):
        started = time.perf_counter()
        async with database.of(workspace_id).reading() as session:
            snapshot = await queries.get(session, workspace_id, plan_id)
        took.append((time.perf_counter() - started) * 1_000)
        assert (snapshot.forecast is not None) == (state is PlanState.DRAFT)
    return f"{statistics.median(took):.1f} | {statistics.quantiles(took, n=20)[-1]:.1f}"


async def measure(database: Database, workspace_id: UUID, plan_id: UUID, what: str) -> None:
    """Print a row for each plan."""
    for steps, components in PLANS:
        await plan_of(database, workspace_id, plan_id, steps, components)
        without = await read(database, workspace_id, plan_id, PlanState.DISCARDED)
        with_one = await read(database, workspace_id, plan_id, PlanState.DRAFT)
        print(f"| {what} | {steps}, {components} | {without} | {with_one} |", flush=True)


async def main() -> None:
    """Print the table."""
    print("| on record | steps, components | without: p50 ms | p95 ms | with a forecast: p50 ms | p95 ms |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-bench-") as directory:
        async with embedded_postgres(Path(directory) / "postgres") as url:
            await migrate(url)
            database = Database(url)
            async with database.everywhere().transaction() as session:
                workspace_id = await workspaces.ensure(session, "T0001", "Springfield")
                plan_id = await runs_on_record.plan(session, workspace_id)
                other_id = await runs_on_record.plan(session, workspace_id, number=13)
            await measure(database, workspace_id, plan_id, "nothing")
            async with database.everywhere().transaction() as session:
                for statement in PLANT.split(";"):
                    found = {
                        name: value for name, value in names(workspace_id, other_id) if f":{name}" in statement
                    }
                    await session.execute(text(statement), found)
            await analyze(database)
            await measure(database, workspace_id, plan_id, f"{STEPS:,} attempts")
            async with database.engine.begin() as connection:
                await connection.execute(text("DROP INDEX step_runs_ended_idx"))
            await measure(database, workspace_id, plan_id, f"{STEPS:,}, no index")
            await database.close()


def names(workspace_id: UUID, plan_id: UUID) -> list[tuple[str, UUID]]:
    """What the statements that plant name."""
    return [("workspace", workspace_id), ("plan", plan_id)]


if __name__ == "__main__":
    asyncio.run(main())
