"""ImportOffers: what people were shown of a document, kept until they have chosen, for a day at most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ComponentImport
from db.session import ReadSession
from services.errors import MuddaError

KEPT_FOR = timedelta(days=1)
"""After so long what is registered may be another, and a preview is shown anew."""

MOST_KEPT = 10
"""Documents of a workspace that are kept at a time, the newest: each may have 24 MB."""


class OfferState(StrEnum):
    """Where an offer is between its request and its end."""

    READING = "reading"
    OFFERED = "offered"
    IMPORTED = "imported"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class OfferKind(StrEnum):
    """What sort of document it is."""

    OPENAPI = "openapi"
    PACK = "pack"
    OPEN311 = "open311"


class OfferGone(MuddaError):
    """There is no such offer any more, or it is somebody else's."""


@dataclass(frozen=True, slots=True)
class OfferedEntry:
    """One component that can be chosen. `id` is that of its operation, or its key where it has none.

    `state` is "new", "changed" or "unchanged", `gate` its approval policy; `is_active`: nobody took it out of use.
    """

    id: str
    key: str
    name: str
    tag: str
    state: str
    gate: str
    is_active: bool = True

    @property
    def is_choosable(self) -> bool:
        """Whether choosing it would change anything."""
        return self.state != "unchanged" or not self.is_active


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer as it is kept, without its document. `chosen` are numbers of entries, from 0."""

    id: UUID
    user: str
    kind: OfferKind
    state: OfferState
    about: Mapping[str, Any]
    entries: tuple[OfferedEntry, ...]
    chosen: frozenset[int]
    result: Mapping[str, Any]
    channel: str | None
    message_ts: str | None
    created_at: datetime

    def is_open(self, now: datetime) -> bool:
        """Whether something can still be chosen of it."""
        return self.state is OfferState.OFFERED and now - self.created_at < KEPT_FOR

    def ids(self, numbers: Iterable[int]) -> frozenset[str]:
        """The ids of entries by their numbers."""
        return frozenset(self.entries[number].id for number in numbers if number < len(self.entries))


class ImportOffers:
    """Offers by workspace. Every method takes a session and leaves the commit to its caller."""

    async def begin(
        self, session: AsyncSession, workspace_id: UUID, key: str, user: str, kind: OfferKind, now: datetime
    ) -> tuple[Offer, bool]:
        """The offer of a request, and whether an earlier try has begun it. The oldest are forgotten."""
        made = await session.scalar(
            insert(ComponentImport)
            .values(
                id=uuid4(),
                workspace_id=workspace_id,
                key=key,
                user_id=user,
                kind=kind,
                state=OfferState.READING,
                about={},
                offered=[],
                chosen=[],
                result={},
                created_at=now,
            )
            .on_conflict_do_nothing()
            .returning(ComponentImport.id)
        )
        of_workspace = ComponentImport.workspace_id == workspace_id
        newest = select(ComponentImport.id).where(of_workspace).order_by(ComponentImport.created_at.desc())
        await session.execute(
            delete(ComponentImport).where(of_workspace, ComponentImport.id.not_in(newest.limit(MOST_KEPT)))
        )
        row = await session.scalar(
            select(ComponentImport).where(of_workspace, ComponentImport.key == key).with_for_update()
        )
        if row is None:
            raise OfferGone(key)
        return _offer(row), made is None

    async def offer(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        offer_id: UUID,
        kind: OfferKind,
        about: Mapping[str, Any],
        document: bytes | None,
        entries: Sequence[OfferedEntry],
        chosen: Iterable[int] = (),
    ) -> None:
        """Keep what can be chosen, what of it is ticked at first, and its document. Raises OfferGone."""
        row = await _locked(session, workspace_id, offer_id)
        row.chosen = sorted(chosen)
        row.kind, row.about, row.document = kind, dict(about), document
        row.offered, row.state = [asdict(entry) for entry in entries], OfferState.OFFERED

    async def refuse(self, session: AsyncSession, workspace_id: UUID, offer_id: UUID) -> None:
        """Nothing can be imported of it. Raises OfferGone."""
        row = await _locked(session, workspace_id, offer_id)
        row.state, row.document = OfferState.REFUSED, None

    async def posted(
        self, session: AsyncSession, workspace_id: UUID, offer_id: UUID, channel: str, message_ts: str
    ) -> None:
        """Its message is there. Raises OfferGone."""
        row = await _locked(session, workspace_id, offer_id)
        row.channel_id, row.message_ts = channel, message_ts

    async def get(
        self, session: AsyncSession | ReadSession, workspace_id: UUID, offer_id: UUID, user: str
    ) -> Offer:
        """The offer of a person. Raises OfferGone."""
        row = await session.scalar(_one(workspace_id, offer_id).where(ComponentImport.user_id == user))
        if row is None:
            raise OfferGone(str(offer_id))
        return _offer(row)

    async def document(self, session: ReadSession, workspace_id: UUID, offer_id: UUID) -> bytes:
        """The bytes of its document. Raises OfferGone where they have been forgotten."""
        kept: bytes | None = await session.scalar(
            select(ComponentImport.document).where(
                ComponentImport.workspace_id == workspace_id, ComponentImport.id == offer_id
            )
        )
        if kept is None:
            raise OfferGone(str(offer_id))
        return kept

    async def choose(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        offer_id: UUID,
        shown: Iterable[int],
        ticked: Iterable[int],
    ) -> Offer:
        """Remember what is ticked of the entries that were shown; of the others it stays. Raises OfferGone."""
        row = await _locked(session, workspace_id, offer_id)
        row.chosen = sorted(with_page(row.chosen, shown, ticked))
        return _offer(row)

    async def claim(self, session: AsyncSession, workspace_id: UUID, offer_id: UUID, now: datetime) -> Offer:
        """The offer, held until the transaction ends, to be imported in it. Raises OfferGone unless it is open."""
        offer = _offer(await _locked(session, workspace_id, offer_id))
        if not offer.is_open(now):
            raise OfferGone(str(offer_id))
        return offer

    async def imported(
        self, session: AsyncSession, workspace_id: UUID, offer_id: UUID, result: Mapping[str, Any]
    ) -> None:
        """It is done, in the transaction of what was done. Raises OfferGone."""
        row = await _locked(session, workspace_id, offer_id)
        row.state, row.document, row.result = OfferState.IMPORTED, None, dict(result)

    async def cancel(self, session: AsyncSession, workspace_id: UUID, offer_id: UUID) -> None:
        """Nothing of it is wanted; what was imported before stays. Raises OfferGone."""
        row = await _locked(session, workspace_id, offer_id)
        if row.state == OfferState.OFFERED:
            row.state, row.document = OfferState.CANCELLED, None


def with_page(chosen: Iterable[int], shown: Iterable[int], ticked: Iterable[int]) -> frozenset[int]:
    """What is chosen once a page of entries was looked through."""
    on_page = frozenset(shown)
    return frozenset(chosen) - on_page | (frozenset(ticked) & on_page)


def _one(workspace_id: UUID, offer_id: UUID) -> Any:
    return select(ComponentImport).where(
        ComponentImport.workspace_id == workspace_id, ComponentImport.id == offer_id
    )


async def _locked(session: AsyncSession, workspace_id: UUID, offer_id: UUID) -> ComponentImport:
    row: ComponentImport | None = await session.scalar(_one(workspace_id, offer_id).with_for_update())
    if row is None:
        raise OfferGone(str(offer_id))
    return row


def _offer(row: ComponentImport) -> Offer:
    return Offer(
        id=row.id,
        user=row.user_id,
        kind=OfferKind(row.kind),
        state=OfferState(row.state),
        about=row.about,
        entries=tuple(OfferedEntry(**entry) for entry in row.offered),
        chosen=frozenset(row.chosen),
        result=row.result,
        channel=row.channel_id,
        message_ts=row.message_ts,
        created_at=row.created_at,
    )
