"""Open311 endpoints, and components whose answers are read as GeoReport v2 has them.

Revision: 0027
Revises: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None

SCOPE = "current_setting('mudda.workspace', true)"
RULE = f"{SCOPE} = '*' OR workspace_id = nullif(nullif({SCOPE}, ''), '*')::uuid"


def upgrade() -> None:
    """Apply."""
    op.add_column('components', sa.Column('response_format', sa.String(), server_default='plain', nullable=False))
    op.create_table('open311_endpoints',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('prefix', sa.String(), nullable=False),
    sa.Column('source', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('base_url', sa.String(), nullable=False),
    sa.Column('changeset', sa.String(), nullable=False),
    sa.Column('services', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('codes', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('keys', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('refreshed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('open311_endpoints_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('open311_endpoints_pkey')),
    sa.UniqueConstraint('workspace_id', 'prefix', name=op.f('open311_endpoints_workspace_id_prefix_key'))
    )
    op.execute('ALTER TABLE open311_endpoints ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE open311_endpoints FORCE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY workspace ON open311_endpoints USING ({RULE})')


def downgrade() -> None:
    """Take back."""
    op.drop_table('open311_endpoints')
    op.drop_column('components', 'response_format')
