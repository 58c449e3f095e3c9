"""The second wall: whatever a query forgets, a transaction sees and writes rows of its own workspace only."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from sqlalchemy import Table, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from db.engine import TENANT_ROLE
from db.migrate import migrate
from db.models import (
    AICall,
    AnswerStream,
    ApiRequest,
    ApiToken,
    Base,
    ComponentSecret,
    ComponentTurns,
    Conversation,
    FunctionExecution,
    HeardMessage,
    Home,
    InboxEntry,
    Open311Endpoint,
    PlanningNoteRow,
    RenewedToken,
    Webhook,
    Workspace,
)
from db.session import Database
from services.approvals import ApprovalRules, ApprovalService
from services.audit import Actor
from services.health.hosts import record_failure
from services.imports.offers import ImportOffers, OfferKind
from services.notifications.service import NotificationService
from services.notifications.subjects import Subject
from services.policies.documents import parse_policy
from services.policies.service import PolicyService
from services.workspaces import ensure
from tests.conftest import SERVER_URL
from tests.support import runs_on_record
from tests.support.postgres import database_url as url_of
from tests.support.postgres import prepared_database
from tests.support.run_starts import begun, registered, step

SHARED = {
    "inbox": "Slack's own ids of what it sent, and nothing else",
    "alembic_version": "which migrations have run",
}
"""The tables without a wall, and why. Nor has the queue one: its workers take jobs of every workspace."""

MODEL_CALL = {
    "agent": "planner",
    "model": "m",
    "prompt_tokens": 1,
    "output_tokens": 1,
    "total_tokens": 2,
    "latency_ms": 1,
    "attempts": 1,
    "outcome": "ok",
}

TABLES = [table for table in Base.metadata.sorted_tables if table.name not in SHARED]
BY_WORKSPACE = [table for table in TABLES if "workspace_id" in table.c]


@pytest.fixture
async def prepared(pytestconfig: pytest.Config) -> AsyncIterator[tuple[str, tuple[UUID, UUID]]]:
    """A database with two workspaces that have rows in every table: filled once, and cloned for each test."""
    async with prepared_database(pytestconfig.stash[SERVER_URL], "two workspaces", filled) as found:
        yield found


@pytest.fixture
def database_url(prepared: tuple[str, tuple[UUID, UUID]]) -> str:
    """Its URL, in the place of that of an empty one."""
    return prepared[0]


@pytest.fixture
def two(prepared: tuple[str, tuple[UUID, UUID]]) -> tuple[UUID, UUID]:
    """The ids of the two."""
    return prepared[1]


async def filled(url: str) -> tuple[UUID, UUID]:
    database = Database(url).everywhere()
    try:
        return await _filled(database)
    finally:
        await database.close()


async def _filled(database: Database) -> tuple[UUID, UUID]:
    ids = []
    for team in ("T0000000A", "T0000000B"):
        async with database.transaction() as session:
            workspace_id = await ensure(session, team)
            hook = {"url": "https://hook.example/", "events": ["run.ended", "run.started"], "secret": "sealed"}
            await session.execute(insert(Webhook).values(workspace_id=workspace_id, **hook))
            given = {"workspace_id": workspace_id, "name": "t", "hash": team, "rights": ["read"]}
            token = await session.scalar(insert(ApiToken).values(given).returning(ApiToken.id))
            asked = {"workspace_id": workspace_id, "token_id": token, "key": "k", "fingerprint": "f"}
            await session.execute(insert(ApiRequest).values(asked))
            plan = await runs_on_record.plan(session, workspace_id)
            await runs_on_record.run(session, workspace_id, plan, attempts=2)
            await ApprovalService().set_settings(session, workspace_id, ApprovalRules(), Actor("U0MARCO001"))
        await registered(database, workspace_id, {"key": "do", "endpoint_url": "https://city.example/do"})
        async with database.transaction() as session:
            policy = parse_policy(b"Close no road on a market day.", "roads")
            await PolicyService().load(session, workspace_id, policy, Actor("U0MARCO001"))
            await begun(session, workspace_id, [step("act", "do", gate=True)])
            values = {"workspace_id": workspace_id, **MODEL_CALL}
            await session.execute(insert(AICall).values(values))
            note = {"workspace_id": workspace_id, "text": "Wait", "origin": "written", "author": "U1"}
            await session.execute(insert(PlanningNoteRow).values(note))
            thread = {"workspace_id": workspace_id, "channel_id": "C1", "thread_ts": "1.1"}
            await session.execute(insert(Conversation).values(opened_by="U1", **thread))
            judged = {"key": "message:T1:C1:1.1", "user_id": "U1", "intent": "question", "judged_by": "model"}
            await session.execute(insert(HeardMessage).values(**thread, **judged))
            home = {"workspace_id": workspace_id, "user_id": "U1", "opened_at": datetime.now(UTC)}
            await session.execute(insert(Home).values(home))
            stream = {**thread, "workspace_id": workspace_id, "ts": "1.2", "user_id": "U1"}
            await session.execute(insert(AnswerStream).values(stream))
            waits = {"workspace_id": workspace_id, "execution_id": "Fx1", "function": "run"}
            await session.execute(insert(FunctionExecution).values(waits))
            town = {"workspace_id": workspace_id, "prefix": "open311_a", "base_url": "https://311.example"}
            empty = {"source": {}, "changeset": "", "services": {}, "codes": {}, "keys": []}
            await session.execute(insert(Open311Endpoint).values(**town, **empty, refreshed_at=func.now()))
            offers, now = ImportOffers(), datetime.now(UTC)
            await offers.begin(session, workspace_id, "message:1:0", "U1", OfferKind.PACK, now)
            secret = {"component_key": "do", "name": "KEY", "sealed": "x", "key_id": "k", "set_by": "U1"}
            await session.execute(insert(ComponentSecret).values(workspace_id=workspace_id, set_at=now, **secret))
            tokens = {"workspace_id": workspace_id, "client": "c", "renewed_at": now}
            await session.execute(insert(RenewedToken).values(tokens))
            turns = {"workspace_id": workspace_id, "component_key": "do", "calls": {}}
            await session.execute(insert(ComponentTurns).values(turns))
            await record_failure(session, workspace_id, "city.example", "timeout", now)
            told = Subject.of_plan(plan, 1)
            ringing = NotificationService(ZoneInfo("UTC")).ringing
            await ringing.tell(session, workspace_id, told, "U1", None, datetime.now(UTC), is_personal=True)
        ids.append(workspace_id)
    return ids[0], ids[1]


async def count(database: Database, table: Table) -> int:
    async with database.reading() as session:
        return int(await session.scalar(select(func.count()).select_from(table)) or 0)


async def test_the_wall_asks_once_for_each_statement_and_not_for_each_row(database: Database) -> None:
    """Asked for each row, it took longer than all else that a statement over many rows does."""
    async with database.everywhere().reading() as session:
        rules = (await session.execute(text("SELECT tablename, qual FROM pg_policies"))).all()
    assert len(rules) >= len(TABLES)
    asked_for_each_row = [
        table
        for table, rule in rules
        if len(re.findall(r"SELECT [^)]*current_setting\(", rule)) < rule.count("current_setting(")
    ]
    assert not asked_for_each_row


async def test_every_table_has_the_wall_or_a_reason_to_have_none(database: Database) -> None:
    query = text(
        "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class"
        " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    async with database.reading() as session:
        walls = {row[0]: row[1] for row in await session.execute(query)}
    open_tables = {name for name, has in walls.items() if not has and not name.startswith("pgqueuer")}
    assert open_tables == set(SHARED)
    assert {table.name for table in TABLES} == {name for name, has in walls.items() if has}


async def test_a_query_without_a_where_finds_one_workspace_only(
    database: Database, two: tuple[UUID, UUID]
) -> None:
    for table in BY_WORKSPACE:
        both, one = await count(database, table), await count(database.of(two[0]), table)
        assert 0 < one < both, table.name
        async with database.of(two[0]).reading() as session:
            assert set(await session.scalars(select(table.c.workspace_id))) == {two[0]}, table.name


async def test_a_transaction_that_is_bound_to_nothing_finds_nothing(
    database: Database, database_url: str, two: tuple[UUID, UUID]
) -> None:
    unbound = Database(database_url)
    for table in TABLES:
        assert await count(unbound, table) == 0, table.name
        assert await count(database.of(uuid4()), table) == 0, table.name
    await unbound.close()


async def test_nothing_of_another_workspace_is_changed_or_deleted(
    database: Database, two: tuple[UUID, UUID]
) -> None:
    for table in BY_WORKSPACE:
        before = await count(database.of(two[1]), table)
        async with database.of(two[0]).transaction() as session:
            mine = update(table).where(table.c.workspace_id == two[1]).values(workspace_id=two[1])
            result = await session.execute(mine)
            assert result.rowcount == 0, table.name  # type: ignore[attr-defined]
            result = await session.execute(table.delete().where(table.c.workspace_id == two[1]))
            assert result.rowcount == 0, table.name  # type: ignore[attr-defined]
        assert await count(database.of(two[1]), table) == before > 0, table.name


async def test_no_row_is_put_into_another_workspace(database: Database, two: tuple[UUID, UUID]) -> None:
    values = {"workspace_id": two[1], **MODEL_CALL}
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.of(two[0]).transaction() as session:
            await session.execute(insert(AICall).values(values))
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.of(two[0]).transaction() as session:
            await session.execute(insert(Workspace).values(team_id="T9"))


async def test_a_binding_is_good_for_one_transaction(database: Database, two: tuple[UUID, UUID]) -> None:
    plans = Base.metadata.tables["workflow_plans"]
    for workspace_id in (*two, *two):
        async with database.of(workspace_id).reading() as session:
            assert set(await session.scalars(select(plans.c.workspace_id))) == {workspace_id}
            # What it can be talked into by SQL alone ends with it, too.
            await session.execute(text("SELECT set_config('mudda.workspace', '*', true)"))
    async with database.of(two[0]).transaction() as session:
        assert len(set(await session.scalars(select(plans.c.workspace_id)))) == 1
        await session.commit()
        assert len(set(await session.scalars(select(plans.c.workspace_id)))) == 1


async def test_a_reader_writes_nothing_and_reads_one_moment(database: Database, two: tuple[UUID, UUID]) -> None:
    bound = database.of(two[0])
    with pytest.raises(DBAPIError, match="read-only"):
        async with bound.reading() as session:
            await session.execute(insert(InboxEntry).values(key="k", kind="x"))
    async with bound.reading() as session:
        plans = select(func.count()).select_from(Base.metadata.tables["workflow_plans"])
        before = await session.scalar(plans)
        async with bound.transaction() as other:
            await begun(other, two[0], [step("act", "do")])
        assert await session.scalar(plans) == before


async def test_what_breaks_a_rule_is_said_as_before(database: Database, two: tuple[UUID, UUID]) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as session:
            await session.execute(insert(Workspace).values(team_id="T0000000A"))


@pytest.fixture
async def plain_owner(database_url: str) -> AsyncIterator[str]:
    """An empty database that belongs to a user without any right, as hosted ones do."""
    name = f"plain_{uuid4().hex}"
    admin = await asyncpg.connect(database_url)
    await admin.execute(f"CREATE ROLE {name} LOGIN")
    await admin.execute(f"CREATE DATABASE {name} OWNER {name}")
    own = database_url.split("?")[0].rsplit("/", 1)[1]
    yield url_of(database_url.replace(f"/{own}?", "/postgres?"), name).replace("//postgres:", f"//{name}:")
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.execute(f"DROP ROLE {name}")
    await admin.close()


async def test_the_wall_stands_for_an_owner_without_rights_and_without_the_role(plain_owner: str) -> None:
    await migrate(plain_owner)
    database = Database(plain_owner)
    everywhere = database.everywhere()
    async with everywhere.transaction() as session:
        ids = [await ensure(session, team) for team in ("T1", "T2")]
    workspaces = Base.metadata.tables["workspaces"]
    assert await count(everywhere, workspaces) == 2
    assert await count(database.of(ids[0]), workspaces) == 1
    assert await count(database, workspaces) == 0
    await database.close()


async def test_a_user_who_goes_past_the_wall_takes_the_role(database: Database) -> None:
    async with database.reading() as session:
        assert await session.scalar(text("SELECT current_user")) == TENANT_ROLE
    async with database.engine.connect() as connection:
        assert await connection.scalar(text("SELECT current_user")) == "postgres"


async def test_a_user_who_goes_past_it_and_may_not_take_the_role_is_told_so(
    plain_owner: str, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    admin = await asyncpg.connect(database_url)
    await admin.execute(f"ALTER ROLE {plain_owner.split('//')[1].split(':')[0]} BYPASSRLS")
    await admin.close()
    database = Database(plain_owner)
    async with database.reading() as session:
        await session.execute(text("SELECT 1"))
    await database.close()
    assert "one wall less" in caplog.text
