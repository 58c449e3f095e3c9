"""The environment variables that a component takes its secrets from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Component
from db.session import ReadSession

_NAMED = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")


def variables(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """Their names: of its credentials, and of constants in its headers and query; each once."""
    stated = [definition.get("auth")]
    for member in ("headers", "query_params"):
        stated += [each.get("const") for each in definition.get(member, {}).values()]
    return tuple(dict.fromkeys(name for value in stated for name in _names(value)))


async def all_variables(session: AsyncSession | ReadSession) -> dict[str, tuple[str, ...]]:
    """The variables that active components of all workspaces name, each with the keys of these."""
    members = (Component.key, Component.auth, Component.headers, Component.query_params)
    rows = await session.execute(select(*members).where(Component.is_active).order_by(Component.key))
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        for name in variables(dict(row._mapping)):
            found.setdefault(name, {})[row.key] = None
    return {name: tuple(keys) for name, keys in sorted(found.items())}


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _names(inner)
    elif isinstance(value, str) and (found := _NAMED.fullmatch(value)):
        yield found[1]
