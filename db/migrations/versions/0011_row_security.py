"""Row-level security: PostgreSQL itself keeps workspaces apart, as a second wall behind every query's own `where`.

A transaction says whose it is by `SET LOCAL mudda.workspace`: the id of a workspace, or '*' for all of them. Without
that there are no rows. It is FORCEd, for the tables' owner is who queries them; a superuser takes a role, see
db/session.py. Rows that belonged to a workspace by their parent only name it themselves now.

Revision: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

PARENTS = {
    'plan_versions': ('workflow_plans', 'plan_id'),
    'step_runs': ('workflow_executions', 'run_id'),
    'step_attempts': ('step_runs', 'step_run_id'),
    'step_gates': ('step_runs', 'step_run_id'),
}
"""In this order: the parent's own workspace is there before it is copied."""

BY_WORKSPACE = (
    'ai_calls', 'approval_rules', 'audit_events', 'cards', 'components', 'decisions', 'plan_versions', 'step_attempts',
    'step_gates', 'step_runs', 'workflow_executions', 'workflow_plans',
)
SCOPE = "current_setting('mudda.workspace', true)"
IS_ALL = f"{SCOPE} = '*'"
IS_ONE = f"nullif(nullif({SCOPE}, ''), '*')::uuid"

RECORD_STEP_STATE = """
CREATE OR REPLACE FUNCTION record_step_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_events (id, workspace_id, subject_id, actor, action, facts)
    VALUES (gen_random_uuid(), NEW.workspace_id, NEW.run_id, 'mudda', 'step.' || lower(NEW.state),
            jsonb_build_object('step', NEW.step_id, 'attempt', NEW.attempt, 'from', OLD.state, 'to', NEW.state));
    RETURN NULL;
END
$$
"""
RECORD_STEP_STATE_BEFORE = """
CREATE OR REPLACE FUNCTION record_step_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_events (id, workspace_id, subject_id, actor, action, facts)
    SELECT gen_random_uuid(), workspace_id, id, 'mudda', 'step.' || lower(NEW.state),
           jsonb_build_object('step', NEW.step_id, 'attempt', NEW.attempt, 'from', OLD.state, 'to', NEW.state)
    FROM workflow_executions WHERE id = NEW.run_id;
    RETURN NULL;
END
$$
"""


def wall(table: str, rule: str) -> None:
    """Put it round a table."""
    op.execute(f'ALTER TABLE {table} ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY workspace ON {table} USING ({rule})')


def upgrade() -> None:
    """Apply."""
    for table, (parent, key) in PARENTS.items():
        op.add_column(table, sa.Column('workspace_id', sa.Uuid(), nullable=True))
        op.execute(f'ALTER TABLE {table} DISABLE TRIGGER USER')
        op.execute(
            f'UPDATE {table} SET workspace_id = {parent}.workspace_id FROM {parent} WHERE {parent}.id = {table}.{key}'
        )
        op.execute(f'ALTER TABLE {table} ENABLE TRIGGER USER')
        op.alter_column(table, 'workspace_id', nullable=False)
    op.execute(RECORD_STEP_STATE)
    for table in BY_WORKSPACE:
        wall(table, f'{IS_ALL} OR workspace_id = {IS_ONE}')
    # Behind the wall PostgreSQL searches only what it has found to be the workspace's: this index is of no use to it.
    op.drop_index('components_search_idx', table_name='components')
    wall('workspaces', f'{IS_ALL} OR id = {IS_ONE}')
    wall('installations', IS_ALL)


def downgrade() -> None:
    """Take back."""
    for table in (*BY_WORKSPACE, 'workspaces', 'installations'):
        op.execute(f'DROP POLICY workspace ON {table}')
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE {table} DISABLE ROW LEVEL SECURITY')
    op.create_index('components_search_idx', 'components', ['search'], unique=False, postgresql_using='gin')
    op.execute(RECORD_STEP_STATE_BEFORE)
    for table in reversed(PARENTS):
        op.drop_column(table, 'workspace_id')
