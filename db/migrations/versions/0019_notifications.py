"""Notifications: what people want to be told, the messages that ask them, deputies, gates handed to others.

Revision: 0019
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

SCOPE = "current_setting('mudda.workspace', true)"
RULE = f"{SCOPE} = '*' OR workspace_id = nullif(nullif({SCOPE}, ''), '*')::uuid"


def upgrade() -> None:
    """Apply."""
    op.create_table('notification_preferences',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('mode', sa.String(), nullable=False),
    sa.Column('deputy', sa.String(), nullable=True),
    sa.Column('deputy_from', sa.DateTime(timezone=True), nullable=True),
    sa.Column('deputy_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('dm', sa.String(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('notification_preferences_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('notification_preferences_pkey')),
    sa.UniqueConstraint('workspace_id', 'user_id', name=op.f('notification_preferences_workspace_id_user_id_key'))
    )
    op.create_index('notification_preferences_deputy_idx', 'notification_preferences', ['workspace_id', 'deputy'], unique=False)
    op.create_table('notifications',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('plan_id', sa.Uuid(), nullable=False),
    sa.Column('run_id', sa.Uuid(), nullable=True),
    sa.Column('step_run_id', sa.Uuid(), nullable=True),
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('occasion', sa.Integer(), nullable=False),
    sa.Column('on_behalf_of', sa.String(), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('channel', sa.String(), nullable=True),
    sa.Column('ts', sa.String(), nullable=True),
    sa.Column('post_started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('shown', sa.String(), nullable=True),
    sa.Column('turn', sa.Integer(), nullable=False),
    sa.Column('digest_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['plan_id'], ['workflow_plans.id'], name=op.f('notifications_plan_id_fkey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['run_id'], ['workflow_executions.id'], name=op.f('notifications_run_id_fkey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['step_run_id'], ['step_runs.id'], name=op.f('notifications_step_run_id_fkey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('notifications_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('notifications_pkey')),
    sa.UniqueConstraint('workspace_id', 'user_id', 'subject', 'occasion', name=op.f('notifications_workspace_id_user_id_subject_occasion_key'))
    )
    op.create_index('notifications_person_idx', 'notifications', ['workspace_id', 'user_id', 'created_at'], unique=False)
    op.create_index('notifications_plan_idx', 'notifications', ['plan_id'], unique=False)
    for table in ('notification_preferences', 'notifications'):
        op.execute(f'ALTER TABLE {table} ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY workspace ON {table} USING ({RULE})')
    # The defaults stay: code that knows of none of this goes on opening gates during an upgrade.
    op.add_column('step_gates', sa.Column('deputies', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False))
    op.add_column('step_gates', sa.Column('assigned_to', sa.String(), nullable=True))
    op.add_column('step_gates', sa.Column('assigned_by', sa.String(), nullable=True))
    op.add_column('step_gates', sa.Column('assignments', sa.Integer(), server_default='0', nullable=False))
    op.add_column('step_gates', sa.Column('requests', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False))
    op.add_column('step_gates', sa.Column('nudges', sa.Integer(), server_default='0', nullable=False))
    op.add_column('step_gates', sa.Column('nudged_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('decisions', sa.Column('on_behalf_of', sa.String(), nullable=True))
    op.add_column('step_runs', sa.Column('decided_for', sa.String(), nullable=True))
    op.add_column('workflow_plans', sa.Column('decided_for', sa.String(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column('workflow_plans', 'decided_for')
    op.drop_column('step_runs', 'decided_for')
    op.drop_column('decisions', 'on_behalf_of')
    for column in ('nudged_at', 'nudges', 'requests', 'assignments', 'assigned_by', 'assigned_to', 'deputies'):
        op.drop_column('step_gates', column)
    op.drop_table('notifications')
    op.drop_table('notification_preferences')
