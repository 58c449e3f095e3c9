"""message_ts: the message that states an issue, where one does.

Revision: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column('workflow_plans', sa.Column('message_ts', sa.String(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column('workflow_plans', 'message_ts')
