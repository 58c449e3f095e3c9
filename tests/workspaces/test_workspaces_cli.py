"""`mudda workspaces` and `mudda secrets`: what whoever runs the bot sees of workspaces, and can do."""

from __future__ import annotations

import argparse
import json
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from bot.cli import secrets
from bot.cli import workspaces as cli
from bot.cli.command import CommandFailed
from bot.config import Settings, load_settings
from bot.errors import SettingsError
from bot.jobs.upkeep import purge_all
from db.models import AuditEvent, Base, Installation, WorkflowPlan, Workspace
from db.session import Database
from services.audit import SYSTEM
from services.components.packs import parse_pack
from services.components.service import ComponentService
from services.retention import Retention
from services.workspaces.installations import Grant, InstallationService, remove
from services.workspaces.secrets import SecretBox, new_key
from tests.conftest import TEAM
from tests.support.bot_process import bot_process
from tests.support.run_starts import begun, step

OTHER = "T0OTHER001"
KEY = new_key()
NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)
PLANTED = "planted-secret-value"
PACK = f"""
components:
  - key: city.call
    name: Call the city
    description: Call the city.
    http_method: POST
    endpoint_url: https://city.example/calls
    headers: {{X-Site: {{type: string, const: {PLANTED}}}}}
"""


def grant(team: str, token: str = "xoxb-planted") -> Grant:
    return Grant(team, None, "A1", "B1", "U0BOT", token, "chat:write", "U0ADMIN", {team: f"Town {team}"})


@pytest.fixture
async def both(database: Database, workspace_id: UUID) -> UUID:
    """Two workspaces that installed the app, each with a run; the id of the second."""
    async with database.transaction() as session:
        service = InstallationService(SecretBox([KEY]))
        [other] = await service.save(session, grant(OTHER), NOW)
        await service.save(session, grant(TEAM), NOW)
        await ComponentService().load(session, other, parse_pack(PACK.encode()))
        await begun(session, workspace_id, [step("a", "sms.send")])
        await begun(session, other, [step("a", "sms.send")])
    return other


async def rows_of(database: Database, workspace_id: UUID) -> dict[str, int]:
    """By table, how many rows a workspace has."""
    counts = {}
    async with database.transaction() as session:
        for table in Base.metadata.sorted_tables:
            if "workspace_id" in table.c:
                query = select(func.count()).select_from(table).where(table.c.workspace_id == workspace_id)
                counts[table.name] = int(await session.scalar(query) or 0)
    return counts


async def test_they_are_listed(database: Database, both: UUID) -> None:
    lines = (await cli.list_(database)).splitlines()
    assert lines[0].split() == ["TEAM", "NAME", "INSTALLED", "REMOVED", "PLANS"]
    assert sorted(line.split()[0] for line in lines[1:]) == sorted([TEAM, OTHER])
    assert lines[1].split()[-3:] == ["2027-06-01", "–", "1"]


async def test_there_may_be_none(database: Database) -> None:
    assert await cli.list_(database) == cli.NONE


async def test_one_is_shown(database: Database, both: UUID) -> None:
    shown = await cli.show(database, OTHER, NOW)
    for words in ("U0ADMIN for T0OTHER001", "chat:write", "1 approved", "1 running", "as for the deployment"):
        assert words in shown
    assert "xoxb" not in shown


async def test_a_setting_is_changed_and_on_record(database: Database, both: UUID) -> None:
    assert (
        await cli.set_(database, OTHER, "time_zone=America/Chicago") == f"{OTHER}: time_zone is America/Chicago."
    )
    await cli.set_(database, OTHER, "tokens_per_day=5000")
    assert "time_zone=America/Chicago, tokens_per_day=5000" in await cli.show(database, OTHER, NOW)
    await cli.set_(database, OTHER, "time_zone=")
    assert "time_zone" not in await cli.show(database, OTHER, NOW)
    async with database.reading() as session:
        acts = await session.scalars(
            select(AuditEvent.facts).where(AuditEvent.action == "workspace.set").order_by(AuditEvent.created_at)
        )
        assert acts.all() == [{"time_zone": "America/Chicago"}, {"tokens_per_day": 5000}, {"time_zone": None}]


async def test_what_is_no_setting_is_refused(database: Database, both: UUID) -> None:
    bad = ("time_zone", "time_zone=Mars", "tokens_per_day=-1", "tokens_per_day=many", "colour=red", "=", "")
    for change in bad:
        with pytest.raises(CommandFailed):
            await cli.set_(database, OTHER, change)
    assert "as for the deployment" in await cli.show(database, OTHER, NOW)


