"""Components of other kinds than REST, their sealed secrets and limits, and hosts that fail.

Revision: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None

SCOPE = "current_setting('mudda.workspace', true)"
RULE = f"{SCOPE} = '*' OR workspace_id = nullif(nullif({SCOPE}, ''), '*')::uuid"
TABLES = ('component_secrets', 'host_faults', 'component_turns')


def upgrade() -> None:
    """Apply."""
    # Replicas of the version before insert components without these, until they are replaced.
    op.add_column('components', sa.Column('graphql', sa.String(), server_default='', nullable=False))
    op.add_column('components', sa.Column('rpc_method', sa.String(), server_default='', nullable=False))
    op.add_column('components', sa.Column('max_concurrent', sa.Integer(), nullable=True))
    op.add_column('components', sa.Column('per_minute', sa.Integer(), nullable=True))
    op.create_table('component_secrets',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('component_key', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('sealed', sa.String(), nullable=False),
    sa.Column('key_id', sa.String(), nullable=False),
    sa.Column('set_by', sa.String(), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('component_secrets_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('component_secrets_pkey')),
    sa.UniqueConstraint('workspace_id', 'component_key', 'name', name=op.f('component_secrets_workspace_id_component_key_name_key'))
    )
    op.create_table('host_faults',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('host', sa.String(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('closed_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('host_faults_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('host_faults_pkey')),
    sa.UniqueConstraint('workspace_id', 'host', name=op.f('host_faults_workspace_id_host_key'))
    )
    op.create_table('component_turns',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('component_key', sa.String(), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('calls', postgresql.JSONB(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('component_turns_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('component_turns_pkey')),
    sa.UniqueConstraint('workspace_id', 'component_key', name=op.f('component_turns_workspace_id_component_key_key'))
    )
    for table in TABLES:
        op.execute(f'ALTER TABLE {table} ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY workspace ON {table} USING ({RULE})')


def downgrade() -> None:
    """Take back."""
    for table in reversed(TABLES):
        op.drop_table(table)
    for column in ('per_minute', 'max_concurrent', 'rpc_method', 'graphql'):
        op.drop_column('components', column)
