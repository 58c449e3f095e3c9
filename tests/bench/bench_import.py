"""How long it takes to import a document of 1,200 operations and 13 MB, and what else waits meanwhile.

    python -m tests.bench.bench_import [FILE]

The goals are of a machine on which nothing else runs: 3 s and 300 MB, off the event loop. Without a FILE a
document is made that is as large as GitHub's own, and in which every operation fills all that it may take.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from bot.startup.garbage import settle_garbage
from db.embedded import embedded_postgres
from db.migrate import migrate
from db.session import Database
from services import audit, workspaces
from services.components.importing import ImportService
from services.components.openapi.apart import DocumentReader
from services.components.openapi.model import ApiDocument, ReadingOptions
from services.imports.summaries import summary_of
from tests.support.held_up import HeldUp, held_up
from tests.support.large_documents import large_document

OPERATIONS, SCHEMAS, BYTES = 1_200, 970, 13_000_000
GOAL_SECONDS, GOAL_MEGABYTES = 3.0, 300


def source_of(arguments: Sequence[str]) -> bytes:
    """The bytes of the document that is named, or of one that is made."""
    return Path(arguments[0]).read_bytes() if arguments else large_document(OPERATIONS, SCHEMAS, BYTES)


async def read(source: bytes) -> ApiDocument:
    """Read it, and print what that took."""
    started, own = time.perf_counter(), time.process_time()
    async with held_up() as most:
        document = await DocumentReader().read(source, ReadingOptions())
    seconds, own = time.perf_counter() - started, time.process_time() - own
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = used.ru_utime + used.ru_stime
    made = [each.definition for each in document.operations if each.definition is not None]
    size = sum(len(text) for each in made for text in each.texts.values())
    print(f"{len(source) / 1e6:.1f} MB, {len(document.operations):,} operations; components {size / 1e6:.1f} MB")
    print(f"memory     {used.ru_maxrss / 1024:6.0f} MB in its own process (goal {GOAL_MEGABYTES} MB)")
    print(
        f"read       {told(seconds, own, most)}, {spent:.2f} s of CPU in its own process (goal {GOAL_SECONDS:g} s)"
    )
    return document


def told(seconds: float, spent: float, most: HeldUp) -> str:
    """What a part of it took, as a line of the table."""
    return (
        f"{seconds:6.2f} s, {spent:.2f} s of CPU; the loop held up for {most.clock * 1000:.0f} ms at most, "
        f"{most.work * 1000:.0f} of CPU"
    )


async def main() -> None:
    """Print what it takes."""
    settle_garbage()
    document = await read(await asyncio.to_thread(source_of, sys.argv[1:]))
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_postgres(Path(folder)) as url:
            await migrate(url)
            database = Database(url).everywhere()
            async with database.transaction() as session:
                workspace_id = await workspaces.ensure(session, "T0001")
            for what in ("previewed", "stored", "again"):
                started, spent = time.perf_counter(), time.process_time()
                async with held_up() as most:
                    await carry_out(database, workspace_id, document, is_preview=what == "previewed")
                print(f"{what:<10} {told(time.perf_counter() - started, time.process_time() - spent, most)}")
            await database.close()


async def carry_out(database: Database, workspace_id: UUID, document: ApiDocument, *, is_preview: bool) -> None:
    """Import it, or see what that would bring."""
    if is_preview:
        async with database.reading() as session:
            summary_of(await ImportService().preview(session, workspace_id, document, refused_origins={}))
        return
    async with database.transaction() as session:
        await ImportService().carry_out(
            session, workspace_id, document, chosen=None, refused_origins={}, actor=audit.OPERATOR
        )


if __name__ == "__main__":
    asyncio.run(main())
