"""What PostgreSQL looks at for a `PreparedStatement`, by its own account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from db.session import begin, open_connection


class Explained:
    """In place of the driver's connection: has statements explained as they are carried out, and answers nothing.

    `plans` are theirs.
    """

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.plans: list[Mapping[str, Any]] = []

    def is_in_transaction(self) -> bool:
        """As the connection has it."""
        return bool(self._connection.is_in_transaction())

    async def fetch(self, statement: str, *arguments: Any) -> Sequence[Any]:
        """Carry a statement out, and keep its plan."""
        types = [each.name for each in (await self._connection.prepare(statement)).get_parameters()]
        given = [await self._literal(each, kind) for each, kind in zip(arguments, types, strict=True)]
        await self._connection.execute(f"PREPARE explained AS {statement}")
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE explained({', '.join(given)})"
        self.plans.append((await self._connection.fetchval(explain))[0]["Plan"])
        await self._connection.execute("DEALLOCATE explained")
        return []

    async def _literal(self, value: Any, kind: str) -> str:
        kind = f"{kind[1:]}[]" if kind.startswith("_") else kind.removesuffix("[]") + "[]" * kind.endswith("[]")
        return f"{await self._connection.fetchval(f'SELECT quote_nullable($1::{kind}::text)', value)}::{kind}"


async def explaining(session: AsyncSession) -> Explained:
    """From now on the prepared statements of a session are explained."""
    explained = Explained(open_connection(session) or await begin(session))
    session.info["driver"] = explained
    return explained


def looked_at(plan: Mapping[str, Any]) -> int:
    """How many rows the parts of a plan looked at, those that they threw away included."""
    rows = sum(plan.get(name, 0) for name in ("Actual Rows", *_REMOVED))
    return int(rows * plan["Actual Loops"]) + sum(map(looked_at, plan.get("Plans", ())))


_REMOVED = ("Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")
