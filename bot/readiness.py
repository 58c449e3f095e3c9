"""What `/readyz` tells: whether each thing that must be there to do work is, and if not, why."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from bot.socket_mode import SocketMode
from bot.worker import Worker
from db.session import DATABASE_ERRORS, Database

ANSWER_SECONDS = 2.0

_WRITABLE = text(
    "SELECT NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off'",
)


@dataclass(slots=True)
class Readiness:
    """The parts of a running bot that it asks; those that this process does not have are None."""

    database: Database
    worker: Worker | None = None
    socket: SocketMode | None = None

    async def faults(self) -> Mapping[str, str]:
        """By part, why it can do no work; empty for one that can."""
        faults = {"database": await self._database()}
        if self.worker is not None:
            faults["worker"] = "" if self.worker.ready.is_set() else "the queue is out of reach"
        if self.socket is not None:
            connected = await self.socket.client.is_connected()
            faults["socket"] = "" if connected else "not connected to Slack"
        return faults

    async def _database(self) -> str:
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self.database.reading() as session:
                is_writable = await session.scalar(_WRITABLE)
        except DATABASE_ERRORS:
            return "no answer"
        return "" if is_writable else "read-only"
