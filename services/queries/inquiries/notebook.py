"""What has been looked up for a question so far: the rows with their ids, within bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.queries.lookups.rows import (
    Fact,
    Facts,
    Month,
    People,
    Person,
    Row,
    RowKind,
    Said,
    Scope,
    Several,
    StepError,
    Took,
    Value,
    Wanted,
)

MAX_ROWS = 120
"""Rows that a question may bring together."""

MAX_CHARACTERS = 24_000
"""Characters of all of them, as the model is shown them."""


@dataclass(frozen=True, slots=True)
class Page:
    """What came of one look-up: a summary first, then its rows."""

    wanted: Wanted
    rows: tuple[Row, ...]


@dataclass(slots=True)
class Notebook:
    """The rows of a question. Ids go on counting, so that a row keeps its own through all rounds."""

    scope: Scope
    pages: list[Page] = field(default_factory=list)
    _characters: int = 0
    _count: int = 0

    @property
    def rows(self) -> Mapping[str, Row]:
        """All rows by their ids."""
        return {row.id: row for page in self.pages for row in page.rows}

    def has(self, wanted: Wanted) -> bool:
        """Whether that was looked up already."""
        return any(page.wanted == wanted for page in self.pages)

    def write(self, wanted: Wanted, facts: Facts) -> None:
        """Put down what was found, as much as there is room for, and say how much there is."""
        summary = self._numbered(Fact(RowKind.SUMMARY, {}))
        kept = [self._numbered(fact) for fact in facts.rows if self._has_room(fact)]
        values: dict[str, Value] = {"look_up": wanted.name, "found": facts.found, "shown": len(kept), **facts.more}
        asked = {name: value for name, value in wanted.arguments.items() if value.strip() and name not in values}
        self.pages.append(Page(wanted, (_with(summary, {**values, **asked}), *kept)))

    def refuse(self, wanted: Wanted, reason: Said) -> None:
        """Put down that nothing could be looked up, and why."""
        summary = self._numbered(Fact(RowKind.SUMMARY, {"look_up": wanted.name, "refused": reason}))
        self.pages.append(Page(wanted, (summary,)))

    def shown(self) -> list[Mapping[str, Any]]:
        """The rows as the model is shown them."""
        return [shown(row, self.scope) for row in self.rows.values()]

    def _has_room(self, fact: Fact) -> bool:
        size = len(json.dumps(_plain(fact.values, self.scope), ensure_ascii=False))
        if self._count >= MAX_ROWS or self._characters + size > MAX_CHARACTERS:
            return False
        self._characters += size
        return True

    def _numbered(self, fact: Fact) -> Row:
        self._count += 1
        return Row(f"R{self._count}", fact.kind, fact.values, fact.plan)


def _with(row: Row, values: Mapping[str, Value]) -> Row:
    return Row(row.id, row.kind, values, row.plan)


def shown(row: Row, scope: Scope) -> Mapping[str, Any]:
    """A row as the model is shown it."""
    return {"id": row.id, "row": row.kind.value, **_plain(row.values, scope)}


def texts_of(row: Row, scope: Scope) -> Iterator[str]:
    """What stands in a row in words: texts, and days and times as the model is shown them."""
    for value in row.values.values():
        if isinstance(value, (str, date, Month, Said, Several, StepError)):
            yield str(_plain_value(value, scope))


def numbers_of(row: Row) -> Iterator[int | float]:
    """The numbers in a row, but for that of its plan."""
    for name, value in row.values.items():
        if isinstance(value, (int, float)) and name != "number":
            yield value


def _plain(values: Mapping[str, Value], scope: Scope) -> dict[str, Any]:
    return {name: _plain_value(value, scope) for name, value in values.items()}


def _plain_value(value: Value, scope: Scope) -> str | int | float | Sequence[str]:
    match value:
        case datetime():
            return f"{value.astimezone(ZoneInfo(scope.time_zone)):%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case Person():
            return value.id
        case People():
            return value.ids[:20]
        case Took():
            return f"{round(value.seconds)} seconds"
        case Month() | Said() | Several() | StepError():
            return str(value)
        case _:
            return value
