"""How long each look-up of a question takes with 10,000 plans on record, and how soon whoever asks sees something.

python -m tests.bench.bench_inquiry

What a look-up takes of the processors, in this process and in PostgreSQL, hardly depends on what else runs.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import psutil
from sqlalchemy import text

from db.embedded import embedded_postgres
from db.migrate import migrate
from db.session import Database
from services import workspaces
from services.queries.inquiries.places import channels_of
from services.queries.lookups import look_up
from services.queries.lookups.rows import Scope, Wanted
from tests.support.inquiries import answers as answers_in
from tests.support.inquiries import ask
from tests.support.postgres import TestServer, analyze, fresh_database
from tests.support.town_hall import TownHall, plan_card, town_hall

PLANS, OPEN, READS, ASKED = 10_000, 300, 60, 30
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

PLANT = f"""
INSERT INTO workflow_plans (id, workspace_id, number, inbox_key, source, channel_id, reporter_id, issue_text,
    issue_parts, place, state, phase_facts, version, title, steps, revision, draft, decided_by, decided_at,
    created_at, updated_at)
SELECT md5('plan' || n)::uuid, :workspace, n, 'k' || n, 'command', 'C' || n % 12, 'U' || n % 300,
    (ARRAY['Burst main', 'Streetlight out', 'Pothole', 'Fallen tree', 'Missed bins'])[n % 5 + 1] || ' at '
        || n % 90 || 'th Street: ' || repeat('it has been so since this morning and nobody came. ', 4),
    '[]', 'Ward ' || n % 20,
    CASE WHEN n > {PLANS} - 40 THEN 'DRAFT' WHEN n % 97 = 0 THEN 'DISCARDED' ELSE 'APPROVED' END, '{{}}', 1,
    'Mend number ' || n, 6, 3, 1, 'U' || n % 7, at, at, at
FROM generate_series(1, {PLANS}) AS n,
    LATERAL (SELECT CAST(:now AS timestamptz) - ({PLANS} - n) * interval '1 hour'
    AS at) AS moment;
INSERT INTO cards (id, workspace_id, plan_id, channel_id, ts, generation, drawn_generation)
SELECT gen_random_uuid(), :workspace, id, channel_id, '1764000000.' || number, 1, 1 FROM workflow_plans;
INSERT INTO plan_versions (id, workspace_id, plan_id, version, document, components, selected, warnings, model,
    tokens, seconds)
SELECT gen_random_uuid(), :workspace, id, 1, '{{"workflow_name": "x", "steps": [{{"step_id": "s0",
    "component_id": "c0", "next": []}}]}}', '[]', '[]', '[]', 'm', 1, 1 FROM workflow_plans;
INSERT INTO workflow_executions (id, workspace_id, plan_id, version, number, state, components, started_by,
    ended_at, created_at)
SELECT md5('run' || number)::uuid, :workspace, id, 1, 1,
    CASE WHEN number > {PLANS} - {OPEN} THEN (ARRAY['RUNNING', 'WAITING', 'FAILED'])[number % 3 + 1]
        ELSE 'COMPLETED' END,
    jsonb_build_object('c0', repeat('x', 1500)), 'U1', decided_at + interval '5 hours', decided_at
FROM workflow_plans WHERE state = 'APPROVED';
INSERT INTO step_runs (id, workspace_id, run_id, step_id, position, step, component_key, followers, waiting_for,
    state, gated, approved, revision, attempt, first_attempt, warnings, started_at, ended_at)
SELECT md5('step' || p.number || '.' || s)::uuid, :workspace, md5('run' || p.number)::uuid, 's' || s, s,
    jsonb_build_object('description', (ARRAY['Order a crane', 'Assign a crew', 'Close a road', 'Notify residents',
        'Create a work order', 'Reply to the reporter'])[s + 1]),
    'c' || s, '{{}}', 0,
    CASE WHEN p.number > {PLANS} - {OPEN} AND s = 3 THEN 'WAITING'
        WHEN p.number > {PLANS} - {OPEN} AND s > 3 THEN 'PENDING' ELSE 'DONE' END,
    s = 3, false, 3, 1, 1, '[]', p.decided_at, CASE WHEN p.number > {PLANS} - {OPEN} AND s >= 3 THEN NULL
        ELSE p.decided_at + interval '1 hour' END
