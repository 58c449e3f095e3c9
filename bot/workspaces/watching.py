"""What every replica is told when something about workspaces changes: by NOTIFY, on a connection of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

import asyncpg

from db.errors import DATABASE_ERRORS
from db.url import dsn_and_timeout
from services.workspaces.installations import CHANNEL

logger = logging.getLogger("mudda.workspaces")

RETRY_SECONDS = 1.0
"""After this a connection that was lost is tried again."""

Told = Mapping[str, Callable[[str], None]]
"""Further channels to listen to, and what to call with what is told there."""


async def watch_changes(
    database_url: str,
    changed: Callable[[], None],
    listening: asyncio.Event | None = None,
    told: Told | None = None,
) -> None:
    """Call `changed` for every change until cancelled, and once whenever listening begins or ends.

    `listening` is set while changes are heard of.
    """
    dsn, timeout = dsn_and_timeout(database_url)
    while True:
        try:
            connection = await asyncpg.connect(dsn, timeout=timeout)
        except DATABASE_ERRORS as error:
            logger.warning("Can't listen for changes of workspaces: %s", type(error).__name__)
        else:
            await _listen(connection, changed, listening, told or {})
        await asyncio.sleep(RETRY_SECONDS)


async def _listen(
    connection: asyncpg.Connection, changed: Callable[[], None], listening: asyncio.Event | None, told: Told
) -> None:
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        await connection.add_listener(CHANNEL, lambda *_: changed())
        for channel, hear in told.items():
            await connection.add_listener(channel, lambda *words, hear=hear: hear(words[3]))
        changed()
        if listening is not None:
            listening.set()
        await lost.wait()
        logger.warning("The connection that tells of changes of workspaces is lost")
    except DATABASE_ERRORS as error:
        logger.warning("Can't listen for changes of workspaces: %s", type(error).__name__)
    finally:
        if listening is not None:
            listening.clear()
        changed()
        connection.terminate()
