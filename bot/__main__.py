"""mudda, or python -m bot: the commands."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import uvloop

from bot import VERSION
from bot.cli.command import CommandFailed
from bot.config import give_home, hide_from_bolt, load_settings
from bot.errors import SettingsError
from bot.logs import set_up_logging

COMMANDS = {
    "serve": "serve",
    "sandbox": "sandbox",
    "doctor": "doctor",
    "components": "components",
    "policies": "policies",
    "plans": "plans",
    "eval": "evaluation",
    "export": "export",
    "workspaces": "workspaces",
    "tokens": "tokens",
    "webhooks": "webhooks",
    "secrets": "secrets",
    "migrate": "upkeep",
    "purge": "upkeep",
}
"""The module of each command, in the order of the help. To import all takes longer than most commands do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. The exit status: 0 done, 1 failed, 2 settings or arguments that can't be used."""
    given = sys.argv[1:] if arguments is None else arguments
    options = parser(*given[:1]).parse_args(given)
    try:
        settings = load_settings()
        hide_from_bolt(os.environ)
        give_home(os.environ)
        set_up_logging(settings.log_level, settings.log_format)
        return int(uvloop.run(options.run(settings, options)))
    except SettingsError as error:
        for line in error.lines:
            print(line, file=sys.stderr)
        return 2
    except CommandFailed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser(command: str = "") -> argparse.ArgumentParser:
    """Of a command; of all of them, if there is none of that name."""
    about = "A Slack bot for the people who run a town. Each COMMAND has a --help of its own."
    parser = argparse.ArgumentParser(prog="mudda", description=about)
    parser.add_argument("--version", action="version", version=f"mudda {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    modules = [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values())
    for module in modules:
        import_module(f"bot.cli.{module}").add(commands)
    return parser


def run() -> None:
    """Run one command and end the process; the console script `mudda`."""
    status = main()
    logging.shutdown()
    # Not sys.exit: that would wait for threads still in a blocking call of the model, whose jobs are handed back.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    run()
