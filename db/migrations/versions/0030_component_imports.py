"""Documents that people gave to be imported, kept between their preview and what was chosen.

Revision: 0030
Revises: 0029
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None

SCOPE = "current_setting('mudda.workspace', true)"
RULE = f"(SELECT {SCOPE}) = '*' OR workspace_id = (SELECT nullif(nullif({SCOPE}, ''), '*')::uuid)"


def upgrade() -> None:
    """Apply."""
    op.create_table('component_imports',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('about', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('document', sa.LargeBinary(), nullable=True),
    sa.Column('offered', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('chosen', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('result', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('channel_id', sa.String(), nullable=True),
    sa.Column('message_ts', sa.String(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('component_imports_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('component_imports_pkey')),
    sa.UniqueConstraint('workspace_id', 'key', name=op.f('component_imports_workspace_id_key_key'))
    )
    op.create_index('component_imports_created_at_idx', 'component_imports', ['created_at'], unique=False)
    op.execute('ALTER TABLE component_imports ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE component_imports FORCE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY workspace ON component_imports USING ({RULE})')


def downgrade() -> None:
    """Take back."""
    op.drop_table('component_imports')
