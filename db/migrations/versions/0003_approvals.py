"""approvals.

Revision: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('approval_rules',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('approvers', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('quorum', sa.Integer(), nullable=False),
    sa.Column('remind_after_minutes', sa.Float(), nullable=False),
    sa.Column('limit_minutes', sa.Float(), nullable=True),
    sa.Column('limit_outcome', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('approval_rules_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', name=op.f('approval_rules_pkey'))
    )
    op.create_table('step_gates',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('step_run_id', sa.Uuid(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('agreed', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('reminders', sa.Integer(), nullable=False),
    sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('limit_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('limit_outcome', sa.String(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['step_run_id'], ['step_runs.id'], name=op.f('step_gates_step_run_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('step_gates_pkey')),
    sa.UniqueConstraint('step_run_id', 'revision', name=op.f('step_gates_step_run_id_revision_key'))
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table('step_gates')
    op.drop_table('approval_rules')
