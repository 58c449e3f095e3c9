"""What waits in the queue over an upgrade is understood after it."""

from __future__ import annotations

import importlib
import json
from uuid import UUID

from sqlalchemy import text

from db.session import Database
from services.jobs import DecidePlan, Tell
from tests.conftest import TEAM

jobs_of_a_workspace = importlib.import_module("db.migrations.versions.0009_jobs_of_a_workspace")

PRESS = {"version": 1, "team": TEAM, "user": "U1", "channel": "C1", "revision": 1, "decision": "approve"}
WORDS = {"version": 1, "channel": "C1", "user": "U1", "note": "help"}


async def test_jobs_that_name_a_team_are_of_its_workspace(database: Database, workspace_id: UUID) -> None:
    plan = str(UUID(int=1))
    async with database.transaction() as session:
        for entrypoint, body in (("decide", {**PRESS, "plan": plan}), ("tell", WORDS)):
            await session.execute(
                text(
                    "INSERT INTO pgqueuer (priority, queue_manager_id, created, updated, heartbeat, execute_after,"
                    " status, entrypoint, payload) VALUES (0, NULL, now(), now(), now(), now(), 'queued',"
                    " :entrypoint, convert_to(:body, 'UTF8'))"
                ),
                {"entrypoint": entrypoint, "body": json.dumps(body)},
            )
        await session.execute(text(jobs_of_a_workspace.UPGRADE.replace(":", r"\:")))
        payloads = (await session.scalars(text("SELECT payload FROM pgqueuer ORDER BY entrypoint"))).all()
    assert DecidePlan.model_validate_json(payloads[0]).workspace == workspace_id
    assert Tell.model_validate_json(payloads[1]).workspace == workspace_id
