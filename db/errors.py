"""What is raised by a database, and what it means."""

from __future__ import annotations

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

DATABASE_ERRORS = (
    OSError,
    TimeoutError,
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # "The protocol is in the failed state": the server ended the connection as something was about to be asked.
    # And a failover that is not over yet: no server takes writes.
    asyncpg.InternalClientError,
)
"""What a database that is down, restarting or out of connections raises; much speaks to asyncpg itself.

Not all of these are outages: see `is_refused`.
"""

REFUSED = frozenset({"22", "23", "42"})
"""The classes of SQLSTATE for data, integrity and syntax: PostgreSQL says the same however often it is asked."""

READ_ONLY = "25006"
"""The SQLSTATE of a write to a server that is read-only, as the old primary is after a failover."""


def is_refused(error: BaseException) -> bool:
    """Whether a database error is a fault of ours, which no waiting mends, and no outage.

    The types don't tell: what asyncpg raises for data that can't be stored reaches us as a plain DBAPIError.
    """
    if isinstance(error, SQLAlchemyError) and not isinstance(error, (DBAPIError, PoolTimeout)):
        return True
    return sqlstate(error)[:2] in REFUSED


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of an error, whoever raised it; empty where there is none."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "")
