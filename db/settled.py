"""Whether a start finds the database as the last one left it, by one question in place of some sixty.

To compare the queue's tables with what PgQueuer wants takes a quarter of a start, and to set their options and
grants again locks them and has every connection read the catalog anew. So when all is done the queue's table gets
a comment with a digest: of what was wanted, and of what is there. If any of it changes, all is looked at again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import asyncpg

from db.engine import TENANT_ROLE
from db.url import dsn_and_timeout


async def is_settled(database_url: str, wanted: Sequence[str]) -> bool:
    """Whether the mark is there, and true. `wanted` is all that makes a difference to what would be done."""
    dsn, timeout = dsn_and_timeout(database_url)
    connection = await asyncpg.connect(dsn, timeout=timeout, command_timeout=30, statement_cache_size=0)
    try:
        mark = await connection.fetchval("SELECT obj_description(to_regclass('pgqueuer'), 'pg_class')")
        return mark is not None and mark == await _mark(connection, wanted)
    finally:
        await connection.close()


async def settle(connection: asyncpg.Connection, wanted: Sequence[str]) -> None:
    """Set the mark: all that is wanted has been done."""
    await connection.execute(f"COMMENT ON TABLE pgqueuer IS '{await _mark(connection, wanted)}'")


async def _mark(connection: asyncpg.Connection, wanted: Sequence[str]) -> str:
    found = await connection.fetchval(_FOUND, TENANT_ROLE)
    digest = hashlib.sha256("\0".join([*wanted, found]).encode()).hexdigest()
    return f"As Mudda has made it: {digest}"


# The migrations that have run, the server, who asks, what the queue's tables consist of, the functions, and
# whether the role that row-level security holds for may use every table.
_FOUND = """
WITH own AS (
    SELECT oid, relname AS name, relkind, relpersistence, reloptions FROM pg_class
    WHERE relname LIKE 'pgqueuer%' AND relnamespace = current_schema()::regnamespace
)
SELECT concat_ws('|',
    (SELECT string_agg(version_num, ',') FROM alembic_version),
    current_setting('server_version_num'), current_setting('server_encoding'), current_schema(),
    (SELECT concat_ws(',', rolname, rolsuper, rolbypassrls) FROM pg_roles WHERE rolname = current_user),
    (SELECT string_agg(concat_ws(',', name, relkind, relpersistence, reloptions), ';' ORDER BY name) FROM own),
    (SELECT string_agg(concat_ws(',', name, attname, atttypid::regtype, attnotnull, atthasdef), ';'
        ORDER BY name, attnum) FROM own JOIN pg_attribute ON attrelid = own.oid WHERE NOT attisdropped),
    (SELECT string_agg(concat_ws(',', name, indkey, indisunique, indisvalid, indpred IS NULL), ';' ORDER BY name)
        FROM own JOIN pg_index ON indexrelid = own.oid),
    (SELECT string_agg(concat_ws(',', name, tgname, tgtype, tgenabled, tgfoid::regproc), ';' ORDER BY name, tgname)
        FROM own JOIN pg_trigger ON tgrelid = own.oid),
    (SELECT string_agg(enumlabel, ',' ORDER BY enumtypid::regtype::text, enumsortorder) FROM pg_enum),
    (SELECT md5(string_agg(proname || prosrc, ';' ORDER BY proname, prosrc)) FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace),
    (SELECT concat_ws(',', pg_has_role(current_user, role.oid, 'MEMBER'),
            bool_and(has_table_privilege(role.oid, pg_class.oid, 'DELETE')))
        FROM pg_roles AS role, pg_class
        WHERE rolname = $1 AND relkind = 'r' AND relnamespace = current_schema()::regnamespace GROUP BY role.oid)
)
"""
