"""What is forgotten takes its rows along by index, and cards that lag are looked for among the latest.

For each step of a plan that is forgotten PostgreSQL looked through all decisions and all notifications.

Revision: 0040
Revises: 0036
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0040'
down_revision = '0036'
branch_labels = None
depends_on = None

OF_STEPS_AND_RUNS = (('decisions', 'step_run_id'), ('notifications', 'run_id'), ('notifications', 'step_run_id'))


def upgrade() -> None:
    """Apply."""
    for table, column in OF_STEPS_AND_RUNS:
        op.create_index(
            f'{table}_{column}_idx',
            table,
            [column],
            unique=False,
            postgresql_where=sa.text(f'{column} IS NOT NULL'),
        )
    op.create_index('cards_recent_idx', 'cards', ['created_at'], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index('cards_recent_idx', table_name='cards')
    for table, column in OF_STEPS_AND_RUNS:
        op.drop_index(f'{table}_{column}_idx', table_name=table)
