"""The Slack stand-in as a process of its own: python -m bot.sandbox.slack --port 3001 --request-url URL."""

from __future__ import annotations

import argparse
import asyncio
import signal

from bot.sandbox.slack.server import BOT_TOKEN, SIGNING_SECRET, SlackStandIn


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    slack = SlackStandIn(
        port=options.port,
        request_url=options.request_url,
        signing_secret=options.signing_secret,
        bot_token=options.bot_token,
        enforce_rates=options.enforce_rates,
        banner=options.banner,
    )
    async with slack:
        print(f"Slack stand-in: {slack.url} (Web API: {slack.api_url})", flush=True)
        await stop.wait()


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox.slack", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--request-url", help="where the app listens, e.g. http://127.0.0.1:3000/slack/events")
    parser.add_argument("--signing-secret", default=SIGNING_SECRET)
    parser.add_argument("--bot-token", default=BOT_TOKEN)
    parser.add_argument("--enforce-rates", action="store_true", help="answer 429 above Slack's rates")
    parser.add_argument("--banner", default="", help="a line to show above the page")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
