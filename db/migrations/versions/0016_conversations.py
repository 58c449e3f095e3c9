"""Conversations: the threads that the bot has a part in, what it has heard, and who had a plan made.

Revision: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

SCOPE = "current_setting('mudda.workspace', true)"
RULE = f"{SCOPE} = '*' OR workspace_id = nullif(nullif({SCOPE}, ''), '*')::uuid"


def upgrade() -> None:
    """Apply."""
    op.add_column('workflow_plans', sa.Column('requester_id', sa.String(), nullable=True))
    op.create_index('cards_thread_idx', 'cards', ['workspace_id', 'channel_id', 'thread_ts'], unique=False)
    op.create_index('cards_message_idx', 'cards', ['workspace_id', 'channel_id', 'ts'], unique=False)
    op.create_table('conversations',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('channel_id', sa.String(), nullable=False),
    sa.Column('thread_ts', sa.String(), nullable=False),
    sa.Column('opened_by', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('conversations_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('conversations_pkey')),
    sa.UniqueConstraint('workspace_id', 'channel_id', 'thread_ts', name=op.f('conversations_workspace_id_channel_id_thread_ts_key'))
    )
    op.create_index('conversations_created_at_idx', 'conversations', ['created_at'], unique=False)
    op.create_table('heard_messages',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('channel_id', sa.String(), nullable=False),
    sa.Column('thread_ts', sa.String(), nullable=True),
    sa.Column('intent', sa.String(), nullable=False),
    sa.Column('judged_by', sa.String(), nullable=False),
    sa.Column('lacking', sa.String(), nullable=True),
    sa.Column('plan_id', sa.Uuid(), nullable=True),
    sa.Column('missing', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('said', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('settled_as', sa.String(), nullable=True),
    sa.Column('reply_started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reply_ts', sa.String(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['plan_id'], ['workflow_plans.id'], name=op.f('heard_messages_plan_id_fkey'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('heard_messages_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('heard_messages_pkey')),
    sa.UniqueConstraint('workspace_id', 'key', name=op.f('heard_messages_workspace_id_key_key'))
    )
    op.create_index('heard_messages_by_user_idx', 'heard_messages', ['workspace_id', 'user_id', 'created_at'], unique=False)
    op.create_index('heard_messages_created_at_idx', 'heard_messages', ['created_at'], unique=False)
    op.create_index(op.f('heard_messages_plan_id_idx'), 'heard_messages', ['plan_id'], unique=False)
    for table in ('conversations', 'heard_messages'):
        op.execute(f'ALTER TABLE {table} ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY workspace ON {table} USING ({RULE})')


def downgrade() -> None:
    """Take back."""
    op.drop_table('heard_messages')
    op.drop_table('conversations')
    op.drop_index('cards_message_idx', table_name='cards')
    op.drop_index('cards_thread_idx', table_name='cards')
    op.drop_column('workflow_plans', 'requester_id')