async def test_an_export_has_all_of_one_and_nothing_of_another(database: Database, both: UUID) -> None:
    lines = [line async for line in cli.export(database, OTHER)]
    documents = [json.loads(line) for line in lines]
    kinds = {kind for document in documents for kind in document}
    assert {"workspace", "component", "plan", "plan_version", "run", "audit_event"} <= kinds
    everything = "\n".join(lines)
    for secret in (PLANTED, "xoxb-planted", KEY):
        assert secret not in everything
    async with database.reading() as session:
        others = await session.scalars(select(WorkflowPlan.id).where(WorkflowPlan.workspace_id != both))
        assert all(str(plan) not in everything for plan in others)


async def test_one_that_has_the_app_is_not_purged(database: Database, both: UUID) -> None:
    with pytest.raises(CommandFailed, match="still has the app"):
        await cli.purge(database, OTHER)
    assert (await rows_of(database, both))["workflow_plans"] == 1


async def test_a_purge_forgets_all_of_one_and_nothing_of_another(
    database: Database, workspace_id: UUID, both: UUID
) -> None:
    kept = await rows_of(database, workspace_id)
    async with database.transaction() as session:
        await remove(session, both, SYSTEM, NOW)
    assert "1 plans, and all else" in await cli.purge(database, OTHER)
    assert set((await rows_of(database, both)).values()) == {0}
    assert await rows_of(database, workspace_id) == kept
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Installation)) == 1
        assert await session.get(Workspace, both) is None


@pytest.mark.parametrize(("days", "goes"), [(29, False), (31, True)])
async def test_what_was_removed_is_purged_in_time(
    database: Database, workspace_id: UUID, both: UUID, days: int, goes: bool
) -> None:
    async with database.transaction() as session:
        await remove(session, both, SYSTEM, NOW)
    await purge_all(database, Retention(), NOW + timedelta(days=days))
    async with database.reading() as session:
        assert (await session.get(Workspace, both) is None) == goes
        assert await session.get(Workspace, workspace_id) is not None


async def test_a_purge_survives_being_cut_off(database: Database, both: UUID) -> None:
    async with database.transaction() as session:
        await remove(session, both, SYSTEM, NOW)
        await session.execute(update(WorkflowPlan).where(WorkflowPlan.workspace_id == both).values(urgency=None))
        await session.execute(text("DELETE FROM workflow_plans WHERE workspace_id = :id"), {"id": both})
    await cli.purge(database, OTHER)
    assert set((await rows_of(database, both)).values()) == {0}


async def first_line(database: Database, team: str) -> str:
    return await anext(cli.export(database, team))


@pytest.mark.parametrize(
    "command",
    [
        lambda database, team: cli.show(database, team, NOW),
        lambda database, team: cli.set_(database, team, "time_zone=UTC"),
        first_line,
        cli.purge,
    ],
    ids=["show", "set", "export", "purge"],
)
async def test_a_workspace_that_is_not_there_is_named(
    database: Database, command: Callable[[Database, str], Awaitable[str]]
) -> None:
    with pytest.raises(CommandFailed, match="There is no workspace T0NOBODY"):
        await command(database, "T0NOBODY")


async def test_a_key_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    secrets.add(parser.add_subparsers())
    options = parser.parse_args(["secrets", "new-key"])
    assert await options.run(Settings(), options) == 0
    assert SecretBox([capsys.readouterr().out.strip()])


async def test_keys_are_rotated(database: Database, database_url: str, both: UUID) -> None:
    newer = new_key()
    env = {"DATABASE_URL": database_url, "MUDDA_SECRET_KEY": f"{newer},{KEY}"}
    async with bot_process("secrets", "rotate", env=env) as mudda:
        assert await mudda.finished() == 0
    assert mudda.output == "2 sealed with the first key. The others can be taken out of MUDDA_SECRET_KEY.\n"
    async with database.reading() as session:
        found = await InstallationService(SecretBox([newer])).find(session, Workspace.id == both)
    assert found is not None
    assert found.token == "xoxb-planted"


async def test_a_rotation_without_the_old_key_changes_nothing(database: Database, both: UUID) -> None:
    with pytest.raises(CommandFailed, match="Nothing was changed"):
        await secrets.rotate(database, SecretBox([new_key()]))
    async with database.reading() as session:
        found = await InstallationService(SecretBox([KEY])).find(session, Workspace.id == both)
    assert found is not None


def test_a_secret_key_that_is_none_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUDDA_SECRET_KEY", PLANTED)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert any("MUDDA_SECRET_KEY: must be keys" in line for line in refused.value.lines)
    assert PLANTED not in "".join(traceback.format_exception(refused.value))
