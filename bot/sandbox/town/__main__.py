"""python -m bot.sandbox.town [--port PORT]: the town alone, until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal

from bot.sandbox.town.server import KEY_NAMES, Town


async def _run(port: int) -> None:
    keys = {name: os.environ[name] for name in KEY_NAMES if os.environ.get(name)}
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Town(port, keys=keys) as town:
        print(f"The town is at {town.url}; what it received is at {town.url}/ledger")
        for name, value in town.environment.items():
            print(f"{name}={value}", flush=True)
        await stop.wait()


def main() -> None:
    """Run the town."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox.town", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: any free port")
    asyncio.run(_run(parser.parse_args().port))


if __name__ == "__main__":
    main()
