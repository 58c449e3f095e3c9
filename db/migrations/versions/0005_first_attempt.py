"""first_attempt: since when the attempts of a step count.

Revision: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # The default is for the steps that there are; the code gives each new one its own.
    op.add_column('step_runs', sa.Column('first_attempt', sa.Integer(), server_default='1', nullable=False))
    op.alter_column('step_runs', 'first_attempt', server_default=None)


def downgrade() -> None:
    """Take back."""
    op.drop_column('step_runs', 'first_attempt')
