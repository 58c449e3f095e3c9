"""Tokens of the HTTP API, answers kept for its Idempotency-Key, webhooks and their deliveries.

What webhooks are told of is in the audit trail: a trigger there writes a delivery and its job in the transaction of
what happened, whoever made it happen, and tells whoever waits for a run.

Revision: 0028
Revises: 0027
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None

SCOPE = "current_setting('mudda.workspace', true)"
RULE = f"{SCOPE} = '*' OR workspace_id = nullif(nullif({SCOPE}, ''), '*')::uuid"
TABLES = ('api_tokens', 'api_requests', 'webhooks', 'webhook_deliveries')

# The queue's columns are those that PgQueuer writes itself, and the priority is that of db/turns.py.
TELL_OF_EVENT = """
CREATE FUNCTION tell_of_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told text := CASE
        WHEN NEW.action IN ('plan.drafted', 'plan.refined', 'plan.edited', 'plan.restored') THEN 'plan.drafted'
        WHEN NEW.action IN ('plan.discarded', 'plan.same') THEN 'plan.discarded'
        WHEN NEW.action = 'step.waiting' AND NEW.facts->>'from' <> 'RUNNING' THEN 'gate.opened'
        WHEN NEW.action IN ('run.completed', 'run.failed', 'run.cancelled') THEN 'run.ended'
        WHEN NEW.action IN
            ('plan.approved', 'plan.failed', 'run.started', 'step.failed', 'step.uncertain') THEN NEW.action
    END;
    priority int := -round((extract(epoch FROM clock_timestamp()) - 1767225600) * 4);
BEGIN
    IF NEW.action LIKE 'run.%' THEN
        PERFORM pg_notify('mudda_runs', NEW.subject_id::text);
    END IF;
    WITH made AS (
        INSERT INTO webhook_deliveries
            (id, workspace_id, webhook_id, event_id, event, subject_id, facts, happened_at, state, attempts)
        SELECT gen_random_uuid(), NEW.workspace_id, id, NEW.id, told, NEW.subject_id,
            jsonb_strip_nulls(jsonb_build_object('version', NEW.facts->'version', 'step', NEW.facts->'step',
                'attempt', NEW.facts->'attempt', 'state', CASE WHEN told = 'run.ended' THEN upper(substr(NEW.action, 5))
                END)), NEW.created_at, 'pending', 0
        FROM webhooks WHERE workspace_id = NEW.workspace_id AND events ? told
        RETURNING id
    )
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, status)
    SELECT priority, 'deliver_webhook', convert_to(json_build_object('version', 1, 'workspace', NEW.workspace_id,
        'delivery', id, 'attempt', 1)::text, 'UTF8'), now(), format('webhook:%s:%s', id, 1), 'queued'
    FROM made;
    RETURN NULL;
END
$$
"""
ON_EVENT = """
CREATE TRIGGER audit_events_told AFTER INSERT ON audit_events FOR EACH ROW
WHEN (NEW.action IN ('plan.drafted', 'plan.refined', 'plan.edited', 'plan.restored', 'plan.approved', 'plan.discarded',
    'plan.same', 'plan.failed', 'run.started', 'run.running', 'run.waiting', 'run.completed', 'run.failed',
    'run.cancelled', 'step.waiting', 'step.failed', 'step.uncertain'))
EXECUTE FUNCTION tell_of_event()
"""


def upgrade() -> None:
    """Apply."""
    op.create_table('api_tokens',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('hash', sa.String(), nullable=False),
    sa.Column('rights', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('user_id', sa.String(), nullable=True),
    sa.Column('sees_private', sa.Boolean(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('api_tokens_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('api_tokens_pkey')),
    sa.UniqueConstraint('hash', name=op.f('api_tokens_hash_key'))
    )
    op.create_index('api_tokens_name_idx', 'api_tokens', ['workspace_id', 'name'], unique=True, postgresql_where=sa.text('revoked_at IS NULL'))
    op.create_table('api_requests',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('token_id', sa.Uuid(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('fingerprint', sa.String(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('location', sa.String(), nullable=True),
    sa.Column('body', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['token_id'], ['api_tokens.id'], name=op.f('api_requests_token_id_fkey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('api_requests_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('api_requests_pkey')),
    sa.UniqueConstraint('token_id', 'key', name=op.f('api_requests_token_id_key_key'))
    )
    op.create_index('api_requests_created_at_idx', 'api_requests', ['created_at'], unique=False)
    op.create_table('webhooks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('url', sa.String(), nullable=False),
    sa.Column('events', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('secret', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('webhooks_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('webhooks_pkey')),
    sa.UniqueConstraint('workspace_id', 'url', name=op.f('webhooks_workspace_id_url_key'))
    )
    op.create_table('webhook_deliveries',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('webhook_id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('event', sa.String(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('facts', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('happened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['webhook_id'], ['webhooks.id'], name=op.f('webhook_deliveries_webhook_id_fkey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('webhook_deliveries_workspace_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('webhook_deliveries_pkey')),
    sa.UniqueConstraint('webhook_id', 'event_id', name=op.f('webhook_deliveries_webhook_id_event_id_key'))
    )
    op.create_index('webhook_deliveries_recent_idx', 'webhook_deliveries', ['workspace_id', 'created_at'], unique=False)
    op.create_index('webhook_deliveries_ended_at_idx', 'webhook_deliveries', ['ended_at'], unique=False)
    for table in TABLES:
        op.execute(f'ALTER TABLE {table} ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY workspace ON {table} USING ({RULE})')
    op.execute(TELL_OF_EVENT)
    op.execute(ON_EVENT)


def downgrade() -> None:
    """Take back."""
    op.execute('DROP TRIGGER audit_events_told ON audit_events')
    op.execute('DROP FUNCTION tell_of_event')
    for table in reversed(TABLES):
        op.drop_table(table)
