"""Importing what a document describes: what is new, what differs, and what people made theirs since.

An operation is known by its method and path. What a component was imported as is remembered by digests of its
members (`components.imported`): one that is another now was changed by hand, and stays whatever the document says.
PostgreSQL notes there that somebody changed a component, so that only those are read in which a member may be
another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import ARRAY, Row, String, any_, cast, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Component
from db.models.documents import ImportedForm
from db.session import ReadSession
from services import audit
from services.components.adding import wait_for_turn
from services.components.definitions import ComponentDefinition
from services.components.openapi.model import ApiDocument, Operation, Reason, Refused
from services.components.specs import ApprovalPolicy
from services.components.storing import members_of, outlines, store, texts_of
from services.components.written import WrittenDefinition, digest_of, text_of, written

_TOGETHER = ("endpoint_url", "path_params")
"""Members that must fit each other: by hand both, or none."""

_AT_ONCE = 200
"""So many operations, and rows, are looked at before others have their turn."""

_LOOKED_AT = 20
"""So many components are read at once to see what people changed of them: nobody is held up by that for long."""


class EntryState(StrEnum):
    """What importing an operation would do."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ImportEntry:
    """One operation and its component: `changes` are members that would be others, `kept` those changed by hand.

    `active` is false for a component that somebody took out of use. `definition` is what would be stored.
    """

    operation: Operation
    state: EntryState
    key: str = ""
    changes: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    active: bool = True
    definition: WrittenDefinition | None = None
    is_noted: bool = True
    """Whether `components.imported` says already what the document says."""

    @property
    def approval(self) -> ApprovalPolicy | None:
        """The gate that the component will have; None where there will be none."""
        return None if self.definition is None else ApprovalPolicy(self.definition["approval"])


