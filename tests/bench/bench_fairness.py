"""How long another town waits for its first card while one town asks a thousand times.

    python -m tests.bench.bench_fairness

One process has everything in it, stand-ins too, so this is more than a deployment would need. The goal is 2 s.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from db.embedded import embedded_postgres
from db.migrate import migrate
from tests.support.town_hall import LEAK, cards
from tests.support.towns import Towns, rush, two_towns

COMMANDS = 1_000
GOAL_SECONDS = 2.0


async def first_card(towns: Towns) -> float:
    """The seconds from a command of the second town to its card."""
    calm = towns.slacks[1]
    before = len(cards(calm))
    started = time.perf_counter()
    await calm.send_command("priya", "works", "/mudda", LEAK)
    await calm.wait_for(lambda: len(cards(calm)) > before, timeout=60)
    return time.perf_counter() - started


async def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        async with embedded_postgres(Path(directory) / "postgres") as url:
            await migrate(url)
            async with two_towns(url) as towns:
                alone = await first_card(towns)
                await rush(towns, COMMANDS)
                beside = await first_card(towns)
                others = len(cards(towns.slacks[0]))
    print("| | first card, s | cards of the other town before it |")
    print("|---|---|---|")
    print(f"| alone | {alone:.2f} | |")
    print(f"| beside {COMMANDS:,} commands | {beside:.2f} | {others} |")
    print(f"\ngoal: {GOAL_SECONDS:.0f} s, {'met' if beside <= GOAL_SECONDS else 'missed'}")


if __name__ == "__main__":
    asyncio.run(main())
