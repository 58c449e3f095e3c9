"""A town's record of many plans, and the look-ups that people's questions come to."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""When the last of the plans was decided; there is one an hour before."""

PLANT = """
INSERT INTO workflow_plans (id, workspace_id, number, inbox_key, source, channel_id, reporter_id, issue_text,
    issue_parts, place, state, phase_facts, version, title, steps, revision, draft, decided_by, decided_at,
    created_at, updated_at)
SELECT md5('plan' || n)::uuid, :workspace, n, 'k' || n, 'command', 'C' || n % 12, 'U' || n % 300,
    (ARRAY['Burst main', 'Streetlight out', 'Pothole', 'Fallen tree', 'Missed bins'])[n % 5 + 1] || ' at '
        || n % 90 || 'th Street: ' || repeat('it has been so since this morning and nobody came. ', 4),
    '[]', 'Ward ' || n % 20,
    CASE WHEN n > :planned THEN 'DRAFT' WHEN n % 97 = 0 THEN 'DISCARDED' ELSE 'APPROVED' END, '{}', 1,
    'Mend number ' || n, 6, 3, 1, 'U' || n % 7, at, at, at
FROM generate_series(1, :plans) AS n,
    LATERAL (SELECT CAST(:now AS timestamptz) - (:plans - n) * interval '1 hour'
    AS at) AS moment;
INSERT INTO cards (id, workspace_id, plan_id, channel_id, ts, generation, drawn_generation)
SELECT gen_random_uuid(), :workspace, id, channel_id, '1764000000.' || number, 1, 1 FROM workflow_plans;
INSERT INTO plan_versions (id, workspace_id, plan_id, version, document, components, selected, warnings, model,
    tokens, seconds)
SELECT gen_random_uuid(), :workspace, id, 1, '{"workflow_name": "x", "steps": [{"step_id": "s0",
    "component_id": "c0", "next": []}]}', '[]', '[]', '[]', 'm', 1, 1 FROM workflow_plans;
INSERT INTO workflow_executions (id, workspace_id, plan_id, version, number, state, components, started_by,
    ended_at, created_at)
SELECT md5('run' || number)::uuid, :workspace, id, 1, 1,
    CASE WHEN number > :done THEN (ARRAY['RUNNING', 'WAITING', 'FAILED'])[number % 3 + 1]
        ELSE 'COMPLETED' END,
    jsonb_build_object('c0', repeat('x', 1500)), 'U1', decided_at + interval '5 hours', decided_at
FROM workflow_plans WHERE state = 'APPROVED';
INSERT INTO step_runs (id, workspace_id, run_id, step_id, position, step, component_key, followers, waiting_for,
    state, gated, approved, revision, attempt, first_attempt, warnings, started_at, ended_at)
SELECT md5('step' || p.number || '.' || s)::uuid, :workspace, md5('run' || p.number)::uuid, 's' || s, s,
    jsonb_build_object('description', (ARRAY['Order a crane', 'Assign a crew', 'Close a road', 'Notify residents',
        'Create a work order', 'Reply to the reporter'])[s + 1]),
    'c' || s, '{}', 0,
    CASE WHEN p.number > :done AND s = 3 THEN 'WAITING'
        WHEN p.number > :done AND s > 3 THEN 'PENDING' ELSE 'DONE' END,
    s = 3, false, 3, 1, 1, '[]', p.decided_at, CASE WHEN p.number > :done AND s >= 3 THEN NULL
        ELSE p.decided_at + interval '1 hour' END
FROM workflow_plans p, generate_series(0, 5) AS s WHERE p.state = 'APPROVED';
INSERT INTO step_attempts (id, workspace_id, step_run_id, number, outcome, facts, started_at, ended_at)
SELECT gen_random_uuid(), :workspace, id, 1, CASE WHEN position = 1 AND random() < 0.05 THEN 'failed' ELSE 'done'
    END, '{}', ended_at - interval '10 s', ended_at FROM step_runs WHERE ended_at IS NOT NULL;
INSERT INTO decisions (id, workspace_id, run_id, step_run_id, kind, user_id, created_at)
SELECT gen_random_uuid(), :workspace, run_id, id, 'approve', 'U' || position, ended_at
FROM step_runs WHERE position IN (0, 2) AND ended_at IS NOT NULL;
INSERT INTO step_gates (id, workspace_id, step_run_id, revision, agreed, reminders)
SELECT gen_random_uuid(), :workspace, id, 3, '{}', 0 FROM step_runs WHERE state = 'WAITING';
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
    'Does what it says for the works department.', 'REST', 'work', 'POST', 'https://x.example', '{}', '{}',
    '{}', '{}', '{}', '[]', 'json', '', '{}', 'plan', false, 30, 4, 'works', '1', true
FROM generate_series(0, 199) AS n
"""

LOOK_UPS: tuple[tuple[str, dict[str, str]], ...] = (
    ("plans", {"state": "open"}),
    ("plans", {"state": "open", "text": "Ward 4"}),
    ("plans", {"text": "burst main 17th street"}),
    ("plans", {"state": "done", "since": "2026-11-01"}),
    ("plans", {"component": "assign a crew", "state": "failed"}),
    ("plans", {"reporter": "U17"}),
    ("plan", {"number": "900"}),
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


async def plant(session: AsyncSession, workspace_id: UUID, *, plans: int, still_open: int) -> None:
    """Put plans on record, by a session that sees all: the last are drafts, some go on."""
    given = {
        "workspace": workspace_id,
        "now": NOW,
        "plans": plans,
        "planned": plans - 40,
        "done": plans - still_open,
    }
    for statement in PLANT.split(";\n"):
        named = {name: value for name, value in given.items() if re.search(rf":{name}\b", statement)}
        await session.execute(text(statement), named)