@dataclass(frozen=True, slots=True)
class GoneComponent:
    """A component in use whose operation is in the document no more."""

    key: str
    operation: str


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What a document would bring, in its order, and what of an earlier import it has no more."""

    document: ApiDocument
    entries: tuple[ImportEntry, ...]
    gone: tuple[GoneComponent, ...]

    def in_state(self, state: EntryState) -> tuple[ImportEntry, ...]:
        """The entries in one state."""
        return tuple(entry for entry in self.entries if entry.state == state)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The keys that an import created, changed, found as they were, and took out of use; what it kept, by key."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    deactivated: tuple[str, ...]
    kept: Mapping[str, tuple[str, ...]]


class ImportService:
    """Imports documents. Every method takes a session and leaves the commit to its caller.

    `refused_origins` are addresses that must not be called, with the reason
    (`services.connectors.documents.refused_origins` asks).
    """

    async def preview(
        self,
        session: AsyncSession | ReadSession,
        workspace_id: UUID,
        document: ApiDocument,
        *,
        refused_origins: Mapping[str, str],
    ) -> ImportPreview:
        """What importing a document would do. Nothing is changed."""
        rows = await _rows(session, workspace_id, document, lock=False)
        return await _previewed(session, workspace_id, document, rows, refused_origins)

    async def carry_out(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        document: ApiDocument,
        *,
        chosen: Collection[str] | None,
        refused_origins: Mapping[str, str],
        actor: audit.Actor,
        deactivate_gone: bool = False,
    ) -> ImportResult:
        """Import the `chosen` operations (their ids); None: all, but for those that somebody took out of use.

        What is refused is left out. Twice the same import changes nothing the second time.
        """
        await wait_for_turn(session, workspace_id)
        rows = await _rows(session, workspace_id, document, lock=True)
        preview = await _previewed(session, workspace_id, document, rows, refused_origins)
        entries = [entry for entry in preview.entries if _is_wanted(entry, chosen)]
        writes = [entry for entry in entries if entry.changes or not entry.is_noted or not entry.active]
        # In the order of the keys, as ComponentService.load has it.
        writes.sort(key=lambda entry: entry.key)
        await store(
            session,
            (
                texts_of(workspace_id, entry.definition, _noted(document.source, entry.operation, entry.kept))
                for entry in writes
                if entry.definition is not None
            ),
        )
        gone = {each.key for each in preview.gone} if deactivate_gone else set()
        if gone:
            of_them = Component.key == any_(cast([*gone], ARRAY(String)))
            await session.execute(
                update(Component).where(Component.workspace_id == workspace_id, of_them).values(is_active=False)
            )
        result = _result(entries, tuple(sorted(gone)))
        await _record(session, workspace_id, document, result, actor)
        return result


async def _rows(
    session: AsyncSession | ReadSession, workspace_id: UUID, document: ApiDocument, *, lock: bool
) -> Sequence[Row[Any]]:
    """The components of this source, and those that have a key which it would give, without their schemas."""
    keys = [key for each in document.operations for key in (each.key, each.spare_key) if each.definition]
    of_source = Component.imported["source"].astext == document.source
    query = (
        select(Component.key)
        .where(
            Component.workspace_id == workspace_id,
            or_(of_source, Component.key == any_(cast(keys, ARRAY(String)))),
        )
        .order_by(Component.key)
    )
    found = (await session.scalars(query.with_for_update() if lock else query)).all()
    return [row for piece in _pieces(found, _AT_ONCE) for row in await outlines(session, workspace_id, piece)]


async def _previewed(
    session: AsyncSession | ReadSession,
    workspace_id: UUID,
    document: ApiDocument,
    rows: Sequence[Row[Any]],
    refused_origins: Mapping[str, str],
) -> ImportPreview:
    matching = _Matching(document, rows)
    found = []
    for number, operation in enumerate(document.operations):
        found.append(_entry(operation, matching, refused_origins))
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)  # others have their turn
    touched = {row.key: row for row in rows if not _is_untouched(row)}
    numbers = {entry.key: number for number, entry in enumerate(found) if entry.key in touched}
    for piece in _pieces(sorted(numbers), _LOOKED_AT):
        for key, members in (await members_of(session, workspace_id, piece)).items():
            entry = found[numbers[key]]
            if entry.definition is not None:
                found[numbers[key]] = _compared(entry, touched[key], members, entry.definition, document.source)
    matched = {entry.key for entry in found if entry.state != EntryState.NEW}
    gone = tuple(
        GoneComponent(row.key, row.imported["operation"])
        for row in matching.own
        if row.is_active and row.key not in matched and row.imported["operation"] not in matching.ids
    )
    return ImportPreview(document, tuple(found), gone)


def _entry(operation: Operation, matching: _Matching, refused_origins: Mapping[str, str]) -> ImportEntry:
    """An operation, and the component that it is already, as far as that can be told without its schemas."""
    if operation.definition is None:
        return ImportEntry(operation, EntryState.REFUSED, refused=operation.refused)
    if reason := refused_origins.get(operation.origin):
        refused = Refused(Reason.ADDRESS, f"{operation.origin}: {reason}")
        return ImportEntry(operation, EntryState.REFUSED, refused=(refused,))
    row, key = matching.find(operation)
    if not key:
        refused = Refused(Reason.KEY_TAKEN, operation.key)
        return ImportEntry(operation, EntryState.REFUSED, refused=(refused,))
    new = operation.definition if key == operation.key else operation.definition.under(key)
    if row is None:
        return ImportEntry(operation, EntryState.NEW, key, definition=new, is_noted=False)
    known = row.imported["members"] if row.imported else {}
    changes = tuple(name for name in new if name != "key" and known.get(name) != new.digests[name])
    return ImportEntry(
        operation,
        EntryState.CHANGED if changes else EntryState.UNCHANGED,
        key,
        changes,
        active=row.is_active,
        definition=new,
        is_noted=row.imported == _noted(matching.source, operation),
    )


def _compared(
    entry: ImportEntry, row: Row[Any], current: Mapping[str, Any], new: WrittenDefinition, source: str
) -> ImportEntry:
    """An operation beside the component that it is already, of which people may have changed any member."""
    known = row.imported["members"] if row.imported else {}
    different = [name for name in new if text_of(current[name]) != new.texts[name] and current[name] != new[name]]
    kept = [name for name in different if known.get(name) != digest_of(text_of(current[name]))]
    if any(name in kept for name in _TOGETHER):
        kept = [name for name in different if name in kept or name in _TOGETHER]
    changes = tuple(name for name in different if name not in kept)
    whole = new
    try:
        if kept:
            members = {**new, **{name: current[name] for name in kept}}
            if changes:
                members = ComponentDefinition.model_validate(members).model_dump(mode="json")
            whole = written(members)
    except ValidationError as error:
        named = ", ".join(sorted({str(each["loc"][0]) for each in error.errors()}))
        refused = Refused(Reason.DEFINITION, f"{named}, with what was changed by hand")
        return ImportEntry(entry.operation, EntryState.REFUSED, row.key, kept=tuple(kept), refused=(refused,))
    return ImportEntry(
        entry.operation,
        EntryState.CHANGED if changes else EntryState.UNCHANGED,
        row.key,
        changes,
        tuple(kept),
        active=row.is_active,
        definition=whole,
        is_noted=row.imported == _noted(source, entry.operation, kept),
    )


def _pieces(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))


class _Matching:
    """Which component is which operation."""

    def __init__(self, document: ApiDocument, rows: Iterable[Row[Any]]) -> None:
        self.source = document.source
        self.ids = {operation.id for operation in document.operations}
        self._by_key = {row.key: row for row in rows}
        self.own = [row for row in self._by_key.values() if row.imported and row.imported["source"] == self.source]
        self._by_operation = {row.imported["operation"]: row for row in self.own if row.imported}
        self._taken = {row.key for row in self.own if row.imported and row.imported["operation"] in self.ids}

    def find(self, operation: Operation) -> tuple[Row[Any] | None, str]:
        """The component of an operation and its key; the key alone for a new one, none where both are taken."""
        row = self._by_operation.get(operation.id)
        if row is not None:
            return row, row.key
        for key in dict.fromkeys((operation.key, operation.spare_key)):
            found = self._by_key.get(key)
            if key in self._taken or (found is not None and not self._is_ours(found, operation)):
                continue
            self._taken.add(key)
            return found, key
        return None, ""

    def _is_ours(self, row: Row[Any], operation: Operation) -> bool:
        """Whether a component is this operation under another path, or as somebody wrote it down by hand."""
        if row.imported:
            return bool(row.imported["source"] == self.source)
        definition: Mapping[str, Any] = operation.definition or {}
        return (row.http_method, row.endpoint_url) == (definition["http_method"], definition["endpoint_url"])


def _is_wanted(entry: ImportEntry, chosen: Collection[str] | None) -> bool:
    if entry.state == EntryState.REFUSED:
        return False
    return entry.active if chosen is None else entry.operation.id in chosen


def _noted(source: str, operation: Operation, kept: Collection[str] = ()) -> ImportedForm:
    """What is remembered of where a component came from, and whether it is all that the document says."""
    digests = {} if operation.definition is None else operation.definition.digests
    members = {name: digest for name, digest in digests.items() if name != "key"}
    noted: ImportedForm = {"source": source, "operation": operation.id, "members": members}
    return noted if kept else {**noted, "untouched": True}


def _is_untouched(row: Row[Any]) -> bool:
    """Whether nobody can have changed a component since it was imported as the document had it."""
    return bool(row.imported) and row.imported.get("untouched") is True


def _result(entries: Iterable[ImportEntry], deactivated: tuple[str, ...]) -> ImportResult:
    def keys(*states: EntryState) -> Iterator[str]:
        return (entry.key for entry in entries if entry.state in states)

    entries = list(entries)
    again = {entry.key for entry in entries if not entry.active}
    return ImportResult(
        created=tuple(sorted(keys(EntryState.NEW))),
        updated=tuple(sorted({*keys(EntryState.CHANGED), *again})),
        unchanged=tuple(sorted({*keys(EntryState.UNCHANGED)} - again)),
        deactivated=deactivated,
        kept={entry.key: entry.kept for entry in entries if entry.kept},
    )


async def _record(
    session: AsyncSession, workspace_id: UUID, document: ApiDocument, result: ImportResult, actor: audit.Actor
) -> None:
    if result.created or result.updated or result.deactivated:
        await audit.record(
            session,
            workspace_id,
            subject=workspace_id,
            actor=actor,
            action="components.imported",
            title=document.title,
            version=document.version,
            digest=document.digest,
            created=list(result.created),
            updated=list(result.updated),
            deactivated=list(result.deactivated),
        )
