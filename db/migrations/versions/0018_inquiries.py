"""What people ask about most is found without reading all there is: what goes on, and what happened lately.

Revision: 0018
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index('workflow_plans_unfinished_idx', 'workflow_plans', ['workspace_id', 'state'], unique=False, postgresql_where=sa.text("state IN ('DRAFTING', 'DRAFT', 'FAILED')"))
    op.create_index('decisions_recent_idx', 'decisions', ['workspace_id', 'created_at'], unique=False)
    op.create_index('step_attempts_ended_idx', 'step_attempts', ['ended_at'], unique=False, postgresql_using='brin')


def downgrade() -> None:
    """Take back."""
    op.drop_index('step_attempts_ended_idx', table_name='step_attempts', postgresql_using='brin')
    op.drop_index('decisions_recent_idx', table_name='decisions')
    op.drop_index('workflow_plans_unfinished_idx', table_name='workflow_plans', postgresql_where=sa.text("state IN ('DRAFTING', 'DRAFT', 'FAILED')"))
