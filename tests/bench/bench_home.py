"""How long a person's Home takes to be read and drawn, and how many queries that is, among 10,000 plans.

python -m tests.bench.bench_home
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import event, text

from bot.views.home import home_view
from db.embedded import embedded_postgres
from db.migrate import migrate
from db.session import Database
from services import homes, workspaces
from services.approvals import ApprovalRules, ApprovalService
from services.audit import Actor
from services.queries import home
from services.queries.filters import read
from services.queries.lines import Viewer
from services.queries.workflows import WorkflowQueries
from services.workspaces.settings import Defaults
from tests.support.postgres import analyze

ROUNDS = 60
PLANS, DRAFTS, GOING, STEPS = 10_000, 200, 300, 8
"""Of the plans so many are drafts, and so many run: a third of these wait at a gate, a third have failed."""

ANA, BEN, CAT = "U0ANA00001", "U0BEN00001", "U0CAT00001"

_STEPS = [
    {"step_id": f"s{n}", "component_id": f"c{n}", "description": f"Step {n} of it", "inputs": [], "next": []}
    for n in range(STEPS)
]
_SPECS = [{"key": f"c{n}", "name": f"Component {n}", "approval": "none"} for n in range(STEPS)]

PLANT = f"""
INSERT INTO workflow_plans (id, workspace_id, number, inbox_key, source, channel_id, reporter_id, issue_text,
    issue_parts, state, phase_facts, version, title, steps, revision, draft, created_at, updated_at)
SELECT md5('plan' || n)::uuid, :workspace, n, 'k' || n, 'command', 'C1',
    CASE WHEN n % 40 = 0 THEN '{ANA}' ELSE '{CAT}' END,
    'Water is coming up through the road at place ' || n || repeat(' and it goes on', 20), '[]',
    CASE WHEN n <= {DRAFTS} THEN 'DRAFT' ELSE 'APPROVED' END, '{{}}', 1, 'Burst main ' || n, {STEPS}, 2, 1,
    now() - n * interval '4 minutes', now() - n * interval '4 minutes'
FROM generate_series(1, {PLANS}) AS n;
INSERT INTO plan_versions (id, workspace_id, plan_id, version, document, components, selected, warnings, citations,
    gate_people, model, tokens, seconds)
SELECT gen_random_uuid(), :workspace, md5('plan' || n)::uuid, 1, :document, :components, '[]', '[]', '[]', '{{}}',
    'm', 1, 0.1
FROM generate_series(1, {PLANS}) AS n;
INSERT INTO cards (id, workspace_id, plan_id, channel_id, ts, generation, drawn_generation, link, is_private)
SELECT gen_random_uuid(), :workspace, md5('plan' || n)::uuid, 'C1', '1.' || n, 1, 1,
    'https://springfield.slack.com/archives/C1/p' || n, false
FROM generate_series(1, {PLANS}) AS n;
INSERT INTO workflow_executions (id, workspace_id, plan_id, version, number, state, components, started_by,
    created_at, ended_at)
SELECT md5('run' || n)::uuid, :workspace, md5('plan' || n)::uuid, 1, 1,
    CASE WHEN n > {DRAFTS + GOING} THEN 'COMPLETED' ELSE (ARRAY['WAITING', 'FAILED', 'RUNNING'])[n % 3 + 1] END,
    '{{}}', '{BEN}', now() - n * interval '4 minutes',
    CASE WHEN n > {DRAFTS + GOING} THEN now() - n * interval '3 minutes' END
FROM generate_series({DRAFTS + 1}, {PLANS}) AS n;
INSERT INTO step_runs (id, workspace_id, run_id, step_id, position, step, component_key, followers, waiting_for,
    state, gated, approved, revision, attempt, first_attempt, warnings, request, ended_at)
SELECT md5('step' || n || ' ' || s)::uuid, :workspace, md5('run' || n)::uuid, 's' || s, s,
    jsonb_build_object('step_id', 's' || s, 'component_id', 'c' || s), 'c' || s, '{{}}', 0,
    CASE WHEN n > {DRAFTS + GOING} OR s < 3 THEN 'DONE' WHEN s > 3 THEN 'PENDING'
        ELSE (ARRAY['WAITING', 'FAILED', 'RUNNING'])[n % 3 + 1] END,
    s = 3, false, 1, 1, 1, '[]', :request,
    CASE WHEN n > {DRAFTS + GOING} OR s < 3 THEN now() - n * interval '3 minutes' END
FROM generate_series({DRAFTS + 1}, {PLANS}) AS n, generate_series(0, {STEPS - 1}) AS s;
INSERT INTO step_gates (id, workspace_id, step_run_id, revision, agreed, reminders)
SELECT gen_random_uuid(), :workspace, md5('step' || n || ' 3')::uuid, 1, '{{}}', 0
FROM generate_series({DRAFTS + 1}, {DRAFTS + GOING}) AS n;
INSERT INTO ai_calls (id, workspace_id, plan_id, agent, model, prompt_tokens, output_tokens, total_tokens,
    latency_ms, attempts, outcome, created_at)
