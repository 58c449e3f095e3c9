"""App Homes; where a card was moved from, its address, and who can see it; approvers' own reports.

Revision: 0020
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

SCOPE = "current_setting('mudda.workspace', true)"
RULE = f"{SCOPE} = '*' OR workspace_id = nullif(nullif({SCOPE}, ''), '*')::uuid"


def upgrade() -> None:
    """Apply."""
    op.create_table('homes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('is_admin', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('is_stranger', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('view_hash', sa.String(), nullable=True),
    sa.Column('digest', sa.String(), nullable=True),
    sa.Column('generation', sa.Integer(), server_default='0', nullable=False),
    sa.Column('drawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('notice', sa.String(), nullable=True),
    sa.Column('pages', postgresql.JSONB(), server_default='{}', nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('homes_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('homes_pkey')),
    sa.UniqueConstraint('workspace_id', 'user_id', name=op.f('homes_workspace_id_user_id_key'))
    )
    op.create_index('homes_opened_idx', 'homes', ['workspace_id', 'opened_at'], unique=False)
    op.execute('ALTER TABLE homes ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE homes FORCE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY workspace ON homes USING ({RULE})')
    op.add_column('approval_rules', sa.Column('self_approval', sa.Boolean(), server_default='false', nullable=False))
    op.add_column('cards', sa.Column('link', sa.String(), nullable=True))
    op.add_column('cards', sa.Column('is_private', sa.Boolean(), nullable=True))
    op.add_column('cards', sa.Column('moved_from', postgresql.JSONB(), nullable=True))
    op.create_index('workflow_plans_draft_idx', 'workflow_plans', ['workspace_id', 'created_at'], unique=False, postgresql_where=sa.text("state = 'DRAFT'"))
    op.create_index('workflow_plans_reporter_idx', 'workflow_plans', ['workspace_id', 'reporter_id', 'number'], unique=False)
    op.create_index('workflow_executions_going_idx', 'workflow_executions', ['workspace_id', 'created_at'], unique=False, postgresql_where=sa.text("state IN ('RUNNING', 'WAITING', 'FAILED')"))
    op.create_index('workflow_executions_ended_idx', 'workflow_executions', ['workspace_id', 'ended_at'], unique=False)
    op.create_index('step_runs_waiting_idx', 'step_runs', ['run_id'], unique=False, postgresql_where=sa.text("state IN ('WAITING', 'UNCERTAIN', 'FAILED')"))


def downgrade() -> None:
    """Take back."""
    op.drop_index('step_runs_waiting_idx', table_name='step_runs')
    op.drop_index('workflow_executions_ended_idx', table_name='workflow_executions')
    op.drop_index('workflow_executions_going_idx', table_name='workflow_executions')
    op.drop_index('workflow_plans_reporter_idx', table_name='workflow_plans')
    op.drop_index('workflow_plans_draft_idx', table_name='workflow_plans')
    op.drop_column('cards', 'moved_from')
    op.drop_column('cards', 'is_private')
    op.drop_column('cards', 'link')
    op.drop_column('approval_rules', 'self_approval')
    op.drop_table('homes')