FROM workflow_plans p, generate_series(0, 5) AS s WHERE p.state = 'APPROVED';
INSERT INTO step_attempts (id, workspace_id, step_run_id, number, outcome, facts, started_at, ended_at)
SELECT gen_random_uuid(), :workspace, id, 1, CASE WHEN position = 1 AND random() < 0.05 THEN 'failed' ELSE 'done'
    END, '{{}}', ended_at - interval '10 s', ended_at FROM step_runs WHERE ended_at IS NOT NULL;
INSERT INTO decisions (id, workspace_id, run_id, step_run_id, kind, user_id, created_at)
SELECT gen_random_uuid(), :workspace, run_id, id, 'approve', 'U' || position, ended_at
FROM step_runs WHERE position IN (0, 2) AND ended_at IS NOT NULL;
INSERT INTO step_gates (id, workspace_id, step_run_id, revision, agreed, reminders)
SELECT gen_random_uuid(), :workspace, id, 3, '{{}}', 0 FROM step_runs WHERE state = 'WAITING';
INSERT INTO ai_calls (id, workspace_id, plan_id, agent, model, prompt_tokens, output_tokens, total_tokens,
    latency_ms, attempts, outcome, created_at)
SELECT gen_random_uuid(), :workspace, id, (ARRAY['selector', 'planner'])[a], 'm', 900, 100, 1000, 10, 1, 'ok',
    created_at FROM workflow_plans, generate_series(1, 2) AS a;
INSERT INTO components (id, workspace_id, key, name, description, type, category, http_method, endpoint_url,
    path_params, query_params, headers, request_schema, response_schema, response_headers, body_format,
    content_type, auth, approval, idempotent, timeout_seconds, attempts, owner_service, version, is_active)
SELECT gen_random_uuid(), :workspace, 'c' || n,
    (ARRAY['Order a crane', 'Assign a crew', 'Close a road', 'Notify residents', 'Create a work order',
        'Reply to the reporter'])[n % 6 + 1] || CASE WHEN n > 5 THEN ' ' || n ELSE '' END,
    'Does what it says for the works department.', 'REST', 'work', 'POST', 'https://x.example', '{{}}', '{{}}',
    '{{}}', '{{}}', '{{}}', '[]', 'json', '', '{{}}', 'plan', false, 30, 4, 'works', '1', true
FROM generate_series(0, 199) AS n
"""

LOOK_UPS: tuple[tuple[str, dict[str, str]], ...] = (
    ("plans", {"state": "open"}),
    ("plans", {"state": "open", "text": "Ward 4"}),
    ("plans", {"text": "burst main 17th street"}),
    ("plans", {"state": "done", "since": "2026-11-01"}),
    ("plans", {"component": "assign a crew", "state": "failed"}),
    ("plans", {"reporter": "U17"}),
    ("plan", {"number": str(PLANS - 100)}),
    ("waiting", {}),
    ("waiting", {"person": "me"}),
    ("decisions", {"what": "approved", "text": "crane"}),
    ("decisions", {"person": "U0", "since": "2026-11-01"}),
    ("decisions", {"text": "reply to the reporter"}),
    ("components", {"text": "assign crew"}),
    ("failures", {"component": "assign a crew", "since": "2026-11-01"}),
    ("failures", {"since": "2026-11-01"}),
    ("durations", {"since": "2026-11-01"}),
    ("durations", {"text": "Ward 4"}),
    ("counts", {"by": "state"}),
    ("counts", {"by": "reporter", "since": "2026-11-01"}),
    ("policies", {"text": "road"}),
    ("approvers", {}),
    ("tokens", {"since": "2026-11-01"}),
)


async def measured(database: Database, directory: str, scope: Scope, wanted: Wanted) -> tuple[float, ...]:
    """The median, the 95th of a hundred, and what one takes of the processors: ours, and PostgreSQL's; in ms."""
    took = []
    theirs, ours = postgres_seconds(directory), time.process_time()
    for _ in range(READS):
        started = time.perf_counter()
        async with database.reading() as session:
            await look_up(session, scope, wanted)
        took.append((time.perf_counter() - started) * 1_000)
    spent = (time.process_time() - ours, postgres_seconds(directory) - theirs)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1], *(s * 1_000 / READS for s in spent)


