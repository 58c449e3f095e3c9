"""Workspaces: how the app was installed there, what they have set, and since when it is gone.

Revision: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('installations',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('owner_id', sa.String(), nullable=False),
    sa.Column('enterprise_id', sa.String(), nullable=True),
    sa.Column('app_id', sa.String(), nullable=False),
    sa.Column('bot_id', sa.String(), nullable=False),
    sa.Column('bot_user_id', sa.String(), nullable=False),
    sa.Column('token', sa.String(), nullable=True),
    sa.Column('scopes', sa.String(), nullable=False),
    sa.Column('installed_by', sa.String(), nullable=False),
    sa.Column('installed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('installations_pkey')),
    sa.UniqueConstraint('owner_id', name=op.f('installations_owner_id_key'))
    )
    op.add_column('workspaces', sa.Column('installation_id', sa.Uuid(), nullable=True))
    op.add_column('workspaces', sa.Column('settings', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False))
    op.add_column('workspaces', sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ai_calls_recent_idx', 'ai_calls', ['workspace_id', 'created_at'], unique=False)
    op.create_foreign_key(op.f('workspaces_installation_id_fkey'), 'workspaces', 'installations', ['installation_id'], ['id'], ondelete='SET NULL')


def downgrade() -> None:
    """Take back."""
    op.drop_index('ai_calls_recent_idx', table_name='ai_calls')
    op.drop_constraint(op.f('workspaces_installation_id_fkey'), 'workspaces', type_='foreignkey')
    op.drop_column('workspaces', 'removed_at')
    op.drop_column('workspaces', 'settings')
    op.drop_column('workspaces', 'installation_id')
    op.drop_table('installations')
