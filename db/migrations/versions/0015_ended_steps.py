"""Steps that are over are found by their component, the last first: what a forecast is made of.

Revision: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        'step_runs_ended_idx',
        'step_runs',
        ['workspace_id', 'component_key', 'ended_at'],
        unique=False,
        postgresql_where=sa.text('ended_at IS NOT NULL'),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index('step_runs_ended_idx', table_name='step_runs')
