"""Whether a channel is private is found by its last card, however many cards it has.

Revision: 0032
Revises: 0031
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        'cards_private_idx',
        'cards',
        ['workspace_id', 'channel_id', 'created_at'],
        unique=False,
        postgresql_where=sa.text('is_private IS NOT NULL'),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index('cards_private_idx', table_name='cards')
