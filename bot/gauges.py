"""What `/metrics` reads when it is asked: what waits in the database, and how its connections stand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.pool import QueuePool

from bot.jobs import HANDLERS
from bot.jobs.registry import Lane
from bot.metrics import Metrics
from bot.readiness import Readiness
from db.session import DATABASE_ERRORS, Database, ReadSession

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
    except DATABASE_ERRORS:
        metrics.database_up.set(0)
    else:
        metrics.database_up.set(1)


def _read_pool(metrics: Metrics, database: Database) -> None:
    pool = database.engine.pool
    if isinstance(pool, QueuePool):
        metrics.pool_in_use.set(pool.checkedout())
        metrics.pool_size.set(pool.size() + pool._max_overflow)


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
