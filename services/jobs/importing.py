"""Jobs about documents that become components: read and previewed, chosen from, imported."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from services.jobs.requests import Act
from services.jobs.runs import AnswerFile

ImportChoice = Literal["new", "changed", "chosen"]


class OfferDocument(Act):
    """Somebody sent a file, or said an address (`url`): read it, and show them what it would bring.

    `key` is Slack's own id of that. A file was sent in `channel`, in whose thread the answer belongs, and `heard`
    is what was written down of it.
    """

    entrypoint: ClassVar[str] = "offer_document"

    key: str
    url: str = ""
    file: AnswerFile | None = None
    heard: UUID | None = None
    thread_ts: str | None = None
    is_stranger: bool = False


class OfferOpen311(Act):
    """Somebody named an Open311 endpoint, or a preset: read it, and show them what it would bring."""

    entrypoint: ClassVar[str] = "offer_open311"

    key: str
    url: str = ""
    preset: str = ""
    jurisdiction: str = ""
    api_key: str = ""


class ImportOffered(Act):
    """Import what was offered: all that is new, all that differs, or what was ticked.

    `shown` and `ticked` are numbers of entries on the last page that was looked at.
    """

    entrypoint: ClassVar[str] = "import_offered"

    key: str
    target: UUID
    choice: ImportChoice
    shown: tuple[int, ...] = ()
    ticked: tuple[int, ...] = ()


class CloseOffer(Act):
    """Show an offer as it is now, and if it `cancels`, end it before."""

    entrypoint: ClassVar[str] = "close_offer"

    key: str
    target: UUID
    cancels: bool


class TurnChoices(Act):
    """Show another page of what can be chosen in an open modal, or what has these words; keep what is ticked."""

    entrypoint: ClassVar[str] = "turn_choices"

    key: str
    target: UUID
    view: str
    search: str
    page: int
    shown: tuple[int, ...]
    ticked: tuple[int, ...]
