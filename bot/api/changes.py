"""What PostgreSQL tells of: a run that has changed, and that what is remembered of tokens may be out of date."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from bot.workspaces.watching import watch_changes

RUNS = "mudda_runs"
"""The channel on which the id of a run is told whenever its state changes (migration 0028)."""


class Changes:
    """Hears of them on a connection of its own, while `watch` runs; `forget` is called when tokens may differ."""

    def __init__(self, forget: Callable[[], None]) -> None:
        self._forget = forget
        self._listening = asyncio.Event()
        self._waiting: dict[str, set[asyncio.Event]] = {}

    @property
    def is_listening(self) -> bool:
        """Whether changes are heard of, so that what is known may be kept."""
        return self._listening.is_set()

    async def watch(self, database_url: str) -> None:
        """Listen until cancelled."""
        await watch_changes(database_url, self._changed, self._listening, {RUNS: self._ran})

    @contextmanager
    def of_run(self, run: UUID) -> Iterator[asyncio.Event]:
        """An event that is set when the run changes; and when that may have been missed."""
        event = asyncio.Event()
        events = self._waiting.setdefault(str(run), set())
        events.add(event)
        try:
            yield event
        finally:
            events.discard(event)
            if not events:
                self._waiting.pop(str(run), None)

    def _changed(self) -> None:
        """Workspaces or tokens have changed, or the connection was lost or is there again."""
        self._forget()
        if not self.is_listening:
            for events in self._waiting.values():
                for event in events:
                    event.set()

    def _ran(self, run: str) -> None:
        for event in self._waiting.get(run, ()):
            event.set()
