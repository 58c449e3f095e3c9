"""Why nothing of a document can be imported, in one plain sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from bot.languages import N_, Sentence, _, ngettext
from bot.slack.ids import METADATA_IMPORT
from bot.slack.messages import Message
from bot.views.importing.words import DOCUMENT_FAULTS, OPEN311
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, one_line
from bot.views.private.notes import Note, note_text
from bot.views.private.pack_faults import pack_fault
from services.components.openapi.model import DocumentRefused
from services.components.packs import PackFault, PackFaults
from services.connectors.documents import FetchRefused
from services.connectors.errors import AddressRefused, CallError, RedirectRefused
from services.open311.model import Open311Refused

_NAME = 100
_FAULTS = 5
_LINE = 200
_FILES: Mapping[str, Sentence] = {
    "too_large": N_("It is larger than {size} MB, which is the most I read."),
    "not_given": N_("Slack did not give it to me. Please send it again."),
}


def not_yours() -> str:
    """Whoever may not add components is told so."""
    return note_text(Note.ADDS_NO_COMPONENTS)


def refused_message(offer_id: UUID, name: str, problem: str, faults: Sequence[PackFault] = ()) -> Message:
    """That nothing was imported, and why."""
    name = clip(one_line(name), _NAME)
    head = _("I can't import {name}. {problem} Nothing was added.", name=name, problem=problem)
    elements = [kit.paragraph(kit.span(clip(head, 1_000)))]
    if faults:
        lines = [_fault(fault) for fault in faults[:_FAULTS]]
        if len(faults) > _FAULTS:
            more = len(faults) - _FAULTS
            lines.append(ngettext("…and {count} fault more", "…and {count} faults more", more))
        elements.append(kit.bullets(lines))
    return Message(kit.fallback(head), kit.seal([kit.rich_text(*elements)], "import"), import_metadata(offer_id))


def not_yours_message(offer_id: UUID) -> Message:
    """The same as `not_yours`, as an answer to a file."""
    return Message(not_yours(), [], import_metadata(offer_id))


def document_problem(error: DocumentRefused | CallError | Open311Refused | PackFaults) -> str:
    """What is wrong with a document, or the way to it, in a sentence."""
    match error:
        case DocumentRefused():
            return clip(one_line(DOCUMENT_FAULTS[error.code](error.detail)), 300)
        case PackFaults():
            count = len(error.faults)
            return ngettext("This pack has {count} fault.", "This pack has {count} faults.", count)
        case Open311Refused():
            where = clip(one_line(error.where), _NAME)
            return _(OPEN311.get(error.reason, OPEN311["unreadable"]), where=where)
        case AddressRefused():
            return _("Its address is private or not allowed here, so I don't call it.")
        case RedirectRefused():
            return _("The address leads to another one. Give me that.")
        case FetchRefused(reason="too_large"):
            return file_problem("too_large", error.limit or 0)
        case FetchRefused(reason="status"):
            return _("Its server answers with status {status}.", status=str(error.status))
        case _:
            return _("I can't get it from its server.")


def file_problem(code: str, limit: int) -> str:
    """Why a file of Slack's could not be had."""
    return _(_FILES.get(code, _FILES["not_given"]), size=limit // 2**20)


def import_metadata(offer_id: UUID) -> dict[str, object]:
    """What a message about an offer is found by."""
    return {"event_type": METADATA_IMPORT, "event_payload": {"import": str(offer_id)}}


def _fault(fault: PackFault) -> str:
    where = ", ".join(filter(None, (fault.component, fault.member.partition("].")[2] or fault.member)))
    problem = pack_fault(fault)
    line = str(fault.line)
    if where:
        said = _("Line {line}, {place}: {problem}", line=line, place=where, problem=problem)
    else:
        said = _("Line {line}: {problem}", line=line, problem=problem)
    return clip(one_line(said), _LINE)
