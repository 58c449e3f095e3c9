"""PostgreSQL itself notes that a component may be another than it was imported as, as soon as anybody changes it.

Importing wrote a digest of each component as it was stored, and importing again made that of each row anew, to see
whether they are the same: to read all schemas took most of the time. Now `components.imported` says `untouched`, and
a change that does not come with another `imported` takes that away. Rows from before say nothing of it, and are
looked at once.

Revision: 0042
Revises: 0041
"""

from __future__ import annotations

from alembic import op

revision = '0042'
down_revision = '0041'
branch_labels = None
depends_on = None

TOUCH = """
CREATE FUNCTION touch_component() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.imported = NEW.imported - 'untouched';
    RETURN NEW;
END
$$
"""
# Whatever the change is: which columns make a component another would have to be kept up in two places.
ON_COMPONENTS = """
CREATE TRIGGER components_touched BEFORE UPDATE ON components FOR EACH ROW
WHEN (NEW.imported ? 'untouched' AND NEW.imported IS NOT DISTINCT FROM OLD.imported)
EXECUTE FUNCTION touch_component()
"""


def upgrade() -> None:
    """Apply."""
    op.execute(TOUCH)
    op.execute(ON_COMPONENTS)


def downgrade() -> None:
    """Take back."""
    op.execute('DROP TRIGGER components_touched ON components')
    op.execute('DROP FUNCTION touch_component()')
