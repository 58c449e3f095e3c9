"""Plans that learn: the words of issues, by which earlier plans are found, and the notes for those to come.

The column is computed: PostgreSQL writes the table of plans anew for it, once.

Revision: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

SCOPE = "current_setting('mudda.workspace', true)"
RULE = f"{SCOPE} = '*' OR workspace_id = nullif(nullif({SCOPE}, ''), '*')::uuid"


def upgrade() -> None:
    """Apply."""
    op.add_column('workflow_plans', sa.Column('issue_search', postgresql.TSVECTOR(), sa.Computed("to_tsvector('english', left(issue_text, 40000))", persisted=True), nullable=False))
    op.create_index('workflow_plans_examples_idx', 'workflow_plans', ['workspace_id', 'decided_at'], unique=False, postgresql_where=sa.text("state = 'APPROVED'"))
    op.create_table('planning_notes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('origin', sa.String(), nullable=False),
    sa.Column('component_key', sa.String(), nullable=True),
    sa.Column('plan_id', sa.Uuid(), nullable=True),
    sa.Column('author', sa.String(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['plan_id'], ['workflow_plans.id'], name=op.f('planning_notes_plan_id_fkey'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('planning_notes_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('planning_notes_pkey'))
    )
    op.create_index('planning_notes_recent_idx', 'planning_notes', ['workspace_id', 'created_at'], unique=False)
    op.create_index(op.f('planning_notes_plan_id_idx'), 'planning_notes', ['plan_id'], unique=False)
    op.execute('ALTER TABLE planning_notes ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE planning_notes FORCE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY workspace ON planning_notes USING ({RULE})')


def downgrade() -> None:
    """Take back."""
    op.drop_table('planning_notes')
    op.drop_index('workflow_plans_examples_idx', table_name='workflow_plans')
    op.drop_column('workflow_plans', 'issue_search')
