"""What `/readyz` and `/metrics` tell: whether work can be done, what waits, how the connections stand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from bot.jobs import HANDLERS
from bot.jobs.registry import Lane
from bot.jobs.worker import Worker
from bot.metrics import Metrics
from bot.slack.socket_mode import SocketMode
from db.errors import DATABASE_ERRORS
from db.session import Database, ReadSession
from services.health.hosts import closed_hosts

ANSWER_SECONDS = 2.0

_LANES: Mapping[str, Lane] = {handler.job.entrypoint: handler.lane for handler in HANDLERS}

_JOBS = text(
    "SELECT entrypoint, count(*) AS waiting,"
    " max(extract(epoch FROM now() - greatest(created, execute_after))) AS age FROM pgqueuer"
    " WHERE status = 'queued' AND execute_after <= now() GROUP BY entrypoint"
)
_PLANS = text("SELECT state, count(*) AS number FROM workflow_plans GROUP BY state")
_RUNS = text("SELECT state, count(*) AS number FROM workflow_executions GROUP BY state")
_STEPS = text(
    "SELECT s.state, count(*) AS number FROM step_runs s JOIN workflow_executions r ON r.id = s.run_id"
    " WHERE r.state IN ('RUNNING', 'WAITING', 'FAILED') GROUP BY s.state"
)


async def read_gauges(metrics: Metrics, readiness: Readiness) -> None:
    """Set the gauges to what is so now. Without the database they keep what they had, and one of them says so."""
    _read_pool(metrics, readiness.database)
    if readiness.socket is not None:
        metrics.socket_connected.set(await readiness.socket.client.is_connected())
    try:
        async with asyncio.timeout(ANSWER_SECONDS), readiness.database.reading() as session:
            await _read_states(metrics, session)
            await _read_jobs(metrics, session)
            await _read_hosts(metrics, session)
    except DATABASE_ERRORS:
        metrics.database_up.set(0)
    else:
        metrics.database_up.set(1)


def _read_pool(metrics: Metrics, database: Database) -> None:
    in_use, most = database.connections
    metrics.pool_in_use.set(in_use)
    metrics.pool_size.set(most)


async def _read_states(metrics: Metrics, session: ReadSession) -> None:
    for gauge, query in ((metrics.plans, _PLANS), (metrics.runs, _RUNS), (metrics.steps, _STEPS)):
        rows = (await session.execute(query)).all()
        gauge.clear()
        for row in rows:
            gauge.labels(row.state).set(row.number)


async def _read_jobs(metrics: Metrics, session: ReadSession) -> None:
    waiting: Counter[str] = Counter()
    oldest: dict[str, float] = {}
    for row in await session.execute(_JOBS):
        lane = _LANES[row.entrypoint].value if row.entrypoint in _LANES else "unknown"
        waiting[lane] += row.waiting
        oldest[lane] = max(oldest.get(lane, 0.0), float(row.age))
    for each in Lane:
        metrics.jobs_waiting.labels(each.value).set(waiting[each.value])
        metrics.oldest_job_seconds.labels(each.value).set(oldest.get(each.value, 0.0))


async def _read_hosts(metrics: Metrics, session: ReadSession) -> None:
    now = datetime.now(UTC)
    metrics.hosts_closed.clear()
    for each in await closed_hosts(session):
        is_closed = each.closed_until is not None and each.closed_until > now
        metrics.hosts_closed.labels(each.host).set(1 if is_closed else 0.5)


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
