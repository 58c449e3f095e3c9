"""Statements that are put together once: the few of which most of what a worker asks is made.

To put a query together, to find it among the compiled ones and to make objects of its rows takes SQLAlchemy
several times as long as it takes PostgreSQL to answer.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any, Self

import asyncpg
from sqlalchemy import ClauseElement, bindparam, text
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from db.errors import READ_ONLY, sqlstate
from db.session import begin, open_connection

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


def row_type(name: str, columns: Sequence[str]) -> Any:
    """A type for rows with these names, whose `_make` reads one; it stands in for an object of a table."""
    return namedtuple(name, columns)


class PreparedStatement:
    """A statement of SQLAlchemy's, kept as the text and the arguments that the driver takes.

    Values go to the driver as they are given: no type of SQLAlchemy's converts them.
    """

    def __init__(self, statement: ClauseElement) -> None:
        compiled: Any = statement.compile(dialect=_DIALECT)
        asked = {bind.key: None for bind in compiled.binds.values() if bind.required}
        state = compiled.construct_expanded_state(asked)
        self._text: str = state.statement
        self._order: Sequence[str] = state.positiontup or ()
        self._own = dict(state.parameters)

    @classmethod
    def of(cls, statement: str, kinds: Mapping[str, TypeEngine[Any]]) -> Self:
        """The same of a text; `kinds` has a type for each name that it asks for, and may have more."""
        asked = set(re.findall(r"(?<![:\w]):(\w+)", statement))
        return cls(text(statement).bindparams(*(bindparam(name, type_=kinds[name]) for name in asked)))

    async def rows(self, session: AsyncSession, **values: Any) -> Sequence[Sequence[Any]]:
        """Have it carried out in a session's transaction; its rows, whose columns are in the statement's order."""
        if session.new or session.dirty or session.deleted:
            await session.flush()
        given = {**self._own, **values}
        arguments = [given[name] for name in self._order]
        connection = open_connection(session) or await begin(session)
        try:
            return list(await connection.fetch(self._text, *arguments))
        except asyncpg.PostgresError as error:
            if sqlstate(error) == READ_ONLY:
                await session.invalidate()
            raise


def as_part(statement: ClauseElement) -> str:
    """A statement as text, to be a part of others. What it asks for is in it as `literal_column(":name")`."""
    # Named, so that nothing in the text has to be escaped.
    named = dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    return str(statement.compile(dialect=named, compile_kwargs={"literal_binds": True}))
