"""Jobs: those that wait name their workspace by the id of its row, and no longer by Slack's own.

Revision: 0009
Revises: 0008
"""

from __future__ import annotations

from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

# What has neither is what one person is told; until now there was one workspace.
UPGRADE = """
UPDATE pgqueuer AS queued SET payload = convert_to(
    (body - 'team' || jsonb_build_object('workspace', workspaces.id))::text, 'UTF8')
FROM (SELECT id, convert_from(payload, 'UTF8')::jsonb AS body FROM pgqueuer) AS read, workspaces
WHERE read.id = queued.id AND NOT body ? 'workspace'
    AND workspaces.team_id = coalesce(body ->> 'team', (SELECT min(team_id) FROM workspaces))
"""
DOWNGRADE = """
UPDATE pgqueuer AS queued SET payload = convert_to(
    (body || jsonb_build_object('team', workspaces.team_id))::text, 'UTF8')
FROM (SELECT id, convert_from(payload, 'UTF8')::jsonb AS body FROM pgqueuer) AS read, workspaces
WHERE read.id = queued.id AND workspaces.id::text = body ->> 'workspace'
"""


def upgrade() -> None:
    """Apply. A new database has no queue yet: its tables are made after ours."""
    if op.get_bind().exec_driver_sql("SELECT to_regclass('pgqueuer')").scalar() is not None:
        op.get_bind().exec_driver_sql(UPGRADE)


def downgrade() -> None:
    """Take back."""
    if op.get_bind().exec_driver_sql("SELECT to_regclass('pgqueuer')").scalar() is not None:
        op.get_bind().exec_driver_sql(DOWNGRADE)
