"""`mudda export RUN`: all that is on record of a run, and nothing that opens a door."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from bot.cli import export as export_cli
from bot.cli.command import CommandFailed
from db.session import Database
from services import audit, workspaces
from services.audit import Actor
from tests.conftest import TEAM
from tests.support import runs_on_record

MARCO = Actor("U1", "C1", "1764000000.000100")
OUTPUT = {"work_order_id": "WO-1", "log": "x" * 300_000}


@pytest.fixture
async def on_record(database: Database, workspace_id: UUID) -> tuple[UUID, UUID]:
    """Two runs of plan #12, the second with three attempts."""
    async with database.transaction() as session:
        plan_id = await runs_on_record.plan(session, workspace_id)
        first = await runs_on_record.run(session, workspace_id, plan_id, 1)
        second = await runs_on_record.run(session, workspace_id, plan_id, 2, attempts=3, output=OUTPUT)
        await audit.record(session, workspace_id, subject=plan_id, actor=MARCO, action="plan.approved")
        await audit.record(session, workspace_id, subject=first, actor=MARCO, action="run.started", run=1)
        await audit.record(session, workspace_id, subject=second, actor=MARCO, action="run.started", run=2)
        other = await runs_on_record.plan(session, workspace_id, 13)
        await audit.record(session, workspace_id, subject=other, actor=MARCO, action="plan.approved", of="another")
    return first, second


async def exported(database: Database, run: str) -> dict[str, Any]:
    document = json.loads(await export_cli.export(database, TEAM, run))
    assert isinstance(document, dict)
    return document


async def test_a_run_is_written_whole(database: Database, on_record: tuple[UUID, UUID]) -> None:
    document = await exported(database, "12")
    assert document["plan"]["number"] == 12
    assert document["plan"]["issue_text"] == "A leak at 5th and Main"
    assert document["version"]["document"]["steps"][0]["step_id"] == "order"
    assert document["run"]["id"] == str(on_record[1])
    assert [step["output"] for step in document["steps"]] == [OUTPUT]
    assert [(attempt["number"], attempt["status"]) for attempt in document["attempts"]] == [
        (1, 422),
        (2, 422),
        (3, 201),
    ]
    assert [decision["reason"] for decision in document["decisions"]] == ["try 1", "try 2"]
    of_whom = ("U1", "C1", "1764000000.000100")
    assert [
        (event["actor"], event["channel_id"], event["message_ts"], event["action"], event["facts"])
        for event in document["audit_events"]
    ] == [(*of_whom, "plan.approved", {}), (*of_whom, "run.started", {"run": 2})]


@pytest.mark.parametrize("prefix", ["", "#"])
async def test_a_run_is_named_in_three_ways(database: Database, on_record: tuple[UUID, UUID], prefix: str) -> None:
    first, second = (str(run_id) for run_id in on_record)
    names = {f"{prefix}12": second, f"{prefix}12.2": second, f"{prefix}12.1": first, first: first}
    for name, run_id in names.items():
        assert (await exported(database, name))["run"]["id"] == run_id, name


@pytest.mark.usefixtures("on_record")
async def test_no_secret_is_written_nor_where_one_is(database: Database) -> None:
    text = await export_cli.export(database, TEAM, "12")
    for secret in ("WORKS_KEY", "header-value", "secret-hook"):
        assert secret not in text
    document = json.loads(text)
    assert document["run"]["components"]["works.create"]["auth"] == {
        "type": "api_key",
        "in": "header",
        "name": "X-Key",
        "value": "***",
    }


@pytest.mark.usefixtures("on_record")
@pytest.mark.parametrize("run", ["13", "99", "12.3", "a5f5a7e0-0000-4000-8000-000000000000"])
async def test_a_run_that_is_not_there_is_said_plainly(database: Database, run: str) -> None:
    with pytest.raises(CommandFailed, match=f"There is no run {run} in {TEAM}"):
        await export_cli.export(database, TEAM, run)


@pytest.mark.parametrize("run", ["", "twelve", "12.", "12.1.1", "-1"])
async def test_what_names_no_run_is_said_plainly(database: Database, workspace_id: UUID, run: str) -> None:
    with pytest.raises(CommandFailed, match="a run is named by its id"):
        await export_cli.export(database, TEAM, run)


async def test_a_run_of_another_workspace_is_not_there(database: Database, on_record: tuple[UUID, UUID]) -> None:
    async with database.transaction() as session:
        await workspaces.ensure(session, "T0002")
    for run in ("12", str(on_record[0])):
        with pytest.raises(CommandFailed, match="There is no run"):
            await export_cli.export(database, "T0002", run)
    with pytest.raises(CommandFailed, match="There is no run"):
        await export_cli.export(database, "T0003", "12")
