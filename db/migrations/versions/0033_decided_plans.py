"""Plans by when they were decided about: a question for the latest decisions need not sort all plans there are.

Revision: 0033
Revises: 0032
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index('workflow_plans_decided_idx', 'workflow_plans', ['workspace_id', 'decided_at'], unique=False, postgresql_where=sa.text('decided_at IS NOT NULL'))


def downgrade() -> None:
    """Take back."""
    op.drop_index('workflow_plans_decided_idx', table_name='workflow_plans')
