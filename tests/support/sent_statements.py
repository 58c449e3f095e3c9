"""The statements that one engine sends, without BEGIN and COMMIT and what the queue asks by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from db.session import Database

_NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "WITH input AS MATERIALIZED")
"""The last is how the queue begins to put jobs in."""


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that are sent inside of the block, by SQLAlchemy or by the driver itself."""
    sent: list[str] = []
    listened: set[Any] = set()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(" ".join(statement.split())[:80])

    def note_of_driver(query: Any) -> None:
        statement = " ".join(query.query.split())
        if not statement.startswith(_NOT_COUNTED):
            sent.append(statement[:80])

    def listen(connection: Any, *_: Any) -> None:
        listened.add(connection.driver_connection)
        connection.driver_connection.add_query_logger(note_of_driver)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "checkout", listen)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "checkout", listen)
        for connection in listened:
            connection.remove_query_logger(note_of_driver)
