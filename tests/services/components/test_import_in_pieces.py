"""An import of a thousand large components holds up nobody: each is handed on as it is, and a few at a time.

How long the loop is held up is told by the processor's time that passes between two of its turns, and what goes to
PostgreSQL by its size: neither hangs on what else the machine does.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, update

from db.models import Component
from db.session import Database
from services import audit
from services.components.importing import EntryState, ImportService
from services.components.openapi.model import ApiDocument
from services.components.openapi.wire import document_of, lines_of
from services.components.service import ComponentService
from services.components.storing import PIECE
from services.components.written import WrittenDefinition, digest_of, text_of
from tests.support.held_up import held_up
from tests.support.openapi import document, operation, read

SERVICE = ImportService()
OPERATIONS = 300
MOST = 0.05
"""Seconds of the processor's time between two turns of the loop."""


def large() -> ApiDocument:
    """A document of many operations whose answers take 30 KB each. It is one of one, many times over."""
    schema = {
        "type": "object",
        "properties": {f"p{n}": {"type": "string", "example": "x" * 90} for n in range(190)},
    }
    answer = {"200": {"description": "x", "content": {"application/json": {"schema": schema}}}}
    whole = read(document({"/x": {"get": operation(operationId="x", summary="Look", responses=answer)}}))
    [one] = whole.operations
    assert one.definition is not None
    assert len(one.definition.texts["response_schema"]) > 25_000
    operations = []
    for number in range(OPERATIONS):
        path = f"/x{number:03}"
        url = text_of(f"https://works.example.org/v1{path}")
        key = f"works.x{number:03}"
        texts = {**one.definition.texts, "key": text_of(key), "endpoint_url": url}
        own = WrittenDefinition(texts, {**one.definition.digests, "endpoint_url": digest_of(url)})
        operations.append(replace(one, id=f"GET {path}", key=key, spare_key=key, definition=own))
    return replace(whole, operations=tuple(operations))


@pytest.fixture(autouse=True)
def _no_old_garbage() -> Iterator[None]:
    """What other tests left is not looked through meanwhile, as in the bot what was there at its start."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@dataclass
class Sent:
    """What was sent to PostgreSQL: the statements, and the characters of the most text that went with one."""

    statements: list[str] = field(default_factory=list)
    most: int = 0

    def about(self, words: str) -> list[str]:
        return [each for each in self.statements if words in " ".join(each.split())]


@contextmanager
def sent(database: Database) -> Iterator[Sent]:
    found = Sent()

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        found.statements.append(statement)
        texts = [each for column in parameters if isinstance(column, list) for each in column]
        found.most = max(found.most, sum(len(each) for each in texts if isinstance(each, str)))

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def carry_out(database: Database, workspace_id: UUID, whole: ApiDocument) -> tuple[int, int, int]:
    """Import it: how many components are new, others and as they were."""
    async with database.transaction() as session:
        done = await SERVICE.carry_out(
            session, workspace_id, whole, chosen=None, refused_origins={}, actor=audit.OPERATOR
        )
    return len(done.created), len(done.updated), len(done.unchanged)


async def test_what_the_process_says_is_taken_as_it_comes() -> None:
    whole = large()
    reader = asyncio.StreamReader(limit=1 << 24)

    async def say() -> None:
        for line in lines_of(whole, whole.operations):
            reader.feed_data(line)
            await asyncio.sleep(0)
        reader.feed_eof()

    saying = asyncio.create_task(say())
    async with held_up() as most:
        heard = await document_of(reader)
    await saying
    assert heard == whole
    assert most.work < MOST


async def test_it_is_stored_in_pieces_and_again_without_a_look_at_the_schemas(
    database: Database, workspace_id: UUID
) -> None:
    whole = large()
    with sent(database) as first:
        async with held_up() as most:
            assert await carry_out(database, workspace_id, whole) == (OPERATIONS, 0, 0)
    assert len(first.about("INSERT INTO components")) >= OPERATIONS * 25_000 / PIECE - 1
    assert 0 < first.most < 1_000_000
    assert most.work < MOST
    with sent(database) as again:
        async with held_up() as most:
            assert await carry_out(database, workspace_id, whole) == (0, 0, OPERATIONS)
    assert again.about("INSERT INTO components") == []
    assert len(again.about("FROM components")) == 1 + 2
    assert most.work < MOST


async def test_of_those_that_people_changed_few_are_read_at_once(database: Database, workspace_id: UUID) -> None:
    whole = replace(large(), operations=large().operations[:50])
    await carry_out(database, workspace_id, whole)
    async with database.transaction() as session:
        await session.execute(update(Component).values(name="Ours"))
    with sent(database) as found:
        async with database.reading() as session:
            preview = await SERVICE.preview(session, workspace_id, whole, refused_origins={})
    assert {(entry.state, entry.kept) for entry in preview.entries} == {(EntryState.UNCHANGED, ("name",))}
    assert len(found.about("FROM components")) == 2 + 3


async def test_what_is_stored_is_what_the_document_says(database: Database, workspace_id: UUID) -> None:
    stated = {
        "type": "number",
        "minimum": 0.5,
        "maximum": 1e22,
        "description": 'Straße \u2028 \\ "x"',
        "enum": [1, 1.5],
    }
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"a b": stated}}}}}
    whole = read(document({"/x/{id}": {"post": operation(operationId="a", requestBody=body, tags=["t"])}}))
    await carry_out(database, workspace_id, whole)
    async with database.reading() as session:
        found = await ComponentService().get(session, workspace_id, whole.operations[0].key)
    [one] = whole.operations
    assert found.definition.model_dump(mode="json") == dict(one.definition or {})
