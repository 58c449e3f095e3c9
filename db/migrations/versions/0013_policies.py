"""Policies: documents that plans must obey, their passages, what a plan cites of them, and who they let agree.

Revision: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

SEARCH = "setweight(to_tsvector('english', heading), 'A') || setweight(to_tsvector('english', text), 'C')"
SCOPE = "current_setting('mudda.workspace', true)"
RULE = f"{SCOPE} = '*' OR workspace_id = nullif(nullif({SCOPE}, ''), '*')::uuid"


def upgrade() -> None:
    """Apply."""
    op.create_table('policies',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('effective_from', sa.Date(), nullable=True),
    sa.Column('effective_until', sa.Date(), nullable=True),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('checks', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('loaded_by', sa.String(), nullable=False),
    sa.Column('loaded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('policies_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('policies_pkey')),
    sa.UniqueConstraint('workspace_id', 'key', 'version', name=op.f('policies_workspace_id_key_version_key'))
    )
    op.create_table('policy_passages',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('policy_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('anchor', sa.String(), nullable=False),
    sa.Column('heading', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('search', postgresql.TSVECTOR(), sa.Computed(SEARCH, persisted=True), nullable=False),
    sa.ForeignKeyConstraint(['policy_id'], ['policies.id'], name=op.f('policy_passages_policy_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('policy_passages_pkey')),
    sa.UniqueConstraint('policy_id', 'anchor', name=op.f('policy_passages_policy_id_anchor_key'))
    )
    # No index of `search`: behind the wall PostgreSQL would have no use for it (0011). Every look-up reads all of
    # it, so it stays in the row.
    op.execute('ALTER TABLE policy_passages ALTER COLUMN search SET STORAGE MAIN')
    for table in ('policies', 'policy_passages'):
        op.execute(f'ALTER TABLE {table} ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY workspace ON {table} USING ({RULE})')
    # The defaults stay: code that knows of no policies goes on writing plans during an upgrade.
    column = sa.Column('citations', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False)
    op.add_column('plan_versions', column)
    column = sa.Column('gate_people', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False)
    op.add_column('plan_versions', column)


def downgrade() -> None:
    """Take back."""
    op.drop_column('plan_versions', 'gate_people')
    op.drop_column('plan_versions', 'citations')
    op.drop_table('policy_passages')
    op.drop_table('policies')
