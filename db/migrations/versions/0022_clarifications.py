"""What is asked about an issue before it is planned; plans that were put away for another that is the same.

Revision: 0022
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column('workflow_plans', sa.Column('clarification', postgresql.JSONB(), nullable=True))
    op.add_column('workflow_plans', sa.Column('place_found', sa.String(), nullable=True))
    op.add_column('workflow_plans', sa.Column('same_as', sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f('workflow_plans_same_as_fkey'), 'workflow_plans', 'workflow_plans', ['same_as'], ['id'], ondelete='SET NULL')
    op.create_index('workflow_plans_same_idx', 'workflow_plans', ['same_as'], unique=False, postgresql_where=sa.text('same_as IS NOT NULL'))


def downgrade() -> None:
    """Take back."""
    op.drop_index('workflow_plans_same_idx', table_name='workflow_plans')
    op.drop_constraint(op.f('workflow_plans_same_as_fkey'), 'workflow_plans', type_='foreignkey')
    op.drop_column('workflow_plans', 'same_as')
    op.drop_column('workflow_plans', 'place_found')
    op.drop_column('workflow_plans', 'clarification')
