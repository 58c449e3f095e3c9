"""The statements that a process sends to PostgreSQL, counted by the server: BEGIN, and those of the queue, too.

The pip package of PostgreSQL has no pg_stat_statements, and hooks of SQLAlchemy do not see what the queue asks by
itself. The server's log has all of it, for a process whose DATABASE_URL is `logged`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import quote

import asyncpg


class Kind(StrEnum):
    """What a statement is for. One within a transaction is for what its transaction is for."""

    STEPS = "steps"
    """Transactions that begin steps or record them, whole: with the mark on the card and the jobs put in."""
    QUEUE = "queue"
    """What the worker's lanes ask and say outside of transactions: jobs taken, ended, when the next one is due."""
    CALLS = "calls"
    """What is read before a component is called: the state of its host, its secrets."""
    CARDS = "cards"
    """Transactions for redraws."""
    OTHER = "other"
    """Everything else: connections set up, workspaces, replies, homes, what the worker does each minute."""


def logged(url: str) -> str:
    """The same database, with each statement in the server's log."""
    return f"{url}&options={quote('-c log_statement=all -c log_parameter_max_length=0')}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One that came: by which process of the server, and its text on one line."""

    pid: int
    text: str


class StatementLog:
    """Reads what came since it was last read. It needs a superuser, and `%d` in the server's log_line_prefix."""

    def __init__(self, connection: asyncpg.Connection, database: str) -> None:
        self._connection = connection
        self._database = database
        self._offset = 0

    @classmethod
    async def of(cls, url: str) -> Self:
        """From now on, what comes to the database with this URL."""
        connection = await asyncpg.connect(url)
        log = cls(connection, await connection.fetchval("SELECT current_database()"))
        await log.take()
        return log

    async def take(self) -> list[Statement]:
        """What has come since."""
        size = await self._connection.fetchval("SELECT size FROM pg_stat_file('log')")
        read = "SELECT pg_read_binary_file('log', $1, $2)"
        lines = bytes(await self._connection.fetchval(read, self._offset, size - self._offset))
        self._offset = size
        return list(_statements(lines.decode(errors="replace").splitlines(), self._database))

    async def close(self) -> None:
        """Disconnect."""
        await self._connection.close()


_LINE = re.compile(r"\S+ \S+ \S+ \[(\d+)\] (\S*) (\w+): +(.*)")
_TEXT = re.compile(r"(?:statement|execute [^:]*): (.*)", re.DOTALL)


def _statements(lines: Iterable[str], database: str) -> Iterable[Statement]:
    entries: list[tuple[int, str, list[str]]] = []
    for line in lines:
        if line.startswith("\t"):
            if entries:
                entries[-1][2].append(line.strip())
        elif match := _LINE.match(line):
            pid, of, level, rest = match.groups()
            entries.append((int(pid), level if of == database else "", [rest]))
    for pid, level, texts in entries:
        if level == "LOG" and (match := _TEXT.match(" ".join(texts))):
            yield Statement(pid, match[1])


def _kind_alone(text: str) -> Kind:
    """What a statement is for that is a transaction by itself."""
    if "hand_over_step" in text:
        return Kind.STEPS
    return Kind.QUEUE if "pgqueuer" in text else Kind.OTHER


def tally(statements: Iterable[Statement]) -> Mapping[Kind, int]:
    """How many there are of each kind."""
    counts: Counter[Kind] = Counter()
    open_: defaultdict[int, list[str]] = defaultdict(list)
    for each in statements:
        if each.text.startswith("BEGIN"):
            open_[each.pid] = [each.text]
        elif each.pid not in open_:
            counts[_kind_alone(each.text)] += 1
        else:
            open_[each.pid].append(each.text)
            if each.text.startswith(("COMMIT", "ROLLBACK")):
                texts = open_.pop(each.pid)
                counts[_kind(texts)] += len(texts)
    return counts


def _kind(transaction: Sequence[str]) -> Kind:
    if any("UPDATE step_runs" in text or _HOLDS_RUNS.search(text) for text in transaction):
        return Kind.STEPS
    if any("host_faults" in text or "component_" in text for text in transaction):
        return Kind.CALLS
    return Kind.CARDS if any("cards" in text for text in transaction) else Kind.OTHER


_HOLDS_RUNS = re.compile(r"FROM workflow_executions .* FOR UPDATE")
