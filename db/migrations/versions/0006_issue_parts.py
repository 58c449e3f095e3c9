"""issue_parts: people, groups, channels and links of an issue, beside its text.

Revision: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

# Until now the text held Slack's marks; from now on it is as people read it.
MARKS = (
    (r'<([@#])[A-Z0-9]+\|[@#]?([^<>|]+)>', r'\1\2'),
    (r'<@[A-Z0-9]+\|?>', 'someone'),
    (r'<#[A-Z0-9]+\|?>', 'a channel'),
    (r'<!subteam\^[A-Z0-9]+\|([^<>|]+)>', r'\1'),
    (r'<!subteam\^[A-Z0-9]+>', 'a group'),
    (r'<!([^|<>]+\|)?([^|<>]+)>', r'@\2'),
    (r'<((mailto|tel):)?([^|<>\s]+)\|[^<>]*>', r'\3'),
    (r'<(https?://[^|<>\s]+)>', r'\1'),
)


def upgrade() -> None:
    """Apply."""
    # The default is for the plans that there are; the code gives each new one its own.
    column = sa.Column('issue_parts', postgresql.JSONB(), server_default='[]', nullable=False)
    op.add_column('workflow_plans', column)
    op.alter_column('workflow_plans', 'issue_parts', server_default=None)
    for mark, name in MARKS:
        statement = sa.text(
            "UPDATE workflow_plans SET issue_text = regexp_replace(issue_text, :mark, :name, 'g')"
            ' WHERE issue_text ~ :mark'
        )
        op.execute(statement.bindparams(mark=mark, name=name))


def downgrade() -> None:
    """Take back; the texts stay readable."""
    op.drop_column('workflow_plans', 'issue_parts')
