"""The registry at work: components are found, looked at, changed by admins, taken back, and tried by anybody."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from bot.sandbox.slack import Message
from bot.sandbox.slack.outbound.delivery import Delivery
from bot.sandbox.slack.state.model import User
from bot.slack import ids
from db.models import AuditEvent, Base, Component, PlanVersion
from db.url import dsn_and_timeout
from services.health.hosts import FAILURES, record_failure
from services.workspaces.secrets import new_key
from tests.support.run_starts import now, registered
from tests.support.town_hall import TownHall, buttons, card_text, plan_card, town_hall

FIND, CREATE = "open311.find_requests", "workorders.create"
SECRET = "planted-in-the-modal"


@pytest.fixture
async def sealed_hall(database_url: str) -> AsyncIterator[TownHall]:
    """A bot that can keep secrets."""
    async with town_hall(database_url, mudda_secret_key=SecretStr(new_key())) as running:
        yield running


def told(hall: TownHall, user: str) -> list[str]:
    return [card_text(message) or message.text for message in hall.slack.ephemerals("works", user)]


async def hears(hall: TownHall, user: str, *said: str) -> Message:
    """Wait until a person was told all of these in one private message."""

    def found() -> Message | None:
        for message in hall.slack.ephemerals("works", user):
            if all(words in card_text(message) + message.text for words in said):
                return message
        return None

    return await hall.slack.wait_for(found)


async def row(hall: TownHall, key: str) -> Component:
    async with hall.database.reading() as session:
        return (await session.scalars(select(Component).where(Component.key == key))).one()


async def opened(hall: TownHall, user: str, key: str) -> str:
    """List the component, open it, and return all that its modal says."""
    await hall.slack.send_command(user, "works", "/mudda", f"components {key}")
    listed = hall.slack.ephemerals("works", user)[-1]
    value = ids.Ref((await row(hall, key)).id, 0).encode()
    delivery = await hall.slack.click(user, "works", listed.ts, ids.ACTION_COMPONENT_OPEN, value)
    assert delivery.acked
    return modal(hall, user)


def modal(hall: TownHall, user: str) -> str:
    return json.dumps(hall.slack.views(user)[-1].blocks, ensure_ascii=False)


async def press(hall: TownHall, user: str, action: str) -> str:
    """Press a button of the modal on top; all that the next one says."""
    delivery = await hall.slack.click_in_view(user, hall.slack.views(user)[-1].id, action)
    assert delivery.acked
    return modal(hall, user)


async def submit(hall: TownHall, user: str, **fields: str) -> Delivery:
    """Submit the modal on top."""
    values = {f"{ids.BLOCK_FIELD}{name}": {ids.INPUT_FIELD: value} for name, value in fields.items()}
    return await hall.slack.submit_view(hall.slack.views(user)[-1].id, values)


async def test_a_search_finds_what_is_spelled_alike(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", "components workordr")
    listed = card_text(hall.slack.ephemerals("works", "priya")[-1])
    assert "Little matches “workordr”" in listed
    assert CREATE in listed
    await hall.slack.send_command("priya", "works", "/components", "zeppelin")
    assert "No components match" in card_text(hall.slack.ephemerals("works", "priya")[-1])


async def test_a_clerk_sees_a_component_and_why_it_can_not_be_changed(hall: TownHall) -> None:
    said = await opened(hall, "priya", FIND)
    assert "Only admins of the workspace can change components." in said
    assert "Try it" in said
    assert "not called" in said
    assert not {ids.ACTION_COMPONENT_EDIT, ids.ACTION_COMPONENT_SWITCH} & set(said.split('"'))


async def test_who_is_no_admin_any_more_changes_nothing(hall: TownHall) -> None:
    await opened(hall, "marco", FIND)
    await press(hall, "marco", ids.ACTION_COMPONENT_EDIT)
    marco = hall.slack.user("marco")
    hall.slack.workspace.users[marco.id] = User(marco.id, marco.name, marco.real_name)
    await submit(hall, "marco", timeout_seconds="60")
    await hears(hall, "marco", "Only admins of the workspace")
    assert (await row(hall, FIND)).timeout_seconds != 60


async def test_an_admin_edits_and_takes_it_back(hall: TownHall) -> None:
    before = await row(hall, FIND)
    await opened(hall, "marco", FIND)
    await press(hall, "marco", ids.ACTION_COMPONENT_EDIT)
    refused = await submit(hall, "marco", timeout_seconds="soon", attempts="11", name=" ")
    assert set(refused.errors) == {f"{ids.BLOCK_FIELD}{name}" for name in ("timeout_seconds", "attempts", "name")}
    # The form is still there, with all that was typed.
    right = {"name": before.name, "attempts": str(before.attempts)}
    await submit(hall, "marco", timeout_seconds="61", per_minute="30", approval="step", **right)
    message = await hears(hall, "marco", "is changed", "→ 61", "nothing → 30")
    assert hall.slack.views("marco") == []
    after = await row(hall, FIND)
    assert (after.timeout_seconds, after.per_minute, after.approval) == (61.0, 30, "step")
    async with hall.database.reading() as session:
        query = select(AuditEvent).where(AuditEvent.action == "component.changed")
        event = (await session.scalars(query)).one()
    assert event.actor == hall.slack.user("marco").id
    assert event.facts["before"]["timeout_seconds"] == before.timeout_seconds
    await hall.slack.click("marco", "works", message.ts, buttons(message)["Undo"]["action_id"])
    await submit(hall, "marco")
    await hears(hall, "marco", "is taken back")
    back = await row(hall, FIND)
    assert (back.timeout_seconds, back.per_minute, back.approval) == (
        before.timeout_seconds,
        before.per_minute,
        before.approval,
    )


async def test_what_has_changed_since_is_neither_edited_nor_taken_back(hall: TownHall) -> None:
    await opened(hall, "marco", FIND)
    await press(hall, "marco", ids.ACTION_COMPONENT_EDIT)
    await submit(hall, "marco", attempts="2")
    message = await hears(hall, "marco", "is changed")
    await hall.slack.click("marco", "works", message.ts, ids.ACTION_COMPONENT_UNDO)
    async with hall.database.transaction() as session:
        component = (await session.scalars(select(Component).where(Component.key == FIND))).one()
        component.attempts = 7
    await submit(hall, "marco")
    await hears(hall, "marco", "has changed in the meantime")
    assert (await row(hall, FIND)).attempts == 7
    await opened(hall, "marco", FIND)
    await press(hall, "marco", ids.ACTION_COMPONENT_EDIT)
    async with hall.database.transaction() as session:
        component = (await session.scalars(select(Component).where(Component.key == FIND))).one()
        component.attempts = 8
    before = len(told(hall, "marco"))
    await submit(hall, "marco", attempts="3")
    await hall.slack.wait_for(lambda: len(told(hall, "marco")) > before)
    assert (await row(hall, FIND)).attempts == 8


async def test_switching_off_names_the_drafts_that_use_it(hall: TownHall) -> None:
    await plan_card(hall)
    async with hall.database.reading() as session:
        version = (await session.scalars(select(PlanVersion))).one()
    key = next(step["component_id"] for step in version.document["steps"] if "." in step["component_id"])
    said = await opened(hall, "marco", key)
    assert "#1 " in said
    asked = await press(hall, "marco", ids.ACTION_COMPONENT_SWITCH)
    assert "Drafts that use it" in asked
    assert "#1 " in asked
    await submit(hall, "marco")
    await hears(hall, "marco", "is switched off")
    assert not (await row(hall, key)).is_active
    again = await opened(hall, "marco", key)
    assert "It is switched off" in again
    await press(hall, "marco", ids.ACTION_COMPONENT_SWITCH)
    await submit(hall, "marco")
    await hears(hall, "marco", "is switched on")
    assert (await row(hall, key)).is_active


async def test_a_secret_is_set_and_found_nowhere(sealed_hall: TownHall, caplog: pytest.LogCaptureFixture) -> None:
    hall = sealed_hall
    caplog.set_level(logging.DEBUG)
    await remember_jobs(hall.database.url)
    await registered(
        hall.database,
        hall.deps.workspace.id,
        {
            "key": "keyed.find",
            "endpoint_url": f"{hall.town.url}/nowhere",
            "auth": {"type": "bearer", "token": "secret:TOKEN"},
        },
    )
    assert "TOKEN: " in await opened(hall, "marco", "keyed.find")
    await press(hall, "marco", ids.ACTION_COMPONENT_SECRET)
    view = hall.slack.views("marco")[-1]
    empty = await hall.slack.submit_view(view.id, {ids.BLOCK_SECRET: {ids.INPUT_SECRET: " "}})
    assert set(empty.errors) == {ids.BLOCK_SECRET}
    await hall.slack.submit_view(view.id, {ids.BLOCK_SECRET: {ids.INPUT_SECRET: SECRET}})
    await hears(hall, "marco", "The secret TOKEN")
    async with hall.deps.database.reading() as session:
        kept = await hall.deps.secrets.opened(session, hall.deps.workspace.id, "keyed.find")
    assert kept == {"TOKEN": SECRET}
    assert "set by" in await opened(hall, "marco", "keyed.find")
    await press(hall, "marco", ids.ACTION_COMPONENT_TRY)
    await submit(hall, "marco")
    await hears(hall, "marco", "A call of")
    for where, found in (await everything(hall, caplog)).items():
        assert SECRET not in found, where


async def remember_jobs(database_url: str) -> None:
    """Have PostgreSQL keep what is put into the queue: a job that is done leaves it."""
    dsn, _ = dsn_and_timeout(database_url)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "CREATE TABLE seen_jobs (payload bytea); GRANT SELECT ON seen_jobs TO PUBLIC;"
            "CREATE FUNCTION see_job() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
            " $$ BEGIN INSERT INTO public.seen_jobs VALUES (NEW.payload); RETURN NEW; END $$;"
            "CREATE TRIGGER see_job BEFORE INSERT ON pgqueuer FOR EACH ROW EXECUTE FUNCTION see_job()"
        )
    finally:
        await connection.close()


async def everything(hall: TownHall, caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """What was logged, told, written down, and put into the queue."""
    found = {"a log line": caplog.text, "Slack": "\n".join(repr(call.args) for call in hall.slack.transcript)}
    found["a private message"] = "\n".join(told(hall, "marco"))
    async with hall.database.reading() as session:
        for table in Base.metadata.sorted_tables:
            rows = await session.execute(text(f"SELECT to_jsonb({table.name})::text FROM {table.name}"))
            found[f"a row of {table.name}"] = "\n".join(rows.scalars())
        jobs = await session.execute(text("SELECT convert_from(payload, 'utf-8') FROM seen_jobs"))
        found["a job"] = "\n".join(jobs.scalars())
    return found


async def test_the_job_of_a_secret_holds_it_sealed(sealed_hall: TownHall) -> None:
    sealed = sealed_hall.deps.secrets.sealed(sealed_hall.deps.workspace.id, "a", "TOKEN", SECRET)
    assert SECRET not in repr(sealed)


async def test_anybody_tries_what_only_reads(hall: TownHall) -> None:
    await opened(hall, "priya", FIND)
    await press(hall, "priya", ids.ACTION_COMPONENT_TRY)
    await submit(hall, "priya")
    await hears(hall, "priya", "A call of", "Sent", "Answer", "GET http")
    assert len(hall.town.received(FIND)) == 1
    assert hall.slack.messages("works") == []
    async with hall.database.reading() as session:
        event = (await session.scalars(select(AuditEvent).where(AuditEvent.action == "component.tried"))).one()
    assert event.actor == hall.slack.user("priya").id


async def test_a_write_is_never_sent(hall: TownHall) -> None:
    assert "Try it" not in await opened(hall, "marco", CREATE)
    await opened(hall, "priya", FIND)
    await press(hall, "priya", ids.ACTION_COMPONENT_TRY)
    # It becomes one that writes while the form is open.
    async with hall.database.transaction() as session:
        component = (await session.scalars(select(Component).where(Component.key == FIND))).one()
        component.http_method = "POST"
    await submit(hall, "priya")
    await hears(hall, "priya", "so it can't be tried here. Nothing was sent.")
    assert hall.town.received(FIND) == []


async def test_a_host_that_does_not_answer_is_said(hall: TownHall) -> None:
    host = (await row(hall, FIND)).endpoint_url.split("/")[2]
    async with hall.deps.database.transaction() as session:
        for _ in range(FAILURES):
            await record_failure(session, hall.deps.workspace.id, host, "timeout", now())
    assert "does not answer" in await opened(hall, "priya", FIND)
