"""How components write arrays and objects into a query, and what those from a document were imported as.

Revision: 0025
Revises: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # The default stays: a replica of the version before knows no such column.
    op.add_column('components', sa.Column('serialization', postgresql.JSONB(), server_default='{}', nullable=False))
    op.add_column('components', sa.Column('imported', postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column('components', 'imported')
    op.drop_column('components', 'serialization')
