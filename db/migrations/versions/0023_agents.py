"""Answers that are being streamed, and steps of workflows of Workflow Builder that wait for a plan.

Revision: 0023
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None

SCOPE = "current_setting('mudda.workspace', true)"
RULE = f"{SCOPE} = '*' OR workspace_id = nullif(nullif({SCOPE}, ''), '*')::uuid"
TABLES = ('answer_streams', 'function_executions')


def upgrade() -> None:
    """Apply."""
    op.create_table('answer_streams',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('channel_id', sa.String(), nullable=False),
    sa.Column('thread_ts', sa.String(), nullable=False),
    sa.Column('ts', sa.String(), nullable=False),
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('stopped_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('answer_streams_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('answer_streams_pkey'))
    )
    op.create_index('answer_streams_thread_idx', 'answer_streams', ['workspace_id', 'channel_id', 'thread_ts'], unique=False)
    op.create_index('answer_streams_created_at_idx', 'answer_streams', ['created_at'], unique=False)
    op.create_table('function_executions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('execution_id', sa.String(), nullable=False),
    sa.Column('function', sa.String(), nullable=False),
    sa.Column('asked_for', sa.String(), nullable=True),
    sa.Column('plan_id', sa.Uuid(), nullable=True),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['plan_id'], ['workflow_plans.id'], name=op.f('function_executions_plan_id_fkey'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('function_executions_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('function_executions_pkey')),
    sa.UniqueConstraint('workspace_id', 'execution_id', name=op.f('function_executions_workspace_id_execution_id_key'))
    )
    op.create_index('function_executions_created_at_idx', 'function_executions', ['created_at'], unique=False)
    op.create_index(op.f('function_executions_plan_id_idx'), 'function_executions', ['plan_id'], unique=False)
    for table in TABLES:
        op.execute(f'ALTER TABLE {table} ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY workspace ON {table} USING ({RULE})')


def downgrade() -> None:
    """Take back."""
    for table in reversed(TABLES):
        op.drop_table(table)
