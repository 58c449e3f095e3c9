"""Tokens that were renewed with a refresh token, kept for all workers and for after a restart.

Revision: 0034
Revises: 0033
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None

SCOPE = "current_setting('mudda.workspace', true)"
RULE = f"(SELECT {SCOPE}) = '*' OR workspace_id = (SELECT nullif(nullif({SCOPE}, ''), '*')::uuid)"


def upgrade() -> None:
    """Apply."""
    op.create_table('renewed_tokens',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('client', sa.String(), nullable=False),
    sa.Column('sealed', sa.String(), nullable=True),
    sa.Column('claim', sa.Uuid(), nullable=True),
    sa.Column('claimed_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('renewed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('renewed_tokens_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('renewed_tokens_pkey')),
    sa.UniqueConstraint('workspace_id', 'client', name=op.f('renewed_tokens_workspace_id_client_key'))
    )
    op.execute('ALTER TABLE renewed_tokens ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE renewed_tokens FORCE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY workspace ON renewed_tokens USING ({RULE})')


def downgrade() -> None:
    """Take back."""
    op.drop_table('renewed_tokens')
