"""How long it takes to offer the selector 200 of 5,000 components.

python -m tests.bench.bench_selection
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from db.embedded import embedded_postgres
from db.migrate import migrate
from db.session import Database
from services import workspaces
from services.components.definitions import ComponentDefinition
from services.components.service import ComponentService
from services.selection.offers import OfferService
from services.selection.ranking import Ranking, document_of

COMPONENTS, ROUNDS = 5_000, 200
ISSUE = "Water is coming up through the road at 5th and Main, and a tree has fallen on a parked car. "
WORDS = [
    f"{sound}{end}" for sound in ("cre", "roa", "ligh", "tre", "val", "ord") for end in "abcdefghijklmnopqrst"
]
WORDS += ["water", "road", "tree", "car", "crew", "order", "street", "main", "park"]


def components(count: int) -> list[ComponentDefinition]:
    """Components of some twenty words and a dozen fields each; a third of them need an id."""
    chance = random.Random(7)
    found = []
    for number in range(count):
        name, *about = chance.choices(WORDS, k=20)
        fields = {f"{word}_{end}": {"type": "string"} for word in about[:4] for end in ("id", "name", "status")}
        row = {"type": "object", "properties": fields}
        need = f"{chance.choice(WORDS)}_id"
        path, params = (f"/{{{need}}}", {need: {"type": "string"}}) if number % 3 == 0 else ("", {})
        found.append(
            ComponentDefinition.model_validate(
                {
                    "key": f"{name}.c{number}",
                    "name": f"Find a {name} {about[0]}",
                    "description": " ".join(about),
                    "endpoint_url": f"https://a.example/x{path}",
                    "path_params": params,
                    "response_schema": {"type": "object", "properties": {"rows": {"type": "array", "items": row}}},
                }
            )
        )
    return found


def since(started: float) -> float:
    """Milliseconds of the processor's time."""
    return (time.process_time() - started) * 1_000


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    await call()
    return (time.perf_counter() - started) * 1_000


async def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        async with embedded_postgres(Path(folder) / "postgres") as url:
            await migrate(url)
            everywhere, many = Database(url).everywhere(), components(COMPONENTS)
            async with everywhere.transaction() as session:
                workspace_id = await workspaces.ensure(session, "T1")
                await ComponentService().load(session, workspace_id, many)
                specs = await ComponentService().all_active(session, workspace_id)
            database, offers = everywhere.of(workspace_id), OfferService(ComponentService())

            async def offer(text: str = ISSUE) -> None:
                async with database.reading() as session:
                    assert len((await offers.offer(session, workspace_id, text)).specs) == 200

            print(f"| {COMPONENTS:,} components | ms |\n|---|---:|")
            print(f"| the first offer, all read and taken apart | {await timed(offer):.0f} |")
            times = sorted([await timed(offer) for _ in range(ROUNDS)])
            print(f"| an offer, median | {statistics.median(times):.1f} |")
            print(f"| an offer, p95 | {times[int(ROUNDS * 0.95)]:.1f} |")
            ranking = Ranking(document_of(spec) for spec in specs)
            started = time.process_time()
            for _ in range(ROUNDS):
                ranking.best(ISSUE, 200)
            print(f"| of which ranking, of the processor's time | {since(started) / ROUNDS:.1f} |")
            print(
                f"| an offer for an issue of 40,000 characters | {await timed(lambda: offer(ISSUE * 420)):.1f} |"
            )
            await database.close()


if __name__ == "__main__":
    asyncio.run(main())
