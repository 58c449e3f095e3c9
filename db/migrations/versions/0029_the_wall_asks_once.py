"""The wall asks whose a transaction is once for each statement, and not for each row.

`current_setting` and the cast were a microsecond or two for every row that a statement looked at: more than half of
reading a Home over 10,000 plans. In a subquery of its own PostgreSQL finds it out once (an "InitPlan").

Revision: 0029
Revises: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None

SCOPE = "current_setting('mudda.workspace', true)"
ONE = f"nullif(nullif({SCOPE}, ''), '*')::uuid"
COLUMNS = {'workspaces': 'id', 'installations': None}
"""By what column a row is known to be a workspace's, where that is not `workspace_id`; None: it is no one's."""

WALLED = sa.text("SELECT tablename FROM pg_policies WHERE policyname = 'workspace' AND schemaname = current_schema()")


def upgrade() -> None:
    """Apply."""
    _rule(scope=f'(SELECT {SCOPE})', one=f'(SELECT {ONE})')


def downgrade() -> None:
    """Take back."""
    _rule(scope=SCOPE, one=ONE)


def _rule(scope: str, one: str) -> None:
    for table in op.get_bind().execute(WALLED).scalars().all():
        column = COLUMNS.get(table, 'workspace_id')
        own = f" OR {column} = {one}" if column else ''
        op.execute(f"ALTER POLICY workspace ON {table} USING ({scope} = '*'{own})")
