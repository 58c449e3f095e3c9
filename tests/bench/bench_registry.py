"""How long it takes to find some of 10,000 components: by words that are there, and by words that are misspelled.

python -m tests.bench.bench_registry
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

from db.embedded import embedded_postgres
from db.migrate import migrate
from db.session import Database
from services import workspaces
from services.components.search import ComponentSearch
from services.components.service import ComponentService
from tests.bench.bench_selection import WORDS, components, timed

COMPONENTS, ROUNDS = 10_000, 200


def misspelled(word: str) -> str:
    """The word without its middle letter."""
    return word[: len(word) // 2] + word[len(word) // 2 + 1 :]


async def main() -> None:
    """Print the table."""
    chance = random.Random(7)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        async with embedded_postgres(Path(folder) / "postgres") as url:
            await migrate(url)
            everywhere, many = Database(url).everywhere(), components(COMPONENTS)
            async with everywhere.transaction() as session:
                workspace_id = await workspaces.ensure(session, "T1")
                await ComponentService().load(session, workspace_id, many)
            database, search = everywhere.of(workspace_id), ComponentSearch()

            async def find(words: str) -> None:
                async with database.searching() as session:
                    await search.find(session, workspace_id, words)

            print(f"| {COMPONENTS:,} components, ms | median | p95 |\n|---|---:|---:|")
            print(f"| the first misspelled word | {await timed(lambda: find('hydrnt')):.0f} | |")
            for name, spelled in (("one word", str), ("one misspelled word", misspelled)):
                words = [spelled(chance.choice(WORDS[-9:])) for _ in range(ROUNDS)]
                times = sorted([await timed(lambda each=each: find(each)) for each in words])  # type: ignore[misc]
                print(f"| {name} | {times[ROUNDS // 2]:.1f} | {times[int(ROUNDS * 0.95)]:.1f} |")
            pairs = [" ".join(chance.sample(WORDS, 2)) for _ in range(ROUNDS)]
            times = sorted([await timed(lambda each=each: find(each)) for each in pairs])  # type: ignore[misc]
            print(f"| two words | {times[ROUNDS // 2]:.1f} | {times[int(ROUNDS * 0.95)]:.1f} |")
            await database.close()


if __name__ == "__main__":
    asyncio.run(main())
