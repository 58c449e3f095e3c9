"""The changes of steps that one statement makes are put on record by one statement, not each by its own.

Nor is there an index of the states of a run's steps any more. Each change of a state wrote to it, three for each
step; who asks for the steps of a run in some state finds them by the run, and those that wait for people by
step_runs_waiting_idx.

Revision: 0036
Revises: 0034
"""

from __future__ import annotations

from alembic import op

revision = '0036'
down_revision = '0034'
branch_labels = None
depends_on = None

# What a step lets start comes after it: rows are given their time one after the other.
TOGETHER = """
CREATE OR REPLACE FUNCTION record_step_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_events (id, workspace_id, subject_id, actor, action, facts)
    SELECT gen_random_uuid(), now.workspace_id, now.run_id, 'mudda', 'step.' || lower(now.state),
           jsonb_build_object('step', now.step_id, 'attempt', now.attempt, 'from', was.state, 'to', now.state)
    FROM changed AS now JOIN former AS was USING (id)
    WHERE was.state <> now.state
    ORDER BY now.state <> 'DONE';
    RETURN NULL;
END
$$
"""
ON_STEPS = """
CREATE TRIGGER step_runs_state AFTER UPDATE ON step_runs REFERENCING OLD TABLE AS former NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION record_step_state()
"""
ONE_BY_ONE = """
CREATE OR REPLACE FUNCTION record_step_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_events (id, workspace_id, subject_id, actor, action, facts)
    VALUES (gen_random_uuid(), NEW.workspace_id, NEW.run_id, 'mudda', 'step.' || lower(NEW.state),
            jsonb_build_object('step', NEW.step_id, 'attempt', NEW.attempt, 'from', OLD.state, 'to', NEW.state));
    RETURN NULL;
END
$$
"""
ON_STEP = """
CREATE TRIGGER step_runs_state AFTER UPDATE OF state ON step_runs FOR EACH ROW
WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION record_step_state()
"""


def upgrade() -> None:
    """Apply."""
    op.execute('DROP TRIGGER step_runs_state ON step_runs')
    op.execute(TOGETHER)
    op.execute(ON_STEPS)
    op.drop_index('step_runs_state_idx', table_name='step_runs')


def downgrade() -> None:
    """Take back."""
    op.create_index('step_runs_state_idx', 'step_runs', ['run_id', 'state'], unique=False)
    op.execute('DROP TRIGGER step_runs_state ON step_runs')
    op.execute(ONE_BY_ONE)
    op.execute(ON_STEP)
