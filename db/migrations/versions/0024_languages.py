"""In what language whoever asked for a plan reads Slack.

Revision: 0024
Revises: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column('workflow_plans', sa.Column('locale', sa.String(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column('workflow_plans', 'locale')
