"""A step that is over and the only one that it lets start, in one statement: most of what a chain asks for.

In place of BEGIN, two statements and COMMIT. Nothing is written where anything is otherwise than whoever calls this
thought: it answers NULL then, or fails with MU001 where that shows in the midst of it. Else it answers with how many jobs it has put in, and with what stands behind the step
that it has begun, alone, if anything does. `services/runs/transitions.py` and `services/card_marks.py` have the same
for any number of steps, and say why it is done so.

Revision: 0043
Revises: 0042
"""

from __future__ import annotations

from alembic import op

revision = '0043'
down_revision = '0042'
branch_labels = None
depends_on = None

PARAMETERS = """
    the_workspace uuid, the_role text, the_run uuid, the_step uuid, the_claim uuid, the_number integer, the_outcome text,
    the_status integer, the_output text, the_warnings text, the_start timestamptz, the_end timestamptz,
    next_step uuid, next_attempt integer, next_claim uuid, next_request text,
    the_row bigint, the_owner uuid, next_entrypoint text, next_payload bytea,
    draw_interval interval, is_hurried boolean, job_priority integer
"""

# Plans as in a transaction that `keeps_plans`.
HAND_OVER = f"""
CREATE FUNCTION hand_over_step({PARAMETERS}) RETURNS jsonb LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
DECLARE
    the_plan uuid;
    number integer;
    the_card record;
    the_rest interval;
    jobs integer := 0;
BEGIN
    PERFORM set_config('mudda.workspace', the_workspace::text, true);
    IF the_role <> '' THEN
        PERFORM set_config('role', the_role, true);
    END IF;

    SELECT run.plan_id INTO the_plan FROM workflow_executions AS run
    WHERE run.id = the_run AND run.workspace_id = the_workspace AND run.state = 'RUNNING'
    FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    UPDATE pgqueuer SET entrypoint = next_entrypoint, payload = next_payload, dedupe_key = NULL,
        updated = now(), heartbeat = now()
    WHERE id = the_row AND status = 'picked' AND queue_manager_id = the_owner;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    UPDATE step_runs SET state = CASE id WHEN the_step THEN 'DONE' ELSE 'READY' END, revision = revision + 1,
        claim = NULL, error = NULL, ended_at = CASE id WHEN the_step THEN the_end END,
        output = CASE id WHEN the_step THEN CAST(NULLIF(the_output, 'null') AS jsonb) END,
        warnings = CASE id WHEN the_step THEN CAST(the_warnings AS jsonb) ELSE warnings END,
        waiting_for = CASE id WHEN the_step THEN waiting_for ELSE 0 END,
        done_before = done_before + CASE id WHEN the_step THEN 0 ELSE 1 END
    WHERE id = ANY(ARRAY[the_step, next_step]) AND run_id = the_run AND CASE id
        WHEN the_step THEN state = 'RUNNING' AND claim = the_claim
        ELSE state = 'PENDING' AND attempt = next_attempt AND waiting_for = 1 AND done_before + 1 >= needed
            AND (approved OR NOT gated) AND COALESCE(step -> 'when', 'null') = 'null'
    END;
    GET DIAGNOSTICS number = ROW_COUNT;
    IF number <> 2 THEN
        -- What was written is undone by that.
        RAISE EXCEPTION 'the steps are not as they were' USING ERRCODE = 'MU001';
    END IF;
    INSERT INTO step_attempts (id, workspace_id, step_run_id, number, outcome, status, facts, started_at)
    VALUES (gen_random_uuid(), the_workspace, the_step, the_number, the_outcome, the_status, '{{}}', the_start);
    -- By itself: each move is put on record.
    UPDATE step_runs SET state = 'RUNNING', revision = revision + 1, claim = next_claim,
        request = CAST(next_request AS jsonb), started_at = the_end, retry_at = NULL
    WHERE id = next_step;

    SELECT card.generation, card.ts, card.post_started_at, card.drawing_until, card.drawn_at,
        concat('card:', card.id, ':', card.generation) AS key
    INTO the_card FROM cards AS card
    WHERE card.workspace_id = the_workspace AND card.plan_id = the_plan
    FOR UPDATE;
    IF FOUND AND NOT EXISTS (
        SELECT FROM pgqueuer WHERE dedupe_key = the_card.key AND status IN ('queued', 'picked')
    ) AND NOT (
        the_card.ts IS NULL AND the_card.post_started_at IS NULL AND NOT EXISTS (
            SELECT FROM function_executions WHERE plan_id = the_plan AND completed_at IS NULL
        )
    ) THEN
        the_rest := greatest(
            CASE WHEN the_card.drawing_until > now() THEN draw_interval
                ELSE the_card.drawn_at + draw_interval - now() END,
            CASE WHEN is_hurried THEN draw_interval * 3 END
        );
        the_rest := CASE WHEN the_rest > interval '0' AND NOT (
            EXISTS (
                SELECT FROM notifications
                WHERE plan_id = the_plan AND state IN ('due', 'sent', 'held', 'told', 'unreachable')
            ) OR EXISTS (
                SELECT FROM function_executions WHERE plan_id = the_plan AND completed_at IS NULL
            ) OR EXISTS (
                SELECT FROM workflow_plans WHERE id = the_plan AND state <> 'APPROVED'
            )
        ) THEN least(the_rest, CASE WHEN is_hurried THEN draw_interval * 3 ELSE draw_interval END) END;
        INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, status)
        VALUES (
            job_priority, 'draw_card', convert_to(json_build_object(
                'version', 1, 'workspace', the_workspace, 'plan', the_plan, 'generation', the_card.generation
            )::text, 'UTF8'), now() + COALESCE(the_rest, interval '0'), the_card.key, 'queued'
        )
        ON CONFLICT (dedupe_key) WHERE status IN ('queued', 'picked') AND dedupe_key IS NOT NULL DO NOTHING;
        jobs := jobs + 1;
    END IF;
    IF EXISTS (
        SELECT FROM homes WHERE workspace_id = the_workspace AND opened_at > now() - interval '1 day'
    ) THEN
        INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, status)
        VALUES (
            job_priority, 'refresh_homes', convert_to(json_build_object(
                'version', 1, 'workspace', the_workspace
            )::text, 'UTF8'), now(), concat('homes:', the_workspace, ':', pg_current_xact_id()), 'queued'
        );
        jobs := jobs + 1;
    END IF;

    RETURN jsonb_build_object('jobs', jobs, 'behind', (
        SELECT jsonb_build_object(
            'id', behind.id, 'step', behind.step, 'component_key', behind.component_key, 'gated', behind.gated,
            'attempt', behind.attempt, 'first_attempt', behind.first_attempt
        )
        FROM step_runs AS begun, step_runs AS behind
        WHERE begun.id = next_step AND cardinality(begun.followers) = 1
            AND behind.run_id = the_run AND behind.step_id = begun.followers[1]
            AND behind.state = 'PENDING' AND behind.waiting_for = 1 AND behind.done_before + 1 >= behind.needed
            AND (behind.approved OR NOT behind.gated) AND COALESCE(behind.step -> 'when', 'null') = 'null'
    ));
END
$$
"""


def upgrade() -> None:
    """Apply."""
    op.execute(HAND_OVER)


def downgrade() -> None:
    """Take back."""
    op.execute(f'DROP FUNCTION hand_over_step({PARAMETERS})')
