"""How fast a slash command is acked and durably committed, against a bare AsyncApp that keeps nothing.

python -m tests.bench.bench_ack
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg

from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import SlackStandIn
from db.embedded import embedded_postgres
from tests.bench.load import Result, commands, send
from tests.support.bot_process import BotProcess, bot_process, serve_env

ROUNDS = 5
MANY, FEW = 3000, 400


async def measure(port: int, secret: str, *, at_once: int) -> Result:
    """One round, with requests made just before it."""
    return await send(commands(MANY if at_once > 1 else FEW, secret, port), port, at_once=at_once)


async def compare(bare: int, ours: int, secret: str, *, at_once: int) -> tuple[list[Result], list[Result]]:
    """Rounds in turn, so that a machine that slows down slows both; the first of each warms up."""
    pairs = []
    for _ in range(ROUNDS + 1):
        pairs.append((await measure(bare, secret, at_once=at_once), await measure(ours, secret, at_once=at_once)))
    return [pair[0] for pair in pairs[1:]], [pair[1] for pair in pairs[1:]]


def line(name: str, at_once: int, results: list[Result]) -> str:
    """A row of the table: medians over the rounds."""
    rate = statistics.median(result.per_second for result in results)
    p50, p99 = (statistics.median(result.quantile(share) for result in results) for share in (0.5, 0.99))
    return f"| {name} | {at_once} | {rate:,.0f} | {p50:.1f} | {p99:.1f} | {sum(r.refused for r in results)} |"


def ratio(bare: list[Result], ours: list[Result]) -> float:
    """Ours over the bare app's requests per second, the median of the pairs."""
    return statistics.median(o.per_second / b.per_second for b, o in zip(bare, ours, strict=True))


async def kept(url: str) -> int:
    """How many commands are in the inbox."""
    connection = await asyncpg.connect(url)
    count = await connection.fetchval("SELECT count(*) FROM inbox")
    await connection.close()
    return int(count)


async def main() -> None:
    """Print the table."""
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-bench-"))
        url = await stack.enter_async_context(embedded_postgres(Path(directory) / "postgres"))
        slack = await stack.enter_async_context(SlackStandIn())
        gemini = await stack.enter_async_context(GeminiStandIn())
        env = serve_env(slack, gemini.url, url) | {"LOG_LEVEL": "ERROR"}

        async def started(*arguments: str, module: str = "bot") -> BotProcess:
            info = env | ({} if module != "bot" else {"LOG_LEVEL": "INFO"})
            return await stack.enter_async_context(bot_process(*arguments, env=info, module=module))

        bare = await (await started(module="tests.bench.bare_app")).port()
        ours = await (await started("serve", "--only", "web")).port()
        print("| | at once | requests/s | p50 ms | p99 ms | not 200 |\n|---|---|---|---|---|---|")
        many = await compare(bare, ours, slack.signing_secret, at_once=50)
        few = await compare(bare, ours, slack.signing_secret, at_once=1)
        for at_once, (theirs, mine) in ((50, many), (1, few)):
            print(line("bare AsyncApp, keeps nothing", at_once, theirs))
            print(line("mudda, committed", at_once, mine))
        assert await kept(url) == (ROUNDS + 1) * (MANY + FEW), "every 200 is a row"

        worker = await started("serve", "--only", "worker")
        await worker.port()
        beside = [await measure(ours, slack.signing_secret, at_once=50) for _ in range(3)]
        print(line("mudda, a worker beside it", 50, beside))
        p50s = [statistics.median(result.quantile(0.5) for result in results) for results in few]
        print(f"\nrequests/s, mudda : bare, 50 at once: {ratio(*many):.2f}")
        print(f"p50, mudda : bare, 1 at once: {p50s[1] / p50s[0]:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