def postgres_seconds(directory: str) -> float:
    """Seconds of processors that the server in a directory has had."""
    seconds = 0.0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "postgres" and process.cwd().startswith(directory):
                seconds += sum(process.cpu_times()[:2])
    return seconds


async def table(database: Database, directory: str, workspace_id: UUID) -> None:
    """Print a row for each look-up, told privately and where others read along."""
    figures = "p50 ms | p95 ms | CPU ours | CPU PostgreSQL"
    print(f"| look-up | private: {figures} | in a channel: {figures} |\n|---|" + "---:|" * 8)
    private = Scope(workspace_id, "U1", NOW, "UTC")
    async with database.reading() as session:
        public = Scope(workspace_id, "U1", NOW, "UTC", places=frozenset(await channels_of(session, workspace_id)))
    for name, arguments in LOOK_UPS:
        wanted = Wanted(name, arguments)
        rows = [await measured(database, directory, scope, wanted) for scope in (private, public)]
        given = " ".join(f"{key}={value}" for key, value in arguments.items())
        print(f"| {name} {given} | " + " | ".join(f"{ms:.1f}" for row in rows for ms in row) + " |", flush=True)


async def first_signs(server_url: str) -> None:
    """Print how soon "Looking…" stands in the thread, and how soon the answer does, with an idle worker."""
    signs, answers = [], []
    async with fresh_database(server_url) as url, town_hall(url) as hall:
        card = await plan_card(hall)
        for number in range(1, ASKED + 1):
            started = time.perf_counter()
            await ask(hall, "what is #1 waiting for?", thread_ts=card.ts)
            await hall.slack.wait_for_calls("chat.postMessage", number + 1)
            signs.append((time.perf_counter() - started) * 1_000)
            await hall.slack.wait_for(partial(has_answers, hall, number))
            answers.append((time.perf_counter() - started) * 1_000)
    print("\n| from the job | p50 ms | p95 ms |\n|---|---:|---:|")
    for name, took in (("“Looking…”", signs), ("the answer, by the stand-in", answers)):
        print(f"| {name} | {statistics.median(took):.0f} | {statistics.quantiles(took, n=20)[-1]:.0f} |")


def has_answers(hall: TownHall, number: int) -> bool:
    """Whether so many answers are there."""
    return sum("Looking…" not in each.text for each in answers_in(hall)) == number


async def look_ups() -> None:
    """Print the table of look-ups."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-bench-") as directory:
        async with embedded_postgres(Path(directory) / "postgres") as url:
            await migrate(url)
            everywhere = Database(url).everywhere()
            async with everywhere.transaction() as session:
                workspace_id = await workspaces.ensure(session, "T0001", "Springfield")
                for statement in PLANT.split(";\n"):
                    given = {"workspace": workspace_id, "now": NOW}
                    named = {name: value for name, value in given.items() if f":{name}" in statement}
                    await session.execute(text(statement), named)
            await analyze(everywhere)
            await table(everywhere.of(workspace_id), directory, workspace_id)
            await everywhere.close()


def main() -> None:
    """Print the tables."""
    asyncio.run(look_ups())
    server = TestServer()
    try:
        asyncio.run(first_signs(server.url))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
