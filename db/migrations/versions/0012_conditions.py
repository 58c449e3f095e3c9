"""Steps that are carried out only if a condition holds, and what the steps behind them need.

Revision: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # A run that began before needs nothing to be done: its steps have no conditions.
    op.add_column('step_runs', sa.Column('needed', sa.Integer(), server_default='0', nullable=False))
    op.add_column('step_runs', sa.Column('done_before', sa.Integer(), server_default='0', nullable=False))
    op.add_column('step_runs', sa.Column('skip', postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column('step_runs', 'skip')
    op.drop_column('step_runs', 'done_before')
    op.drop_column('step_runs', 'needed')
