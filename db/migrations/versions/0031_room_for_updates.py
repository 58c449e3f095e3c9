"""Room on the pages of rows that are updated often, and a vacuum that comes before there is much to do.

An update that changes no indexed column, and finds room on the row's own page, touches no index at all. Of a card
nearly all do; of a step or a run those that move its state cannot, for the state is in an index.

Revision: 0031
Revises: 0030
"""

from __future__ import annotations

from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None

SETTINGS = {
    'cards': {'fillfactor': '50', 'autovacuum_vacuum_scale_factor': '0.05'},
    'step_runs': {'fillfactor': '70', 'autovacuum_vacuum_scale_factor': '0.05'},
    'workflow_executions': {'fillfactor': '70', 'autovacuum_vacuum_scale_factor': '0.05'},
}


def upgrade() -> None:
    """Apply."""
    for table, settings in SETTINGS.items():
        stated = ', '.join(f'{name} = {value}' for name, value in settings.items())
        op.execute(f'ALTER TABLE {table} SET ({stated})')


def downgrade() -> None:
    """Take back."""
    for table, settings in SETTINGS.items():
        op.execute(f'ALTER TABLE {table} RESET ({", ".join(settings)})')
