"""content_type and response_headers of components.

Revision: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # The defaults are for the components that there are; the code gives each new one its own.
    columns = (
        sa.Column('content_type', sa.String(), server_default='', nullable=False),
        sa.Column('response_headers', postgresql.JSONB(), server_default='[]', nullable=False),
    )
    for column in columns:
        op.add_column('components', column)
        op.alter_column('components', column.name, server_default=None)


def downgrade() -> None:
    """Take back."""
    op.drop_column('components', 'response_headers')
    op.drop_column('components', 'content_type')
