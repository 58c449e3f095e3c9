"""The rules of the table and data_table blocks."""

from __future__ import annotations

from bot.sandbox.slack.limits.checker import Problems
from bot.sandbox.slack.limits.rich_text import check_rich_text
from bot.sandbox.slack.state.model import Json

TABLE_ROWS = 100
TABLE_COLUMNS = 20
TABLE_CHARACTERS = 10_000
DATA_TABLE_ROWS = 201  # with the header
DATA_TABLE_CHARACTERS = 20_000


def check_table(problems: Problems, block: Json, pointer: str) -> None:
    """Check a table block."""
    problems.only(block, pointer, {"type", "block_id", "rows", "column_settings"})
    rows = problems.array(block, "rows", pointer, at_least=1, at_most=TABLE_ROWS, required=True)
    _check_rows(problems, rows, pointer, kinds={"raw_text", "rich_text"}, limit=TABLE_CHARACTERS)
    settings = problems.array(block, "column_settings", pointer, at_most=TABLE_COLUMNS)
    for index, setting in enumerate(settings):
        if setting is None:  # null keeps a column's defaults
            continue
        here = f"{pointer}/column_settings/{index}"
        if not isinstance(setting, dict):
            problems.add(here, "must provide an object")
            continue
        problems.only(setting, here, {"align", "is_wrapped"})
        problems.one_of(setting, "align", here, {"left", "center", "right"})
        problems.boolean(setting, "is_wrapped", here)


def check_data_table(problems: Problems, block: Json, pointer: str) -> None:
    """Check a data_table block: a header row of plain text, then rows of the same length."""
    keys = {"type", "block_id", "rows", "caption", "page_size", "row_header_column_index"}
    problems.only(block, pointer, keys)
    problems.string(block, "caption", pointer, required=True)
    problems.integer(block, "page_size", pointer, at_least=1, at_most=100)
    rows = problems.array(block, "rows", pointer, at_least=2, at_most=DATA_TABLE_ROWS, required=True)
    kinds = {"raw_text", "rich_text", "raw_number"}
    _check_rows(problems, rows, pointer, kinds=kinds, limit=DATA_TABLE_CHARACTERS)
    lengths = {len(row) for row in rows if isinstance(row, list)}
    if len(lengths) > 1:
        problems.add(f"{pointer}/rows", "all rows must have the same number of cells")
    for index, cell in enumerate(rows[0] if rows and isinstance(rows[0], list) else []):
        if isinstance(cell, dict) and cell.get("type") == "rich_text":
            problems.add(f"{pointer}/rows/0/{index}/type", "unsupported type: rich_text")


def _check_rows(problems: Problems, rows: list[object], pointer: str, *, kinds: set[str], limit: int) -> None:
    total = 0
    for number, row in enumerate(rows):
        here = f"{pointer}/rows/{number}"
        if not isinstance(row, list):
            problems.add(here, "must provide an array")
            continue
        if len(row) > TABLE_COLUMNS:
            problems.add(here, f"no more than {TABLE_COLUMNS} items allowed")
        for column, cell in enumerate(row):
            total += _check_cell(problems, cell, f"{here}/{column}", kinds)
    if total > limit:
        problems.add(f"{pointer}/rows", f"must be less than {limit + 1} characters")


def _check_cell(problems: Problems, cell: object, pointer: str, kinds: set[str]) -> int:
    """Check a cell and return its number of characters."""
    if not isinstance(cell, dict):
        problems.add(pointer, "must provide an object")
        return 0
    kind = problems.kind(cell, pointer, kinds)
    if kind is None:
        return 0
    if kind == "rich_text":
        check_rich_text(problems, cell, pointer)
        return text_length(cell)
    if kind == "raw_number":
        return len(str(cell.get("value", "")))
    problems.only(cell, pointer, {"type", "text"})
    return len(problems.string(cell, "text", pointer, at_least=0, required=True) or "")


def text_length(value: object) -> int:
    """The characters of all text in a piece of JSON: each string but types, ids and button values."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return sum(map(text_length, value))
    if isinstance(value, dict):
        return sum(text_length(item) for key, item in value.items() if key not in _NOT_TEXT)
    return 0


_NOT_TEXT = frozenset(
    {"type", "block_id", "action_id", "task_id", "value", "style", "status", "user_id", "channel_id"}
)
