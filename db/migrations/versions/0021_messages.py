"""Issues from messages: where the message is, the pictures that came along, and which plan a message has.

Revision: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column('workflow_plans', sa.Column('permalink', sa.String(), nullable=True))
    op.add_column('workflow_plans', sa.Column('pictures', postgresql.JSONB(), server_default='[]', nullable=False))
    op.create_index('workflow_plans_thread_idx', 'workflow_plans', ['workspace_id', 'channel_id', 'thread_ts'], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index('workflow_plans_thread_idx', table_name='workflow_plans')
    op.drop_column('workflow_plans', 'pictures')
    op.drop_column('workflow_plans', 'permalink')
