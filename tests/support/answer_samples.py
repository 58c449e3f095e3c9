"""Sample answers to questions, for the tests of their view and for the gallery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from bot.slack.messages import Message
from bot.views.messages.answer import Known, answer_message, looking
from services.queries.inquiries.asking import Answered, Trouble
from services.queries.inquiries.wording import pieces
from services.queries.lookups.rows import People, Person, PlanRef, Row, RowKind, Value
from tests.support.samples import CHANNEL, DECIDER, HOSTILE, MADE_AT, PLAN_ID, REPORTER

INQUIRY_ID = UUID("3c1f6a5e-7d0b-4a55-8a37-1d6a2f1e8c07")
OTHER_ID = UUID("9a7c2b8e-1d7a-4c55-9a37-0d6a2f1e8b08")
KNOWN = Known(
    {REPORTER: "leela", DECIDER: "fry"},
    {
        PLAN_ID: "https://town.slack.com/archives/C0WORKS01/p1",
        OTHER_ID: "https://town.slack.com/archives/C0WORKS01/p2",
    },
)


def plan(row_id: str, number: int, plan_id: UUID = PLAN_ID, **values: Value) -> Row:
    """The row of a plan."""
    given = {"number": number, "title": "Repair the water main", "state": "running", **values}
    return Row(row_id, RowKind.PLAN, given, PlanRef(plan_id, number, CHANNEL, "1.1"))


SUMMARY = Row("R1", RowKind.SUMMARY, {"look_up": "plans", "found": 2, "shown": 2, "text": "Ward 4"})
FLOOD = plan("R2", 12, waits_for="approval of “Close Mill Road”", place="Mill Road, Ward 4")
LIGHT = plan("R3", 9, OTHER_ID, title="Mend the streetlight", state="being drafted", place="Ward 4")
STEP = Row(
    "R4",
    RowKind.STEP,
    {
        "step": 2,
        "title": "Close Mill Road",
        "state": "waiting for a person",
        "waits_for": "approval of “Close Mill Road”",
        "people": People((DECIDER, REPORTER)),
    },
    FLOOD.plan,
)
DECISION = Row(
    "R5",
    RowKind.DECISION,
    {
        "number": 12,
        "title": "Repair the water main",
        "what": "approved",
        "step": "Order a crane",
        "by": Person(DECIDER),
        "at": MADE_AT - timedelta(days=1),
        "reason": "the tree blocks the bus",
    },
    FLOOD.plan,
)
FAILURES = Row(
    "R6",
    RowKind.FAILURES,
    {"component": "Assign a crew", "failed": 3, "calls": 40, "uncertain": 1, "tried_again": 2},
)
EVIL = plan("R7", 13, title=HOSTILE, state="running")
ROWS = {row.id: row for row in (SUMMARY, FLOOD, LIGHT, STEP, DECISION, FAILURES, EVIL)}


def answered(text: str, rows: Sequence[Row] = tuple(ROWS.values())) -> Answered:
    """An answer as the model writes it, taken apart."""
    found, faults = pieces(text, {row.id: row for row in rows})
    assert not faults
    cited = {part.row.id: part.row for part in found if not hasattr(part, "text")}
    return Answered(tuple(found), tuple(cited.values()))


def drawn(of: Answered, known: Known = KNOWN) -> Message:
    """As people see it."""
    return answer_message(of, known, INQUIRY_ID)


MESSAGES: Mapping[str, Message] = {
    "A question is being looked up": looking(INQUIRY_ID),
    "An answer that lists plans": drawn(answered("{R1.found} plans are open in Ward 4: [R2] and [R3].")),
    "An answer about one plan": drawn(answered("[R2] waits for {R4.waits_for}, by {R4.people}.")),
    "An answer about a decision": drawn(answered("“{R5.step}” was {R5.what} by {R5.by}, {R5.at}.")),
    "An answer without the model": drawn(
        Answered(rows=(SUMMARY, FLOOD, LIGHT), trouble=Trouble.UNAVAILABLE), KNOWN
    ),
}
"""By what the gallery calls them."""
