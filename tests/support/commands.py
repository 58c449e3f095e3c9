"""A command of `mudda` in the tests' process: to start one of its own takes longer than most of them do.

That main() says the same of what goes wrong is tested with processes, one for each command.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Mapping

import pytest

from bot.__main__ import parser
from bot.cli.command import CommandFailed
from bot.config import Settings, load_settings
from bot.errors import SettingsError


async def command(*arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run it with `env` and no other setting: its exit status, and all that it printed."""
    said = io.StringIO()
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        pytest.MonkeyPatch.context() as given,
    ):
        for name in Settings.model_fields:
            given.delenv(name.upper(), raising=False)
        for name, value in {"MUDDA_HOME": "/tmp/mudda-none", **(env or {})}.items():
            given.setenv(name, value)
        given.chdir("/")  # a developer's own .env lies in the checkout
        status = await _status(arguments)
    return status, said.getvalue()


async def _status(arguments: tuple[str, ...]) -> int:
    try:
        options = parser(*arguments[:1]).parse_args(arguments)
        return int(await options.run(load_settings(), options))
    except SettingsError as error:
        sys.stderr.write("\n".join(error.lines))
        return 2
    except CommandFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except SystemExit as end:
        return int(end.code or 0)
