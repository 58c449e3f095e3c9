"""How long it takes to find what is to be learned for an issue, among 10,000 plans and 200 notes.

python -m tests.bench.bench_examples
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert

from db.embedded import embedded_postgres
from db.migrate import migrate
from db.models import PlanningNoteRow, PlanVersion, WorkflowPlan
from db.session import Database
from services import workspaces
from services.approvals import ApprovalService
from services.learning.notes import NoteService
from services.learning.service import LearningService
from tests.bench.bench_selection import ISSUE, WORDS
from tests.support.postgres import analyze

PLANS, ROUNDS = 10_000, 300
NOW = datetime(2026, 11, 24, tzinfo=UTC)


async def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        async with embedded_postgres(Path(folder) / "postgres") as url:
            await migrate(url)
            everywhere = Database(url).everywhere()
            async with everywhere.transaction() as session:
                workspace_id = await workspaces.ensure(session, "T1")
            chance = random.Random(7)
            for start in range(0, PLANS, 500):
                ids = [uuid4() for _ in range(500)]
                plans = [
                    {
                        "id": each,
                        "workspace_id": workspace_id,
                        "number": start + n,
                        "inbox_key": str(each),
                        "source": "command",
                        "channel_id": "C1",
                        "reporter_id": "U1",
                        "issue_text": " ".join(chance.choices(WORDS, k=25)),
                        "state": "APPROVED",
                        "version": 1,
                        "decided_at": NOW - timedelta(hours=start + n),
                    }
                    for n, each in enumerate(ids)
                ]
                given = [{"in": "body", "name": "title", "value": "{{s0.order.id}} at 5th and Main"}] * 5
                steps = [
                    {"step_id": f"s{n}", "component_id": "works.create", "inputs": given, "next": [f"s{n + 1}"]}
                    for n in range(8)
                ]
                versions = [
                    {
                        "workspace_id": workspace_id,
                        "plan_id": each,
                        "version": 1,
                        "document": {"workflow_name": "x", "steps": steps},
                        "components": [{"key": "works.create", "request_schema": {"properties": {"title": {}}}}],
                        "selected": [],
                        "warnings": [],
                        "model": "m",
                        "tokens": 1,
                        "seconds": 1.0,
                    }
                    for each in ids
                ]
                async with everywhere.transaction() as session:
                    await session.execute(insert(WorkflowPlan), plans)
                    await session.execute(insert(PlanVersion), versions)
            notes = [
                {"workspace_id": workspace_id, "text": f"Note {n}", "origin": "written", "author": "U1"}
                for n in range(200)
            ]
            async with everywhere.transaction() as session:
                await session.execute(insert(PlanningNoteRow), notes)
            await analyze(everywhere)
            database = everywhere.of(workspace_id)
            learning = LearningService(NoteService(ApprovalService()), is_on=True)
            times, began = [], time.process_time()
            for _ in range(ROUNDS):
                started = time.perf_counter()
                async with database.reading() as session:
                    memory = await learning.memory(session, workspace_id, ISSUE)
                times.append((time.perf_counter() - started) * 1_000)
            assert memory.examples
            times.sort()
            print(f"| {PLANS:,} approved plans, 200 notes | ms |\n|---|---:|")
            print(f"| median | {statistics.median(times):.1f} |")
            print(f"| p95 | {times[int(ROUNDS * 0.95)]:.1f} |")
            print(f"| of our own processor's time | {(time.process_time() - began) * 1_000 / ROUNDS:.1f} |")
            await database.close()


if __name__ == "__main__":
    asyncio.run(main())
