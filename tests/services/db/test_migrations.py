"""What waits in the queue over an upgrade is understood after it."""

from __future__ import annotations

import importlib
import json
from uuid import UUID

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.pool import NullPool

from db.engine import async_engine
from db.migrate import alembic_config, newest
from db.session import Database
from services.jobs import DecidePlan, Tell
from tests.conftest import SERVER_URL, TEAM
from tests.support.postgres import empty_database

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


async def test_rows_of_a_parent_name_its_workspace_after_the_upgrade(pytestconfig: pytest.Config) -> None:
    async with empty_database(pytestconfig.stash[SERVER_URL]) as url:
        await upgraded(url, "0010")
        admin = await asyncpg.connect(url)
        for statement in BEFORE_0011:
            await admin.execute(statement)
        await upgraded(url, "0011")
        for table in ("plan_versions", "step_runs", "step_attempts", "step_gates"):
            assert await admin.fetchval(f"SELECT workspace_id FROM {table}") == UUID(int=1)
        # What refuses a change of what is on record is there again.
        with pytest.raises(asyncpg.RestrictViolationError):
            await admin.execute("UPDATE step_attempts SET number = 2")
        await admin.execute("UPDATE step_runs SET state = 'DONE'")
        assert await admin.fetchval("SELECT subject_id FROM audit_events WHERE action = 'step.done'") == UUID(
            int=3
        )
        await admin.close()


async def upgraded(url: str, revision: str) -> None:
    """Bring the tables to a revision, as alembic does."""
    engine = async_engine(url, poolclass=NullPool)

    def upgrade(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with engine.connect() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()


def _id(number: int) -> str:
    return f"'{UUID(int=number)}'"


BEFORE_0011 = (
    f"INSERT INTO workspaces (id, team_id, name) VALUES ({_id(1)}, 'T1', '')",
    "INSERT INTO workflow_plans (id, workspace_id, number, inbox_key, source, channel_id, reporter_id, issue_text,"
    " issue_parts, state, phase_facts, revision, draft)"
    f" VALUES ({_id(2)}, {_id(1)}, 1, 'k', 'command', 'C1', 'U1', 'x', '[]', 'APPROVED', '{{}}', 1, 1)",
    "INSERT INTO plan_versions (id, plan_id, version, document, components, selected, warnings, model, tokens,"
    f" seconds) VALUES ({_id(5)}, {_id(2)}, 1, '{{}}', '[]', '[]', '[]', 'm', 1, 1)",
    "INSERT INTO workflow_executions (id, workspace_id, plan_id, version, number, state, components, started_by)"
    f" VALUES ({_id(3)}, {_id(1)}, {_id(2)}, 1, 1, 'RUNNING', '{{}}', 'U1')",
    "INSERT INTO step_runs (id, run_id, step_id, position, step, component_key, followers, waiting_for, state,"
    " gated, approved, revision, attempt, first_attempt, warnings)"
    f" VALUES ({_id(4)}, {_id(3)}, 'a', 0, '{{}}', 'c', '{{}}', 0, 'RUNNING', false, false, 1, 1, 1, '[]')",
    "INSERT INTO step_attempts (id, step_run_id, number, outcome, facts, started_at)"
    f" VALUES ({_id(6)}, {_id(4)}, 1, 'done', '{{}}', now())",
    "INSERT INTO step_gates (id, step_run_id, revision, agreed, reminders)"
    f" VALUES ({_id(7)}, {_id(4)}, 1, '{{}}', 0)",
)
"""A plan with a version, a run and a step of it, as they were before rows named their workspace themselves."""


def test_the_newest_is_known_by_its_file() -> None:
    assert newest() == ScriptDirectory.from_config(alembic_config()).get_current_head()
