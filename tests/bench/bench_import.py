"""How long it takes to import a document of 1,200 operations and 13 MB, and what else waits meanwhile.

    python -m tests.bench.bench_import [FILE]

The goals are of a machine on which nothing else runs: 3 s and 300 MB, off the event loop. Without a FILE a
document is made that is as large as GitHub's own, and in which every operation fills all that it may take.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from db.embedded import embedded_postgres
from db.migrate import migrate
from db.session import Database
from services import audit, workspaces
from services.components.importing import ImportService
from services.components.openapi.apart import DocumentReader
from services.components.openapi.model import ApiDocument, ReadingOptions

OPERATIONS, SCHEMAS, BYTES = 1_200, 970, 13_000_000
GOAL_SECONDS, GOAL_MEGABYTES = 3.0, 300


def made() -> bytes:
    """A document as large as GitHub's."""
    chance = random.Random(7)
    schemas: dict[str, Any] = {}
    for number in range(SCHEMAS):
        properties: dict[str, Any] = {
            f"member_{index}": {"type": "string", "description": "What it is. " * 4, "example": "x" * 30}
            for index in range(30)
        }
        for index in range(4):
            reference = {"$ref": f"#/components/schemas/s{chance.randrange(SCHEMAS)}"}
            properties[f"other_{index}"] = reference if index % 2 else {"type": "array", "items": reference}
        schemas[f"s{number}"] = {"type": "object", "required": ["member_0"], "properties": properties}
    paths: dict[str, Any] = {}
    for number in range(OPERATIONS):
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/s{number % SCHEMAS}"}}}
        operation: dict[str, Any] = {
            "operationId": f"area{number % 40}/do-{number}",
            "summary": f"Do what is number {number}",
            "tags": [f"area{number % 40}"],
            "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer"}}],
            "responses": {"200": {"description": "Good.", "content": content}},
        }
        if number % 3 == 0:
            operation["requestBody"] = {"content": content}
        paths[f"/areas/{{id}}/x{number}"] = {"post" if number % 3 == 0 else "get": operation}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Large", "version": "1"},
        "servers": [{"url": "https://large.example"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }
    room = max(0, BYTES - len(json.dumps(document)))
    document["x-padding"] = [{"text": "x" * 70}] * (room // 84)
    return json.dumps(document).encode()


def source_of(arguments: Sequence[str]) -> bytes:
    """The bytes of the document that is named, or of one that is made."""
    return Path(arguments[0]).read_bytes() if arguments else made()


async def longest_stall(stop: asyncio.Event) -> float:
    """The longest time for which the event loop was held up, in seconds."""
    loop, longest = asyncio.get_running_loop(), 0.0
    while not stop.is_set():
        before = loop.time()
        await asyncio.sleep(0.005)
        longest = max(longest, loop.time() - before - 0.005)
    return longest


async def read(source: bytes) -> ApiDocument:
    """Read it, and print what that took."""
    stop = asyncio.Event()
    watch = asyncio.create_task(longest_stall(stop))
    started = time.perf_counter()
    document = await DocumentReader().read(source, ReadingOptions())
    seconds = time.perf_counter() - started
    stop.set()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    megabytes = used.ru_maxrss / 1024
    print(f"{len(source) / 1e6:.1f} MB, {len(document.operations):,} operations")
    spent = used.ru_utime + used.ru_stime
    print(f"read       {seconds:6.2f} s, {spent:.2f} s of the processor (goal {GOAL_SECONDS:g} s)")
    print(f"memory     {megabytes:6.0f} MB in its own process (goal {GOAL_MEGABYTES} MB)")
    print(f"event loop {await watch * 1000:6.0f} ms held up at most")
    return document


async def main() -> None:
    """Print what it takes."""
    document = await read(await asyncio.to_thread(source_of, sys.argv[1:]))
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_postgres(Path(folder)) as url:
            await migrate(url)
            database = Database(url).everywhere()
            async with database.transaction() as session:
                workspace_id = await workspaces.ensure(session, "T0001")
            for what in ("stored", "again"):
                started, spent = time.perf_counter(), time.process_time()
                async with database.transaction() as session:
                    await ImportService().carry_out(
                        session, workspace_id, document, chosen=None, refused_origins={}, actor=audit.OPERATOR
                    )
                seconds, spent = time.perf_counter() - started, time.process_time() - spent
                print(f"{what:<10} {seconds:6.2f} s, {spent:.2f} s of the processor")
            await database.close()


if __name__ == "__main__":
    asyncio.run(main())
