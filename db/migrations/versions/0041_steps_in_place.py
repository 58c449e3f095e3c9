"""A step that goes from state to state changes no index on its way, but for the one of its end.

The index of the steps that wait for people asked for their states, and PostgreSQL writes a row anew in all indexes
when a column changes that any of them asks for. Whether a step is stuck changes for few. To add that PostgreSQL
writes all rows of steps anew, once: some ten seconds for a million.

What puts changes on record compared each row of a statement's with each: PostgreSQL had planned it for one.

Revision: 0041
Revises: 0040
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0041'
down_revision = '0040'
branch_labels = None
depends_on = None

# As PostgreSQL writes it, too.
STUCK = "state::text = 'WAITING'::text OR state::text = 'UNCERTAIN'::text OR state::text = 'FAILED'::text"
BEFORE = "state IN ('WAITING', 'UNCERTAIN', 'FAILED')"


def upgrade() -> None:
    """Apply."""
    op.drop_index('step_runs_waiting_idx', table_name='step_runs')
    op.add_column('step_runs', sa.Column('is_stuck', sa.Boolean(), sa.Computed(STUCK, persisted=True), nullable=False))
    _index('is_stuck')
    op.execute('ALTER FUNCTION record_step_state() SET enable_nestloop = off')


def downgrade() -> None:
    """Take back."""
    op.execute('ALTER FUNCTION record_step_state() RESET enable_nestloop')
    op.drop_index('step_runs_waiting_idx', table_name='step_runs')
    op.drop_column('step_runs', 'is_stuck')
    _index(BEFORE)


def _index(condition: str) -> None:
    op.create_index('step_runs_waiting_idx', 'step_runs', ['run_id'], unique=False, postgresql_where=sa.text(condition))
