"""What pictures and reports say: the card's words, names for ids, the town's time, nothing that opens a door."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.views.card import card
from bot.views.modals.plan import details_modal
from bot.views.pictures import words
from bot.views.pictures.graph import MAX_ALT_CHARACTERS, graph
from bot.views.pictures.report import masked, people, report
from services.jobs import PictureKind
from services.pictures.model import Graph, Look, Report
from services.queries.snapshots import DecisionLine, History, PlanSnapshot
from services.states import RunState, StepState
from tests.support import run_samples, samples

NOW = datetime(2026, 3, 9, 9, 5, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
NAMES = {samples.REPORTER: "Leela", samples.DECIDER: "Fry", samples.CHANNEL: "works"}
DECISIONS = (DecisionLine("approve", samples.DECIDER, run_samples.STARTED_AT, "residents", "yes, <@U0LEELA01>"),)
HISTORY = History((), (), DECISIONS, 1, 0, 1)
PLANS = {
    name: value
    for module in (samples, run_samples)
    for name, value in vars(module).items()
    if isinstance(value, PlanSnapshot)
}
DONE = run_samples.run(RunState.COMPLETED)


def drawn(snapshot: PlanSnapshot) -> Graph:
    found = graph(snapshot, NOW, BERLIN)
    assert found is not None
    return found


def reported(snapshot: PlanSnapshot, history: History = HISTORY, **changes: Any) -> Report:
    given = {"names": NAMES, "town": "Springfield", "asked_by": samples.DECIDER, "now": NOW, "zone": BERLIN}
    found = report(snapshot, history, **{**given, **changes})
    assert found is not None
    return found


def text(document: Report) -> str:
    return json.dumps(asdict(document), ensure_ascii=False)


@pytest.mark.parametrize("snapshot", PLANS.values(), ids=PLANS)
def test_each_sample_has_a_graph_whose_arrows_lead_somewhere(snapshot: PlanSnapshot) -> None:
    found = graph(snapshot, NOW, BERLIN)
    if snapshot.version is None or not snapshot.version.plan.steps:
        assert found is None
        return
    assert found is not None
    numbers = {box.number for box in found.boxes}
    assert len(found.boxes) == len(snapshot.version.plan.steps)
    assert all(arrow.start in numbers and arrow.end in numbers for arrow in found.arrows)
    assert 0 < len(found.alt) <= MAX_ALT_CHARACTERS
    signs = {sign.sign for sign in found.legend}
    assert {box.look for box in found.boxes} - {Look.PLAN} <= signs
    if snapshot.run:
        assert all(box.state for box in found.boxes), "a state is said in words, too"
        assert report(snapshot, HISTORY, names={}, town="T", asked_by="", now=NOW, zone=BERLIN) is not None


def test_a_state_is_a_word_a_mark_and_a_colour() -> None:
    found = drawn(
        run_samples.run(
            RunState.FAILED,
            run_samples.step("locate", StepState.DONE),
            run_samples.failed("order", "http_status", status=500),
        )
    )
    boxes = {box.number: box for box in found.boxes}
    assert (boxes[1].look, boxes[1].state) == (Look.DONE, "Done")
    assert (boxes[2].look, boxes[2].state) == (Look.FAILED, "Failed")
    assert "500" in boxes[2].note
    assert {(sign.sign, sign.words) for sign in found.legend} >= {
        ("failed", "failed or rejected"),
        ("done", "done"),
    }


def test_an_arrow_tells_whether_a_value_goes_along_it() -> None:
    found = drawn(samples.DRAFT)
    ways = {(arrow.start, arrow.end): arrow.carries for arrow in found.arrows}
    titles = {box.number: box.title for box in found.boxes}
    number = {title: key for key, title in titles.items()}
    locate = number["Look up the area of 5th and Main"]
    filed = number["File a public request, so that others see it is known"]
    assert ways[locate, filed] is False
    assert (
        ways[locate, next(key for key, title in titles.items() if title.startswith("Open a work order"))] is True
    )


def test_a_report_says_who_reported_what_when_and_where() -> None:
    found = reported(DONE)
    facts = dict(found.sections[0].facts)
    assert found.sections[0].quote == samples.ISSUE.text
    assert facts["Reported by"] == "@Leela"
    assert facts["When"] == "9 Mar 2026, 09:41 (Europe/Berlin)"
    assert facts["Channel"] == "#works"
    assert facts["Place"] == "5th and Main"
    assert "made 9 Mar 2026, 10:05 (Europe/Berlin) for @Fry" in found.footer


def test_a_report_says_who_decided_what() -> None:
    events = reported(DONE).sections[2].events
    assert ("9 Mar 2026, 09:48", "@Fry", "Started run 1") in events
    [approval] = [event for event in events if "residents" in event[2]]
    assert approval[2].startswith("Approved: ")
    assert "“yes, @Leela”" in approval[2]


def test_a_report_has_what_was_sent_and_what_came_back() -> None:
    entries = {entry.title: entry for entry in reported(DONE).sections[4].steps}
    order = entries["Open a work order for a burst main"]
    assert order.state == "Done"
    assert "Burst water main" in order.answer
    sent = reported(run_samples.run(RunState.COMPLETED, *run_samples.done("order"))).sections[4].steps
    assert any("works.example.gov" in entry.sent for entry in sent)
    assert any("Title: Burst water main at 5th and Main" in entry.fields for entry in sent)


def test_ids_of_people_are_names_where_slack_tells_them_and_never_ids_in_our_own_words() -> None:
    assert samples.REPORTER not in text(reported(DONE))
    assert samples.DECIDER not in text(reported(DONE))
    nameless = reported(DONE, names={})
    assert "someone whose name Slack does not tell" in text(nameless)


def test_what_may_open_a_door_is_masked() -> None:
    said = text(reported(DONE))
    assert "SR-3391" in said
    assert "t-1" not in said
    secret = {"token": "abc", "nested": [{"api_key": "def", "password": {"a": "ghi"}}], "name": "shown"}
    assert masked(secret) == {"token": "***", "nested": [{"api_key": "***", "password": "***"}], "name": "shown"}


def test_an_answer_nested_without_end_is_cut() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = {"a": deep}
    assert json.dumps(masked(deep))


def test_people_are_all_whom_a_report_names() -> None:
    assert set(people(DONE, HISTORY)) == {samples.REPORTER, samples.DECIDER}


def test_a_plan_without_a_run_has_no_report() -> None:
    without = replace(DONE, run=None)
    assert report(without, HISTORY, names={}, town="", asked_by="", now=NOW, zone=BERLIN) is None


def test_a_long_run_has_a_report_of_bounded_size() -> None:
    long = run_samples.long_run(200, StepState.DONE)
    assert len(text(reported(long))) < 1_000_000


def test_what_is_said_with_a_file_is_escaped() -> None:
    said = words.comment(PictureKind.GRAPH, 12, samples.HOSTILE, samples.DECIDER)
    assert "<!channel>" not in said
    assert "<https://" not in said
    assert f"<@{samples.DECIDER}>" in said


def test_a_draft_and_a_run_offer_a_picture() -> None:
    assert '"Report"' in json.dumps(card(DONE, card_id=samples.CARD_ID).blocks)
    assert '"Show graph"' in json.dumps(details_modal(DONE))
