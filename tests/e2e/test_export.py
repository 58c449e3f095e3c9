"""`mudda export`: a process that writes JSON to standard output, and nothing else."""

from __future__ import annotations

import json
from uuid import UUID

from db.session import Database
from tests.conftest import TEAM
from tests.support import runs_on_record
from tests.support.bot_process import bot_process
from tests.support.commands import command


async def test_a_run_is_written_to_standard_output(
    database: Database, database_url: str, workspace_id: UUID
) -> None:
    async with database.transaction() as session:
        plan_id = await runs_on_record.plan(session, workspace_id)
        await runs_on_record.run(session, workspace_id, plan_id, output={"where": "5th – Main"})
    async with bot_process("export", "12.1", "--workspace", TEAM, env={"DATABASE_URL": database_url}) as process:
        assert await process.finished() == 0
    document = json.loads(process.output)
    assert document["steps"][0]["output"] == {"where": "5th – Main"}


async def test_a_run_that_is_not_there_is_said_in_a_line(database_url: str, workspace_id: UUID) -> None:
    done = await command("export", "7", "--workspace", TEAM, env={"DATABASE_URL": database_url})
    assert done == (1, f"There is no run 7 in {TEAM}.\n")
