"""How soon people see that they were heard: a status, a card, a reply or an ack with words, with an idle worker.

python -m tests.bench.bench_first_sign
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from bot.sandbox.slack import Message
from db.embedded import embedded_postgres
from db.migrate import migrate
from tests.support.town_hall import LEAK, TownHall, town_hall

ROUNDS = 20
"""Fewer than a person may say in a minute."""

MODEL_SECONDS = 0.5
GOAL_MS = 300
SIGNS = ("assistant.threads.setStatus", "chat.postMessage", "chat.postEphemeral")


async def first_sign(hall: TownHall, act: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds from what somebody did to the first call of Slack that shows them something."""
    before = sum(len(hall.slack.calls(method)) for method in SIGNS)
    began = time.perf_counter()
    acting = asyncio.ensure_future(act())
    await hall.slack.wait_for(lambda: sum(len(hall.slack.calls(method)) for method in SIGNS) > before)
    took = (time.perf_counter() - began) * 1_000
    await acting
    return took


async def in_ack(hall: TownHall, text: str) -> float:
    """Milliseconds until the ack of a command has words in it."""
    began = time.perf_counter()
    await hall.slack.send_command("priya", "works", "/mudda", text)
    took = (time.perf_counter() - began) * 1_000
    assert hall.slack.ephemerals("works", "priya")
    return took


async def idle(hall: TownHall) -> None:
    """Wait until nothing is under way."""
    assert hall.bot.worker is not None
    # Selecting and planning, and the redraw after it.
    await asyncio.sleep(3 * MODEL_SECONDS)
    await hall.bot.worker.idle()


def line(name: str, took: list[float]) -> str:
    """A row of the table."""
    p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    return f"| {name} | {p50:,.0f} | {p95:,.0f} | {max(took):,.0f} | {'yes' if p95 <= GOAL_MS else 'NO'} |"


async def main() -> None:
    """Print the table."""
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-bench-"))
        url = await stack.enter_async_context(embedded_postgres(Path(directory) / "postgres"))
        await migrate(url)
        hall = await stack.enter_async_context(town_hall(url))
        hall.gemini.delay = MODEL_SECONDS
        dm = hall.slack.dm("priya").id

        async def below_a_complaint() -> Message:
            root, _ = hall.slack.post_user_message("dana", "works", "Brown water comes out of every tap")
            return root

        root = await below_a_complaint()
        acts: dict[str, Callable[[], Awaitable[object]]] = {
            "`/mudda` and a report: its card": lambda: hall.slack.send_command("priya", "works", "/mudda", LEAK),
            "`@mudda` and a report: a status": lambda: hall.slack.send_mention("dana", "water", LEAK),
            "`@mudda` below a complaint: a status": lambda: hall.slack.send_mention(
                "marco", "works", "please handle this", root.ts
            ),
            "a direct message: a status": lambda: _posted(hall, dm),
        }
        print("| | p50 ms | p95 ms | most | within 300 ms |\n|---|---|---|---|---|")
        for name, act in acts.items():
            took = []
            for _ in range(ROUNDS):
                took.append(await first_sign(hall, act))
                await idle(hall)
            print(line(name, took), flush=True)
        words = [await in_ack(hall, "Could you get the light at the school fixed?") for _ in range(ROUNDS)]
        print(line("`/mudda` and what has to be judged: its ack", words))


async def _posted(hall: TownHall, channel: str) -> None:
    hall.slack.post_user_message("priya", channel, LEAK)


if __name__ == "__main__":
    asyncio.run(main())