SELECT gen_random_uuid(), :workspace, md5('plan' || n)::uuid, 'planner', 'm', 1, 1, 2000, 1, 1, 'ok',
    now() - n * interval '4 minutes'
FROM generate_series(1, {PLANS}) AS n, generate_series(1, 3);
UPDATE workspaces SET last_plan_number = {PLANS} WHERE id = :workspace
"""

REQUEST = {
    "method": "POST",
    "url": "https://works.example/orders",
    "query": [],
    "headers": {},
    "own_headers": [],
    "body": {"title": "Mend the main", "area": "downtown", "details": "Water is coming up through the road"},
    "body_format": "json",
    "auth": "",
}


async def plant(database: Database, workspace_id: UUID) -> None:
    """Put the rows in."""
    given = {
        "workspace": workspace_id,
        "document": json.dumps({"workflow_name": "Burst main", "steps": _STEPS}),
        "components": json.dumps(_SPECS),
        "request": json.dumps(REQUEST),
    }
    async with database.everywhere().transaction() as session:
        for statement in PLANT.split(";"):
            named = {name: value for name, value in given.items() if f":{name}" in statement}
            await session.execute(text(statement), named)
    await analyze(database)


async def measure(database: Database, workspace_id: UUID, user: str, what: str) -> None:
    """Print a row about one person's Home."""
    now = datetime.now(UTC)
    bound = database.of(workspace_id)
    async with bound.transaction() as session:
        await homes.opened(session, workspace_id, user, None, now)
    queries = 0

    def count(*_: object) -> None:
        nonlocal queries
        queries += 1

    reads, draws, size = [], [], 0
    for _ in range(ROUNDS):
        event.listen(database.engine.sync_engine, "before_cursor_execute", count)
        queries, started = 0, time.perf_counter()
        async with bound.searching() as session:
            snapshot = await home.read(session, workspace_id, user, now)
        event.remove(database.engine.sync_engine, "before_cursor_execute", count)
        drawn = time.perf_counter()
        view = home_view(snapshot, Defaults())
        reads.append((drawn - started) * 1_000)
        draws.append((time.perf_counter() - started) * 1_000)
        size = len(json.dumps(view))
    read_p95, all_p95 = (statistics.quantiles(times, n=20)[-1] for times in (reads, draws))
    print(
        f"| {what} | {snapshot.waiting.total:,} | {queries} | {statistics.median(reads):.1f} | {read_p95:.1f} "
        f"| {all_p95:.1f} | {len(view['blocks'])} blocks, {size / 1_000:.0f} kB |",
        flush=True,
    )


async def measure_lists(database: Database, workspace_id: UUID) -> None:
    """Print a row for each kind of list."""
    queries, rules = WorkflowQueries(ApprovalService()), ApprovalRules((BEN,))
    print("\n| /workflows | found | p50 ms | p95 ms |\n|---|---:|---:|---:|")
    for words in ("", "open", "waiting", "mine", "place:9999", "component:c7 days:7"):
        times = []
        for _ in range(ROUNDS // 3):
            started = time.perf_counter()
            async with database.of(workspace_id).searching() as session:
                page = await queries.list(session, workspace_id, wanted=read(words), viewer=Viewer(BEN, rules))
            times.append((time.perf_counter() - started) * 1_000)
        p95 = statistics.quantiles(times, n=20)[-1]
        print(f"| {words or 'all'} | {page.total:,} | {statistics.median(times):.1f} | {p95:.1f} |", flush=True)


async def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-bench-") as directory:
        async with embedded_postgres(Path(directory) / "postgres") as url:
            await migrate(url)
            database = Database(url)
            async with database.everywhere().transaction() as session:
                workspace_id = await workspaces.ensure(session, "T0001", "Springfield")
            await plant(database, workspace_id)
            print(f"{PLANS:,} plans, {DRAFTS} of them drafts, {GOING} running; {PLANS * STEPS:,} steps\n")
            print("| Home of | waits | queries | read p50 ms | p95 | with the view p95 | size |")
            print("|---|---:|---:|---:|---:|---:|---|")
            await measure(database, workspace_id, ANA, "anyone, nobody named")
            async with database.everywhere().transaction() as session:
                rules = ApprovalRules((BEN,))
                await ApprovalService().set_settings(session, workspace_id, rules, Actor(BEN))
            await measure(database, workspace_id, BEN, "the approver")
            await measure(database, workspace_id, ANA, "a clerk")
            await measure_lists(database, workspace_id)
            await database.close()


if __name__ == "__main__":
    asyncio.run(main())
