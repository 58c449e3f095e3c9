"""What asyncpg has asked PostgreSQL about types, kept for the connections that are made after.

It knows few arrays by itself, for one, and asks about any other type at its first use, in each connection anew.
The question is a recursive query over the catalog, which takes the server three times as long as to connect.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from types import SimpleNamespace
from typing import Any, TypeAlias

import asyncpg

FIRST_OWN = 16_384
"""PostgreSQL's own types are below, and the same in all databases of a version."""

_STAYING = frozenset({b"b", b"e"})
"""The kinds of types that stay what they are: base types, which arrays are, too, and enums."""

Types: TypeAlias = dict[frozenset[int], Any]
"""By which were asked about at once."""

_built_in: dict[Any, Types] = {}

_NOTHING_PREPARED = SimpleNamespace(name="known")
"""In place of the question, which would have displaced an unnamed statement."""


class KnowingConnection(asyncpg.Connection):  # type: ignore[misc]
    """One that asks about a type only if no other has. Those to one database may have the same `types`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.types: Types = {}

    async def _introspect_types(self, typeoids: Collection[int], timeout: float) -> Any:  # noqa: ASYNC109
        # asyncpg's own, and not public: should it go by another name one day, it asks each time, as before.
        asked = frozenset(typeoids)
        version = self.get_server_version()
        known = _built_in.setdefault(version, {}) if max(asked) < FIRST_OWN else self.types
        if asked in known:
            return known[asked], _NOTHING_PREPARED
        found, statement = await super()._introspect_types(typeoids, timeout)
        if all(each["kind"] in _STAYING for each in found):
            known[asked] = found
        return found, statement


def sharing_types() -> Callable[[KnowingConnection], Awaitable[None]]:
    """What lets the connections of a pool have the same types: its `init`."""
    types: Types = {}

    async def share(connection: KnowingConnection) -> None:
        connection.types = types

    return share
