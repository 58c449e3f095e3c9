"""audit: from which message, every change of a step, and nothing that is changed afterwards.

Revision: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

APPEND_ONLY = ('audit_events', 'decisions', 'step_attempts')

# In the database and not in the services: so no statement can forget it, one that moves a thousand steps at once
# included, and it costs no round trip.
RECORD_STEP_STATE = """
CREATE FUNCTION record_step_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_events (id, workspace_id, subject_id, actor, action, facts)
    SELECT gen_random_uuid(), workspace_id, id, 'mudda', 'step.' || lower(NEW.state),
           jsonb_build_object('step', NEW.step_id, 'attempt', NEW.attempt, 'from', OLD.state, 'to', NEW.state)
    FROM workflow_executions WHERE id = NEW.run_id;
    RETURN NULL;
END
$$
"""
ON_STEP_STATE = """
CREATE TRIGGER step_runs_state AFTER UPDATE OF state ON step_runs FOR EACH ROW
WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION record_step_state()
"""

# A row that goes because the plan, the run or the workspace that it belongs to is deleted goes by a trigger of
# PostgreSQL's own, in which this one is then nested.
REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND pg_trigger_depth() > 1 THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$
"""


def upgrade() -> None:
    """Apply."""
    op.add_column('audit_events', sa.Column('channel_id', sa.String(), nullable=True))
    op.add_column('audit_events', sa.Column('message_ts', sa.String(), nullable=True))
    op.execute(RECORD_STEP_STATE)
    op.execute(ON_STEP_STATE)
    op.execute(REFUSE_CHANGE)
    for table in APPEND_ONLY:
        op.execute(
            f'CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} '
            'FOR EACH ROW EXECUTE FUNCTION refuse_change()'
        )


def downgrade() -> None:
    """Take back."""
    for table in APPEND_ONLY:
        op.execute(f'DROP TRIGGER {table}_append_only ON {table}')
    op.execute('DROP FUNCTION refuse_change')
    op.execute('DROP TRIGGER step_runs_state ON step_runs')
    op.execute('DROP FUNCTION record_step_state')
    op.drop_column('audit_events', 'message_ts')
    op.drop_column('audit_events', 'channel_id')
