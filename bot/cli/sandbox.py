"""`mudda sandbox`: everything on this machine, for whoever wants to see what Mudda does."""

from __future__ import annotations

import argparse

from bot.cli.command import Commands, told_to_stop
from bot.config import Settings


def add(commands: Commands) -> None:
    """Add the command."""
    sandbox = commands.add_parser("sandbox", help="a Slack in the browser, a Gemini and a town, on this machine")
    sandbox.add_argument("--fresh", action="store_true", help="forget what was said and planned before")
    sandbox.add_argument(
        "--workspaces", type=int, choices=range(1, 5), default=1, help="how many towns, side by side (default: 1)"
    )
    sandbox.set_defaults(run=run)


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Run it until Ctrl-C. Raises SettingsError if one runs already."""
    from bot.sandbox.run import running_sandbox

    async with running_sandbox(settings, fresh=options.fresh, workspaces=options.workspaces) as sandbox:
        print(sandbox.greeting, flush=True)
        await told_to_stop()
    return 0
