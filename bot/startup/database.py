"""The database at the start: the one that is set or one of our own, brought up to date; what is wrong is said."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.config import Settings
from bot.errors import SettingsError
from db.embedded import embedded_postgres
from db.engine import is_behind_pooler
from db.errors import DATABASE_ERRORS, sqlstate
from db.migrate import UnsuitableDatabase, migrate


@asynccontextmanager
async def database_for(settings: Settings) -> AsyncIterator[str]:
    """The database that is set, for migrations and the queue as for all else; or one of our own."""
    direct_url = settings.database_direct_url or settings.database_url
    if direct_url is not None:
        yield direct_url
        return
    home = settings.mudda_home.resolve()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise SettingsError([f"MUDDA_HOME: can't write to {home} ({error.strerror})."]) from error
    async with embedded_postgres(home / "postgres") as url:
        yield url


async def is_pooled(settings: Settings) -> bool:
    """Whether DATABASE_URL leads to a pooler. Raises SettingsError if it does, and nothing leads past it."""
    if settings.database_url is None:
        return False
    try:
        is_pooled = await is_behind_pooler(settings.database_url)
    except DATABASE_ERRORS as error:
        raise SettingsError([f"DATABASE_URL: {_trouble(error)}"]) from error
    if is_pooled and settings.database_direct_url is None:
        raise SettingsError(
            [
                "DATABASE_DIRECT_URL is missing: DATABASE_URL leads to a pooler, as PgBouncer is one, and the "
                "queue and the migrations need a connection past it."
            ]
        )
    return is_pooled


async def migrated(database_url: str) -> None:
    """Bring the database up to date. Raises SettingsError if none answers, or one that can't be used."""
    try:
        await migrate(database_url)
    except UnsuitableDatabase as error:
        raise SettingsError([f"DATABASE_URL: {error}"]) from error
    except DATABASE_ERRORS as error:
        raise SettingsError([f"DATABASE_URL: {_trouble(error)}"]) from error


_TROUBLE = {
    "28": "the server does not take this user or password.",
    "3D": "the server has no database of this name.",
    "42501": "the user may not make tables there; it must own the database.",
}
"""By SQLSTATE or its class: what can be wrong with a database that answers."""


def _trouble(error: Exception) -> str:
    code = sqlstate(error)
    return _TROUBLE.get(code) or _TROUBLE.get(code[:2]) or f"no database answers there ({type(error).__name__})."
