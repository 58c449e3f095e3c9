"""What runs are measured on: a PostgreSQL, a Slack, and a component in a process of its own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import psutil
from sqlalchemy import text

from bot.sandbox.slack import SlackStandIn
from db.embedded import embedded_postgres
from db.migrate import migrate
from db.session import Database
from services import workspaces
from services.jobs import DraftPlan
from tests.support.bot_process import BotProcess, bot_process, serve_env
from tests.support.postgres import LOG_LINE_PREFIX
from tests.support.run_starts import begun, registered, until
from tests.support.statements import logged

CALL_SECONDS = 0.05

DRAFTS_DONE = text("DELETE FROM pgqueuer WHERE entrypoint = :entrypoint")


@dataclass(frozen=True, slots=True)
class Ground:
    """What the runs run on."""

    database: Database
    workspace_id: UUID
    env: Mapping[str, str]
    component_url: str
    directory: str

    @asynccontextmanager
    async def workers(self, count: int = 1, *, are_logged: bool = False) -> AsyncIterator[list[BotProcess]]:
        """So many worker processes, ready; PostgreSQL writes down what they ask where they `are_logged`."""
        env = {**self.env, "DATABASE_URL": logged(self.database.url) if are_logged else self.database.url}
        started = [await BotProcess.start("serve", "--only", "worker", env=env) for _ in range(count)]
        try:
            for bot in started:
                await bot.port()
            yield started
        finally:
            for bot in started:
                await bot.kill()

    def postgres(self) -> float:
        """The CPU seconds that PostgreSQL has used, those of its ended processes too."""
        found = [
            process
            for process in psutil.process_iter(["name", "cmdline", "create_time"])
            if process.info["name"] == "postgres"
            and any(self.directory in part for part in process.info["cmdline"] or ())
        ]
        # For a moment after its start a connection's process still has the name of the server that forked it.
        server = min(found, key=lambda process: process.info["create_time"])
        times = server.cpu_times()
        living = sum(cpu(child.pid) for child in server.children())
        return times.user + times.system + times.children_user + times.children_system + living

    async def receipts(self) -> dict[str, float]:
        """When the component received what, by idempotency key."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.component_url}/receipts") as response:
            return {key: at for key, at in json.loads(await response.text()) if key}

    async def other(self, name: str) -> Ground:
        """The same with a database of its own, on the same server."""
        connection = await asyncpg.connect(self.database.url)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        url = self.database.url.replace("/postgres?", f"/{name}?")
        await migrate(url)
        database = Database(url).everywhere()
        team = self.env["TEAM"]
        return replace(self, database=database, workspace_id=await _settled(database, team, self.component_url))


def cpu(pid: int) -> float:
    """The CPU seconds that a process has used."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    """A database, a Slack and a component."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-bench-") as directory:
        async with (
            embedded_postgres(Path(directory) / "postgres") as url,
            SlackStandIn(transcript_size=100) as slack,
            bot_process(env={}, module="tests.bench.component") as component,
        ):
            component_url = f"http://127.0.0.1:{await component.port()}"
            connection = await asyncpg.connect(url)
            await connection.execute(f"ALTER SYSTEM SET log_line_prefix = {LOG_LINE_PREFIX}")
            await connection.execute("SELECT pg_reload_conf()")
            await connection.close()
            await migrate(url)
            database = Database(url).everywhere()
            team = slack.workspace.team.id
            env = serve_env(slack, "http://127.0.0.1:1", url) | {
                "COMPONENT_ALLOWED_HOSTS": component_url.removeprefix("http://"),
                "TEAM": team,
            }
            workspace_id = await _settled(database, team, component_url)
            yield Ground(database, workspace_id, env, component_url, directory)
            await database.close()


async def _settled(database: Database, team: str, component_url: str) -> UUID:
    """A workspace with the component."""
    async with database.transaction() as session:
        workspace_id = await workspaces.ensure(session, team, "Springfield")
    post = {"http_method": "POST", "approval": "none", "endpoint_url": f"{component_url}/do"}
    await registered(database, workspace_id, {"key": "do", **post})
    return workspace_id


async def begin(on: Ground, *graphs: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """Begin a run of each graph, fifty to a transaction.

    No job of a draft is left: each plan has been drafted and approved, here without one.
    """
    found = []
    for start in range(0, len(graphs), 50):
        async with on.database.transaction() as session:
            found += [await begun(session, on.workspace_id, graph) for graph in graphs[start : start + 50]]
            await session.execute(DRAFTS_DONE, {"entrypoint": DraftPlan.entrypoint})
    return found


async def ended(on: Ground, run_ids: Sequence[UUID], seconds: float = 900) -> None:
    """Wait until runs are completed. However many others there are, it costs the same to ask."""
    connection = await asyncpg.connect(on.database.url)
    query = "SELECT NOT EXISTS (SELECT FROM workflow_executions WHERE id = ANY($1) AND state <> 'COMPLETED')"

    async def are_over() -> bool:
        return bool(await connection.fetchval(query, run_ids))

    try:
        await until(are_over, seconds)
    finally:
        await connection.close()
