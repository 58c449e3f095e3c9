"""Two hundred Gemini calls at once, on asyncio's own threads and on ours, and how long each blocks the event loop.

python -m tests.bench.bench_gemini

The stand-in runs in a process of its own and takes a second for each call. Every call carries the plan maker's
prompt over the sandbox's components, and every answer is a plan.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any, get_args

from bot.sandbox.town import sandbox_pack
from services.ai import prompts
from services.ai.answer_schemas import plan_schema
from services.ai.gemini import GeminiClient, Sdk
from services.components.packs import parse_pack
from services.components.specs import ComponentSpec
from services.plans.model import Issue

MODEL, KEY = "gemini-3.8-flash", "bench"
CALLS, FEWER = 200, 64
WAVES = 5

Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Wave:
    """Calls made at once: how long until all had answered, how long the loop was away at most, in seconds."""

    calls: int
    seconds: float
    lag: float


@asynccontextmanager
async def stand_in(delay: float) -> AsyncIterator[str]:
    """The URL of a stand-in in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.sandbox.gemini.server", "--delay", str(delay), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def wave(calls: int, call: Call) -> Wave:
    """Make the calls at once, with a ticker beside them that notices when the loop is late."""
    lags: list[float] = []
    ticker = asyncio.create_task(_tick(lags))
    await asyncio.sleep(0.05)
    lags.clear()
    started = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(calls)))
    seconds = time.perf_counter() - started
    ticker.cancel()
    return Wave(calls, seconds, max(lags))


async def _tick(lags: list[float], every: float = 0.001) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(every)
        lags.append(time.perf_counter() - before - every)


def request() -> dict[str, Any]:
    """What the plan maker is asked in the sandbox."""
    names = [each.name for each in fields(ComponentSpec) if each.name != "active"]
    specs = [
        ComponentSpec(**{name: getattr(found, name) for name in names})
        for found in parse_pack(sandbox_pack("http://127.0.0.1:1"))
    ]
    issue = Issue("Water is coming up through the road at 5th and Main")
    prompt = prompts.planner_prompt(issue, specs, 200)
    return {"system": prompts.PLANNER_SYSTEM, "prompt": prompt, "schema": plan_schema()}


def default_executor_call(url: str, asked: Mapping[str, Any]) -> Call:
    """The usual way: the SDK's blocking call on `run_in_executor(None, …)`."""
    from services.ai.transports.generativeai import sdk  # it silences what the SDK says of its end

    sdk.configure(api_key=KEY, transport="rest", client_options={"api_endpoint": url})
    config = {"response_mime_type": "application/json", "response_schema": asked["schema"]}
    model = sdk.GenerativeModel(MODEL, system_instruction=asked["system"], generation_config=config)
    # asyncio's pool starts its threads as they are needed, as it always does.
    return lambda: asyncio.get_running_loop().run_in_executor(None, model.generate_content, asked["prompt"])


def row(name: str, measured: Wave) -> str:
    """A row of the table."""
    return f"| {name} | {measured.calls} | {measured.seconds:.2f} | {measured.lag * 1000:.1f} |"


async def main(seconds: float, sdk: Sdk, *, with_default: bool) -> None:
    """Print the table."""
    asked = request()
    print("| | calls at once | seconds | loop blocked at most, ms |\n|---|---|---|---|", flush=True)
    async with stand_in(seconds) as url:
        client = GeminiClient(KEY, MODEL, endpoint=url, max_concurrency=CALLS, sdk=sdk)
        ours = await wave(CALLS, lambda: client.generate_async(**asked, agent="bench"))
        await client.aclose()
        print(row(f"mudda, {sdk}, {CALLS} at a time", ours), flush=True)
        fewer = GeminiClient(KEY, MODEL, endpoint=url, max_concurrency=FEWER, sdk=sdk)
        waves = [await wave(FEWER, lambda: fewer.generate_async(**asked, agent="bench")) for _ in range(WAVES)]
        await fewer.aclose()
        worst = max(waves, key=lambda each: each.lag)
        print(row(f"mudda, {sdk}, {FEWER} at a time, the worst of {WAVES} rounds", worst), flush=True)
        if with_default:
            usual = await wave(CALLS, default_executor_call(url, asked))
            print(row("run_in_executor(None, …)", usual))
            print(
                f"\nspeed, mudda : run_in_executor(None, …), {CALLS} at once: {usual.seconds / ours.seconds:.1f}"
            )
    print(f"time, mudda : one call alone, {CALLS} at once: {ours.seconds / seconds:.2f}")
    print(f"loop blocked, mudda : 50 ms, {FEWER} at once: {worst.lag / 0.05:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="what the stand-in takes for a call (default: 1)"
    )
    parser.add_argument(
        "--ours-only", action="store_true", help="leave out run_in_executor, which takes 34 rounds"
    )
    parser.add_argument("--sdk", choices=get_args(Sdk), default="generativeai", help="Google's package to ask by")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.seconds, arguments.sdk, with_default=not arguments.ours_only))
