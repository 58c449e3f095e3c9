"""1,000 commands as fast as they can be sent, the model at 2 s a call: all acked, all drawn, none lost or twice.

python -m tests.bench.bench_storm
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import psutil

from bot.sandbox.slack import SlackStandIn
from db.embedded import embedded_postgres
from db.session import Database
from tests.bench.load import commands, send
from tests.support.bot_process import bot_process, serve_env
from tests.support.town_hall import buttons, cards, load_pack

COMMANDS = 1000
MODEL_SECONDS = 2
CHANNELS = ("works", "water", "council")


async def most_memory(pid: int, done: asyncio.Event) -> int:
    """The most memory that the process held, in bytes, looked at ten times a second."""
    process, most = psutil.Process(pid), 0
    while not done.is_set():
        most = max(most, process.memory_info().rss)
        await asyncio.sleep(0.1)
    return most


async def main() -> None:
    """Print what came of it; raises AssertionError if anything was lost or came twice."""
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-bench-"))
        url = await stack.enter_async_context(embedded_postgres(Path(directory) / "postgres"))
        slack = await stack.enter_async_context(SlackStandIn(transcript_size=100))
        model = await stack.enter_async_context(
            bot_process("--delay", str(MODEL_SECONDS), env={}, module="bot.sandbox.gemini.server")
        )
        endpoint = (await model.line(r"(http://127\.0\.0\.1:\d+)"))[1]
        env = serve_env(slack, endpoint, url)
        bot = await stack.enter_async_context(bot_process("serve", env=env))
        port = await bot.port()
        database = Database(url).everywhere()
        stack.push_async_callback(database.close)
        await load_pack(database, slack)

        done = asyncio.Event()
        memory = asyncio.create_task(most_memory(bot.process.pid, done))
        channels = [slack.channel(name).id for name in CHANNELS]
        started = time.perf_counter()
        acks = await send(commands(COMMANDS, slack.signing_secret, port, channels), port, at_once=50)

        def drawn() -> bool:
            return sum("Discard" in buttons(card) for name in CHANNELS for card in cards(slack, name)) == COMMANDS

        def posted() -> bool:
            return sum(len(cards(slack, name)) for name in CHANNELS) == COMMANDS

        await slack.wait_for(posted, 120)
        all_posted = time.perf_counter() - started
        await slack.wait_for(drawn, 600)
        all_drawn = time.perf_counter() - started
        done.set()

        connection = await asyncpg.connect(url)
        plans = await connection.fetchval("SELECT count(*) FROM workflow_plans WHERE state = 'DRAFT'")
        await connection.close()
        assert acks.refused == 0
        assert acks.latencies[-1] < 3, "every command is acked within Slack's three seconds"
        assert plans == COMMANDS
        assert sum(len(cards(slack, name)) for name in CHANNELS) == COMMANDS
        # Two calls a plan, 64 at once: what the model alone takes.
        least = COMMANDS * 2 * MODEL_SECONDS / 64
        print(f"{COMMANDS} commands: acked in {acks.seconds:.1f} s, the slowest in {acks.latencies[-1]:.2f} s")
        print(f"every card posted after {all_posted:.1f} s, every plan drawn after {all_drawn:.1f} s")
        print(f"that is {all_drawn / least:.2f} times what the model's own time comes to ({least:.1f} s)")
        print(f"the bot's memory at its most: {await memory / 2**20:.0f} MiB")


if __name__ == "__main__":
    asyncio.run(main())
