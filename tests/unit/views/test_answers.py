"""Answers to questions, as people see them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.slack.messages import Message
from bot.views.kit import blocks as kit
from bot.views.messages.answer import Known, people_in, plans_in
from services.queries.inquiries.asking import Answered, Trouble
from services.queries.inquiries.wording import Words
from services.queries.lookups.rows import Row, RowKind
from tests.support.answer_samples import (
    DECISION,
    EVIL,
    FAILURES,
    FLOOD,
    KNOWN,
    LIGHT,
    MESSAGES,
    ROWS,
    STEP,
    SUMMARY,
    answered,
    drawn,
    plan,
)
from tests.support.asking import words_of
from tests.support.samples import DECIDER, HOSTILE, REPORTER
from tests.support.slack_rules import check_message


def said(message: Message) -> str:
    check_message(message)
    return words_of(message.blocks)


@pytest.mark.parametrize("name", MESSAGES)
def test_slack_takes_every_sample(name: str) -> None:
    check_message(MESSAGES[name])


def test_values_come_from_the_rows_and_plans_are_linked() -> None:
    message = drawn(answered("{R1.found} plans are open: [R2] and [R3]."))
    lines = said(message).splitlines()
    assert lines == [
        "2 plans are open: #12 and #9.",
        "#12 Repair the water main · waits for approval of “Close Mill Road” · Mill Road, Ward 4",
        "#9 Mend the streetlight · being drafted · Ward 4",
    ]
    assert '"url": "https://town.slack.com/archives/C0WORKS01/p1", "text": "#12"' in json.dumps(message.blocks)
    assert message.text == "2 plans are open: #12 and #9."


def test_people_stand_there_by_name_and_are_not_mentioned() -> None:
    message = drawn(answered("By {R5.by}, after {R4.people}."))
    assert said(message).startswith("By fry, after fry and leela.")
    assert '"type": "user"' not in json.dumps(message.blocks)
    assert "<@" not in message.text
    assert set(people_in(answered("{R5.by} {R4.people}"))) == {DECIDER, REPORTER}
    assert said(drawn(answered("By {R5.by}."), Known())).startswith("By someone.")


def test_foreign_text_is_shown_to_the_letter_and_rings_for_nobody() -> None:
    of = answered("{R7.title}: [R7]")
    message = drawn(replace(of, pieces=(Words("<!channel> *all* "), *of.pieces)))
    assert HOSTILE.split(">")[0] in said(message)
    assert "<!" not in message.text
    assert {block["type"] for block in message.blocks} == {"rich_text"}


def test_each_kind_of_row_has_its_line() -> None:
    of = Answered(rows=(FLOOD, STEP, DECISION, FAILURES), trouble=Trouble.LATE)
    lines = said(drawn(of)).splitlines()
    assert lines[0] == "That took too long to put into words. This is what is on record:"
    assert (
        lines[2] == "#12 · Step 2, Close Mill Road · waits for approval of “Close Mill Road” · from fry and leela"
    )
    assert lines[3].startswith("#12 Repair the water main · approved: Order a crane · by fry · ")
    assert lines[4] == "Assign a crew: 3 failed, 40 calls, 1 uncertain"


def test_without_any_row_it_says_what_to_do() -> None:
    assert "I found nothing that fits. /workflows lists the plans" in said(drawn(Answered(trouble=Trouble.BUDGET)))


def test_what_is_left_out_is_said() -> None:
    rows = [replace(SUMMARY, values={**SUMMARY.values, "found": 300, "shown": 40})]
    rows += [plan(f"R{n}", n, title="x" * 500) for n in range(2, 42)]
    many = [replace(row, plan=None) for row in rows]
    words = said(drawn(Answered(rows=tuple(many), trouble=Trouble.ROUNDS)))
    assert "…and 288 more." in words
    assert "private conversations are left out" in said(drawn(answered("[R2]"), Known(is_narrowed=True)))


def test_long_values_are_cut_and_the_message_stays_within_slacks_limits() -> None:
    long = plan("R8", 14, title="<&>" * 5_000, waits_for="<&>" * 5_000, place="🌊" * 5_000)
    rows = [*ROWS.values(), long]
    message = drawn(answered("{R8.title} " * 60 + "[R8]", rows))
    check_message(message)
    assert kit.size(message.blocks) < 20_000
    table = Answered(rows=tuple(replace(long, id=f"R{n}", plan=None) for n in range(20)), trouble=Trouble.LATE)
    message = drawn(table)
    check_message(message)
    assert kit.size(message.blocks) <= kit.MESSAGE_SIZE


def test_what_has_nothing_to_do_with_the_record_is_said_to_have_not() -> None:
    assert "I can't decide, change or send anything when asked" in said(drawn(Answered(is_off_record=True)))


def test_the_plans_that_are_linked_are_those_that_are_shown() -> None:
    of = answered("[R2] and {R3.title}")
    assert [ref.number for ref in plans_in(of)] == [12, 9]
    assert LIGHT.plan is not None
    assert EVIL.plan is not None
    hidden = Row("R9", RowKind.SUMMARY, {"found": 1})
    assert plans_in(Answered(rows=(hidden,), trouble=Trouble.LATE)) == ()
    assert KNOWN.links[LIGHT.plan.id].startswith("https://")
