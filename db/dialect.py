"""SQLAlchemy's dialect for asyncpg, for many engines in one process: what one has compiled, all have.

SQLAlchemy keeps what it made of a statement by the dialect of its engine, and each engine has one of its own. A
bot has four engines, and to compile a statement takes longer than to run it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.util import LRUCache

URL = "postgresql+mudda://"
"""What an engine with this dialect is created from; its connections are made by a function."""

MOST_KEPT = 2_000
"""Statements: more than Mudda has."""

compiled: LRUCache[Any, Any] = LRUCache(MOST_KEPT)
"""What every engine has as its execution option `compiled_cache`."""

_LEARNED = ("server_version_info", "default_schema_name", "max_identifier_length", "_backslash_escapes")


class SharedDialect(PGDialect_asyncpg):
    """One that is the same as any other that has learned the same of its server."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, SharedDialect) and self._learned() == other._learned())

    def __hash__(self) -> int:
        # It learns with its first connection, and a hash may not change.
        return hash(SharedDialect)

    def _learned(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name, None) for name in _LEARNED)


registry.register("postgresql.mudda", __name__, SharedDialect.__name__)
