"""Drafts that are changed: what is wished of a plan, and who made each of its versions, how, and out of which.

Revision: 0017
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column('workflow_plans', sa.Column('change', postgresql.JSONB(), nullable=True))
    op.add_column('plan_versions', sa.Column('kind', sa.String(), server_default='drafted', nullable=False))
    op.add_column('plan_versions', sa.Column('made_by', sa.String(), nullable=True))
    op.add_column('plan_versions', sa.Column('wish', sa.String(), nullable=True))
    op.add_column('plan_versions', sa.Column('based_on', sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column('plan_versions', 'based_on')
    op.drop_column('plan_versions', 'wish')
    op.drop_column('plan_versions', 'made_by')
    op.drop_column('plan_versions', 'kind')
    op.drop_column('workflow_plans', 'change')
