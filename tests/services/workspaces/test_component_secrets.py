"""Secrets of components: kept sealed, opened for one workspace, component and name, and shown to nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from bot.cli import secrets as cli
from bot.cli.command import CommandFailed
from bot.cli.component_checks import missing_secrets, silent_hosts
from bot.config import Settings
from db.models import AuditEvent, ComponentSecret, HostFault
from db.session import Database
from services.components.definitions import ComponentDefinition
from services.components.secret_names import named_secrets
from services.connectors.errors import NotSent
from services.steps.contexts import CallContexts
from services.workspaces import ensure
from services.workspaces.component_secrets import ComponentSecrets
from services.workspaces.renewed_tokens import RenewedTokens
from services.workspaces.secrets import SecretBox, new_key
from tests.support.run_starts import registered

TEAM = "T0001"
VALUE = "planted-secret-value"
WORKS = {
    "key": "works.create",
    "endpoint_url": "https://works.example/?v=env:VERSION",
    "auth": {"type": "bearer", "token": "secret:TOKEN"},
    "headers": {"X-Key": {"const": "secret:OWN"}},
}
DEFINITION = ComponentDefinition.model_validate({"name": "n", "description": "d", **WORKS})


def kept(*keys: str) -> ComponentSecrets:
    return ComponentSecrets(SecretBox(keys))


async def set_one(database: Database, secrets: ComponentSecrets, name: str = "TOKEN") -> None:
    await cli.set_(database, secrets, TEAM, "works.create", name, VALUE)


async def test_a_secret_is_opened_for_a_call_and_shown_nowhere(database: Database, workspace_id: UUID) -> None:
    secrets = kept(new_key())
    await registered(database, workspace_id, WORKS)
    await set_one(database, secrets)
    context = await CallContexts(database, secrets, RenewedTokens(None)).of(workspace_id, DEFINITION)
    assert context.sealed == {"TOKEN": VALUE}
    assert VALUE not in repr(context)
    assert VALUE not in await cli.list_(database, secrets, TEAM)
    async with database.reading() as session:
        [event] = await session.scalars(select(AuditEvent).where(AuditEvent.action == "component.secret_set"))
        assert event.facts == {"component": "works.create", "name": "TOKEN"}
        [row] = await session.scalars(select(ComponentSecret))
        assert VALUE not in row.sealed


@pytest.mark.parametrize("change", ["component_key", "name", "workspace_id"])
async def test_a_row_that_is_copied_over_another_opens_for_nobody(
    database: Database, workspace_id: UUID, change: str
) -> None:
    secrets = kept(new_key())
    await registered(database, workspace_id, WORKS)
    await set_one(database, secrets)
    async with database.transaction() as session:
        other = await ensure(session, "T0002")
        values = {"component_key": "other", "name": "OTHER", "workspace_id": other}
        await session.execute(update(ComponentSecret).values({change: values[change]}))
    where = other if change == "workspace_id" else workspace_id
    key = "other" if change == "component_key" else "works.create"
    async with database.reading() as session:
        assert await secrets.opened(session, where, key) == {}
        [line] = await secrets.list(session, where)
        assert not line.opens


async def test_keys_are_changed_without_a_secret_being_lost(database: Database, workspace_id: UUID) -> None:
    old, new = new_key(), new_key()
    await registered(database, workspace_id, WORKS)
    await set_one(database, kept(old))
    with pytest.raises(CommandFailed, match="Nothing was changed"):
        await cli.rotate(database, SecretBox([new]))
    assert await cli.rotate(database, SecretBox([new, old])) == 1
    async with database.reading() as session:
        assert await kept(new).opened(session, workspace_id, "works.create") == {"TOKEN": VALUE}
        [line] = await kept(new).list(session, workspace_id)
        assert line.key_id == SecretBox([new]).key_id


async def test_setting_again_replaces_and_there_is_one(database: Database, workspace_id: UUID) -> None:
    secrets = kept(new_key())
    await registered(database, workspace_id, WORKS)
    await set_one(database, secrets)
    await set_one(database, secrets)
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(ComponentSecret)) == 1


@pytest.mark.parametrize(
    ("component", "name", "value", "said"),
    [
        ("none.such", "TOKEN", VALUE, "There is no component none.such"),
        ("works.create", "TO KEN", VALUE, "A name has letters"),
        ("works.create", "TOKEN", " \n", "There was nothing to keep"),
        ("works.create", "TOKEN", "x" * 20_001, "too long"),
    ],
)
async def test_what_can_not_be_kept_is_said(
    database: Database, workspace_id: UUID, component: str, name: str, value: str, said: str
) -> None:
    await registered(database, workspace_id, WORKS)
    with pytest.raises(CommandFailed, match=said):
        await cli.set_(database, kept(new_key()), TEAM, component, name, value)
    with pytest.raises(CommandFailed, match="MUDDA_SECRET_KEY is missing"):
        await cli.set_(database, ComponentSecrets(None), TEAM, "works.create", "TOKEN", VALUE)


def test_all_places_are_looked_at_for_names() -> None:
    assert named_secrets(DEFINITION) == (frozenset({"VERSION"}), frozenset({"TOKEN", "OWN"}))


async def test_the_doctor_names_what_is_missing_and_who_does_not_answer(
    database: Database, workspace_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_key()
    await registered(database, workspace_id, WORKS)
    await set_one(database, kept(key))
    settings = Settings(_env_file=None, mudda_secret_key=key)
    told = await missing_secrets(settings, database)
    assert told == [
        "works.create in T0001 needs VERSION, which is not set.",
        "works.create in T0001 needs secret:OWN: “mudda secrets set works.create OWN” keeps it.",
    ]
    monkeypatch.setenv("VERSION", "2")
    other_key = Settings(_env_file=None, mudda_secret_key=new_key())
    assert await missing_secrets(other_key, database) == [
        told[1],
        "works.create in T0001: no key of MUDDA_SECRET_KEY opens secret:TOKEN. Set it again.",
    ]
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    async with database.transaction() as session:
        session.add(
            HostFault(
                workspace_id=workspace_id,
                host="works.example",
                failures=8,
                since=now,
                reason="timeout",
                closed_until=now,
                updated_at=now,
            )
        )
    assert await silent_hosts(database) == [
        "works.example does not answer (timeout) since 2026-03-01 12:00 UTC; tried again at 12:00:00 UTC."
    ]


async def test_a_database_that_is_away_leaves_nothing_in_doubt(workspace_id: UUID) -> None:
    away = Database("postgresql://postgres@127.0.0.1:1/none")
    with pytest.raises(NotSent, match="secret"):
        await CallContexts(away, kept(new_key()), RenewedTokens(None)).of(workspace_id, DEFINITION)
    await away.close()
