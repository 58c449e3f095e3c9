"""An answer without the model: what plain rules look up, shown as it is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from services.mentions import PartKind
from services.queries.inquiries.asking import Answered, Inquiry, LookUpDoor, Trouble, write
from services.queries.inquiries.notebook import Notebook, Page
from services.queries.inquiries.rules import fewer_words, look_ups_for
from services.queries.lookups import names_for
from services.queries.lookups.rows import RowKind, Scope


async def plain_answer(
    inquiry: Inquiry, scope: Scope, look_up: LookUpDoor, trouble: Trouble, before: Answered | None = None
) -> Answered:
    """What the rules find; what had been found before, if that is more. No rows where no rule fits."""
    notebook = Notebook(scope)
    today = scope.now.astimezone(ZoneInfo(scope.time_zone)).date()
    people = [part.id for part in inquiry.parts if part.kind is PartKind.PERSON]
    for wanted in look_ups_for(inquiry.text, today, inquiry.plan_number, people):
        if wanted.name in names_for(scope):
            await write(notebook, scope, wanted, look_up)
            fewer = fewer_words(wanted)
            if fewer is not None and not _has_found(notebook.pages[-1]):
                await write(notebook, scope, fewer, look_up)
    usages = () if before is None else before.usages
    if before is not None and not any(map(_has_found, notebook.pages)):
        pages, rows = before.pages, before.rows
    else:
        pages, rows = tuple(notebook.pages), tuple(notebook.rows.values())
    return Answered(rows=rows, pages=pages, usages=usages, trouble=trouble)


def _has_found(page: Page) -> bool:
    return any(row.kind is not RowKind.SUMMARY for row in page.rows)
