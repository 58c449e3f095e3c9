"""Importing, and importing again: what is new, what differs, what people changed, and what is gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from db.models import AuditEvent, Component
from db.session import Database
from services import audit
from services.components.definitions import ComponentDefinition
from services.components.importing import EntryState, ImportPreview, ImportResult, ImportService
from services.components.openapi.model import ApiDocument, Reason
from services.components.service import ComponentService
from tests.support.openapi import document, operation, read

SERVICE = ImportService()


def orders(**of_get: Any) -> dict[str, Any]:
    """A document of three operations."""
    return document(
        {
            "/orders": {
                "get": operation(**{"operationId": "listOrders", "summary": "List orders", **of_get}),
                "post": operation(operationId="createOrder", summary="Create an order"),
            },
            "/orders/{id}": {"delete": operation(operationId="deleteOrder", summary="Delete an order")},
        }
    )


async def preview(
    database: Database, workspace_id: UUID, whole: ApiDocument, refused: Mapping[str, str] | None = None
) -> ImportPreview:
    async with database.reading() as session:
        return await SERVICE.preview(session, workspace_id, whole, refused_origins=refused or {})


async def carry_out(
    database: Database,
    workspace_id: UUID,
    whole: ApiDocument,
    chosen: Collection[str] | None = None,
    **options: Any,
) -> ImportResult:
    async with database.transaction() as session:
        return await SERVICE.carry_out(
            session,
            workspace_id,
            whole,
            chosen=chosen,
            **{"refused_origins": {}, "actor": audit.OPERATOR, **options},
        )


async def change(database: Database, workspace_id: UUID, key: str, **members: Any) -> None:
    """Change a component by hand, as a pack does."""
    async with database.transaction() as session:
        stored = await ComponentService().get(session, workspace_id, key)
        definition = ComponentDefinition.model_validate({**stored.definition.model_dump(mode="json"), **members})
        await ComponentService().load(session, workspace_id, [definition])


async def stored(database: Database, workspace_id: UUID, key: str) -> ComponentDefinition:
    async with database.reading() as session:
        return (await ComponentService().get(session, workspace_id, key)).definition


async def untouched(database: Database) -> set[str]:
    """The keys of the components that nobody can have changed since they were imported."""
    async with database.reading() as session:
        are = Component.imported.has_key("untouched")
        return {*await session.scalars(select(Component.key).where(are))}


def states(found: ImportPreview) -> dict[str, str]:
    return {entry.operation.id: entry.state for entry in found.entries}


async def test_what_is_new_is_imported_and_then_nothing_is_left_to_do(
    database: Database, workspace_id: UUID
) -> None:
    whole = read(orders())
    assert {*states(await preview(database, workspace_id, whole)).values()} == {EntryState.NEW}
    first = await carry_out(database, workspace_id, whole)
    assert first.created == ("works.create_order", "works.delete_order", "works.list_orders")
    found = await preview(database, workspace_id, whole)
    assert {*states(found).values()} == {EntryState.UNCHANGED}
    assert [entry.approval for entry in found.entries] == ["none", "plan", "step"]
    second = await carry_out(database, workspace_id, whole)
    assert (second.created, second.updated, second.unchanged) == ((), (), first.created)
    async with database.reading() as session:
        events = list(await session.scalars(select(AuditEvent).where(AuditEvent.action == "components.imported")))
    assert [event.facts["created"] for event in events] == [list(first.created)]
    assert events[0].facts["digest"] == whole.digest


async def test_only_what_is_chosen_is_imported(database: Database, workspace_id: UUID) -> None:
    result = await carry_out(database, workspace_id, read(orders()), ["POST /orders"])
    assert result.created == ("works.create_order",)
    assert states(await preview(database, workspace_id, read(orders()))) == {
        "GET /orders": EntryState.NEW,
        "POST /orders": EntryState.UNCHANGED,
        "DELETE /orders/{id}": EntryState.NEW,
    }


async def test_what_the_document_changed_is_named_and_taken_over(database: Database, workspace_id: UUID) -> None:
    await carry_out(database, workspace_id, read(orders()))
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    newer = read(orders(summary="List all orders", parameters=[limit]))
    entry = (await preview(database, workspace_id, newer)).in_state(EntryState.CHANGED)[0]
    assert (entry.key, entry.changes, entry.kept) == (
        "works.list_orders",
        ("name", "description", "query_params"),
        (),
    )
    result = await carry_out(database, workspace_id, newer)
    assert result.updated == ("works.list_orders",)
    assert (await stored(database, workspace_id, "works.list_orders")).query_params == {
        "limit": {"type": "integer"}
    }


async def test_what_people_changed_stays_whatever_the_document_says(
    database: Database, workspace_id: UUID
) -> None:
    await carry_out(database, workspace_id, read(orders()))
    key = "works.list_orders"
    await change(database, workspace_id, key, approval="step", name="Our orders", timeout_seconds=5.0)
    entry = (await preview(database, workspace_id, read(orders()))).entries[0]
    assert (entry.state, {*entry.kept}) == (EntryState.UNCHANGED, {"approval", "name", "timeout_seconds"})
    newer = read(orders(summary="List all orders", tags=["orders"]))
    entry = (await preview(database, workspace_id, newer)).entries[0]
    assert ({*entry.changes}, {*entry.kept}) == (
        {"description", "category"},
        {"approval", "name", "timeout_seconds"},
    )
    for _ in range(2):
        result = await carry_out(database, workspace_id, newer)
        assert {*result.kept[key]} == {"approval", "name", "timeout_seconds"}
        component = await stored(database, workspace_id, key)
        assert (component.approval, component.name, component.category) == ("step", "Our orders", "orders")


async def test_what_people_changed_in_the_database_itself_stays_too(
    database: Database, workspace_id: UUID
) -> None:
    await carry_out(database, workspace_id, read(orders()))
    async with database.transaction() as session:
        await session.execute(text("UPDATE components SET name = 'Ours' WHERE key = 'works.list_orders'"))
    assert await untouched(database) == {"works.create_order", "works.delete_order"}
    for _ in range(2):
        result = await carry_out(database, workspace_id, read(orders(summary="List all orders")))
        assert result.kept == {"works.list_orders": ("name",)}
    assert (await stored(database, workspace_id, "works.list_orders")).name == "Ours"


async def test_one_that_is_as_imported_after_all_is_looked_at_once(database: Database, workspace_id: UUID) -> None:
    await carry_out(database, workspace_id, read(orders()))
    key = "works.list_orders"
    for name in ("Ours", (await stored(database, workspace_id, key)).name):
        await change(database, workspace_id, key, name=name)
    async with database.transaction() as session:
        # As they were noted before PostgreSQL took notice of changes.
        await session.execute(
            text(
                "UPDATE components SET imported = imported - 'untouched' || jsonb_build_object('form', md5(name))"
                " WHERE key <> :key"
            ),
            {"key": key},
        )
    assert await untouched(database) == set()
    result = await carry_out(database, workspace_id, read(orders()))
    assert (result.updated, len(result.unchanged)) == ((), 3)
    assert await untouched(database) == {key, "works.create_order", "works.delete_order"}


async def test_url_and_path_parameters_are_kept_together(database: Database, workspace_id: UUID) -> None:
    await carry_out(database, workspace_id, read(orders()))
    key = "works.delete_order"
    await change(database, workspace_id, key, endpoint_url="https://proxy.example/orders/{id}")
    whole = orders()
    whole["paths"]["/orders/{id}"]["parameters"] = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    ]
    entry = (await preview(database, workspace_id, read(whole))).entries[2]
    assert (entry.state, {*entry.kept}) == (EntryState.UNCHANGED, {"endpoint_url", "path_params"})


async def test_what_is_gone_is_named_and_stays_in_use_unless_asked(database: Database, workspace_id: UUID) -> None:
    await carry_out(database, workspace_id, read(orders()))
    less = orders()
    del less["paths"]["/orders/{id}"]
    found = await preview(database, workspace_id, read(less))
    assert [(each.key, each.operation) for each in found.gone] == [("works.delete_order", "DELETE /orders/{id}")]
    assert (await carry_out(database, workspace_id, read(less))).deactivated == ()
    result = await carry_out(database, workspace_id, read(less), deactivate_gone=True)
    assert result.deactivated == ("works.delete_order",)
    assert (await preview(database, workspace_id, read(less))).gone == ()


async def test_what_somebody_took_out_of_use_comes_back_only_if_it_is_chosen(
    database: Database, workspace_id: UUID
) -> None:
    await carry_out(database, workspace_id, read(orders()))
    async with database.transaction() as session:
        await ComponentService().deactivate(session, workspace_id, "works.create_order")
    entry = (await preview(database, workspace_id, read(orders()))).entries[1]
    assert (entry.state, entry.active) == (EntryState.UNCHANGED, False)
    assert "works.create_order" not in (await carry_out(database, workspace_id, read(orders()))).unchanged
    result = await carry_out(database, workspace_id, read(orders()), ["POST /orders"])
    assert result.updated == ("works.create_order",)
    assert (await preview(database, workspace_id, read(orders()))).entries[1].active


async def test_a_key_stays_when_its_operation_is_renamed_or_moved(database: Database, workspace_id: UUID) -> None:
    await carry_out(database, workspace_id, read(orders()))
    renamed = read(orders(operationId="findOrders"))
    assert (await preview(database, workspace_id, renamed)).entries[0].key == "works.list_orders"
    moved = orders()
    moved["paths"]["/v2/orders"] = {"get": moved["paths"]["/orders"].pop("get")}
    found = await preview(database, workspace_id, read(moved))
    entry = next(each for each in found.entries if each.operation.id == "GET /v2/orders")
    assert (entry.key, entry.changes) == ("works.list_orders", ("endpoint_url",))
    assert found.gone == ()


async def test_a_key_of_somebody_elses_component_is_not_taken(database: Database, workspace_id: UUID) -> None:
    mine = {
        "key": "works.list_orders",
        "name": "Mine",
        "description": "Mine.",
        "endpoint_url": "https://a.example/",
    }
    async with database.transaction() as session:
        await ComponentService().load(session, workspace_id, [ComponentDefinition.model_validate(mine)])
    found = await preview(database, workspace_id, read(orders()))
    assert found.entries[0].key == "works.get_orders"
    async with database.transaction() as session:
        other = ComponentDefinition.model_validate({**mine, "key": "works.get_orders"})
        await ComponentService().load(session, workspace_id, [other])
    entry = (await preview(database, workspace_id, read(orders()))).entries[0]
    assert [each.reason for each in entry.refused] == [Reason.KEY_TAKEN]
    await carry_out(database, workspace_id, read(orders()), ["GET /orders", "POST /orders"])
    assert (await stored(database, workspace_id, "works.list_orders")).name == "Mine"


async def test_a_component_that_somebody_wrote_down_already_is_known_again(
    database: Database, workspace_id: UUID
) -> None:
    whole = read(orders())
    definition = ComponentDefinition.model_validate({**(whole.operations[0].definition or {}), "name": "Ours"})
    async with database.transaction() as session:
        await ComponentService().load(session, workspace_id, [definition])
    result = await carry_out(database, workspace_id, whole)
    assert result.kept == {"works.list_orders": ("name",)}
    newer = read(orders(summary="List all orders"))
    entry = (await preview(database, workspace_id, newer)).entries[0]
    assert (entry.changes, entry.kept) == (("description",), ("name",))


async def test_an_address_that_must_not_be_called_is_named_and_nothing_of_it_imported(
    database: Database, workspace_id: UUID
) -> None:
    whole = {**orders(), "servers": [{"url": "http://169.254.169.254/"}]}
    refused = {"http://169.254.169.254:80": "metadata"}
    found = await preview(database, workspace_id, read(whole), refused)
    about = {(each.reason, each.about) for entry in found.entries for each in entry.refused}
    assert about == {(Reason.ADDRESS, "http://169.254.169.254:80: metadata")}
    result = await carry_out(database, workspace_id, read(whole), refused_origins=refused)
    assert result.created == ()


async def test_what_fails_halfway_leaves_nothing(database: Database, workspace_id: UUID) -> None:
    class Halfway(Exception):
        pass

    try:
        async with database.transaction() as session:
            await SERVICE.carry_out(
                session, workspace_id, read(orders()), chosen=None, refused_origins={}, actor=audit.OPERATOR
            )
            raise Halfway
    except Halfway:
        pass
    async with database.reading() as session:
        assert list(await session.scalars(select(Component))) == []
        assert list(await session.scalars(select(AuditEvent))) == []
