"""What an answer may say: values of the rows that it cites, and no number of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.queries.inquiries.wording import Cited, Words, cited_rows, faults_of, pieces
from services.queries.lookups.rows import Person, PlanRef, Row, RowKind, Scope

AT = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
SCOPE = Scope(uuid4(), "U0PRIYA001", AT, "UTC")
ROWS = {
    row.id: row
    for row in (
        Row("R1", RowKind.SUMMARY, {"look_up": "plans", "found": 3, "shown": 2, "text": "Ward 4"}),
        Row(
            "R2",
            RowKind.PLAN,
            {
                "number": 12,
                "title": "Flood at 5th and Main",
                "state": "running",
                "reported_at": AT,
                "steps": 7,
                "reporter": Person("U0PRIYA001"),
            },
            PlanRef(uuid4(), 12, "C1", "1.2"),
        ),
        Row("R3", RowKind.PLAN, {"number": 15, "title": "Potholes"}, PlanRef(uuid4(), 15, "C1", "1.3")),
        Row("R4", RowKind.DURATION, {"plans": 40, "average": 2.5}),
    )
}


@pytest.mark.parametrize(
    "answer",
    [
        "{R1.found} plans are open in Ward 4: [R2] and [R3].",
        "3 plans are open in Ward 4 [R1].",
        "Three plans are open [R1].",
        "Drei Pläne sind offen [R1].",
        "Plan 12 [R2] is running.",
        "#12 [R2] and #15 [R3] are open.",
        "[R2, R3] are open; [R1]",
        "“Flood at 5th and Main” [R2] has seven steps.",
        "It was reported on 2026-11-22 at 14:05 [R2].",
        "It took {R4.average} days for {R4.plans} plans.",
        "2.5 days on average [R4].",
        "Nobody knows. [R1]",
        "One of them is [R2].",
        "वार्ड में {R1.found} योजनाएँ खुली हैं [R2]",
        "{R2} is running, says {R2.reporter}.",
    ],
)
def test_what_stands_in_cited_rows_may_be_said(answer: str) -> None:
    assert faults_of(answer, ROWS, SCOPE) == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("4 plans are open [R1].", "“4”"),
        ("Four plans are open [R1].", "“four”"),
        ("Vier Pläne sind offen [R1].", "“vier”"),
        ("तीनों नहीं, चार [R1]", "“चार”"),
        ("There are ४ plans [R1].", "“4”"),
        ("There are ½ as many [R1].", "“1⁄2”"),
        ("A dozen plans are open [R1].", "“dozen”"),
        ("1,003 plans are open [R1].", "“1003”"),
        ("3.5 days [R4].", "“3.5”"),
        ("50% of them failed [R1].", "“50”"),
        ("Plan #13 is open [R2].", "“13”"),
        # The number of a plan says nothing about how many there are.
        ("12 plans are open [R2].", "“12”"),
        # What another row says, that the answer does not cite.
        ("7 steps [R1].", "“7”"),
        ("It happened on 2026-11-23 [R2].", "“23”"),
        ("It happened on 22 November [R2].", "“22”"),
        ("Ward 5 has {R1.found} plans.", "“5”"),
        ("[R9] is open.", "R9 is no row"),
        ("{R2.price} was paid.", "R2 has no price"),
        ("All is well.", "cites no row"),
        ("See https://evil.example/12 [R2].", "address"),
        ("See www.evil.example [R2].", "address"),
        ("x" * 1_501 + "[R1]", "longer than"),
    ],
)
def test_what_stands_in_no_cited_row_is_a_fault(answer: str, fault: str) -> None:
    assert any(fault in each or fault.replace("1⁄2", "1") in each for each in faults_of(answer, ROWS, SCOPE))


def test_an_answer_is_taken_apart() -> None:
    parts, faults = pieces("Open: [R2, R3], {R1.found} in all.", ROWS)
    assert not faults
    assert parts == [
        Words("Open: "),
        Cited(ROWS["R2"]),
        Cited(ROWS["R3"]),
        Words(", "),
        Cited(ROWS["R1"], "found"),
        Words(" in all."),
    ]
    assert [row.id for row in cited_rows(parts)] == ["R2", "R3", "R1"]
