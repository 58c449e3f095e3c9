"""What came of a step, and of a run, in words."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.slack.ids import METADATA_OUTCOME
from bot.views.kit.text import lasted, weight
from bot.views.messages.outcome import outcome_message
from bot.views.run.answers import answer_summary
from bot.views.run.errors import ODD, SENTENCES, UNKNOWN, WARNINGS, caution, explain_error
from bot.views.run.requests import address
from services.components.specs import ComponentSpec
from services.connectors.errors import CallError
from services.connectors.responses.response import WarningCode
from tests.support import run_samples, samples
from tests.support.sent_lines import sent_lines
from tests.support.slack_rules import check_message, words

SEARCH = ComponentSpec("crews.find", "Find a crew", http_method="GET")
ORDER = ComponentSpec(
    "orders.create",
    "Open an order",
    http_method="POST",
    response_schema={"type": "object", "properties": {"zone": {}, "depth": {}, "order_id": {}}},
)

SUMMARIES: list[tuple[Any, str]] = [
    (None, ""),
    ("", ""),
    ({}, ""),
    ([], ""),
    ("Thank you.\n Bye.", "Thank you. Bye."),
    (True, "yes"),
    (7, "7"),
    ({"title": "Leak", "status": "open", "workOrderId": "WO-17"}, "work order id WO-17, status open, title Leak"),
    ({"ok": True, "note": None, "empty": " "}, "ok yes"),
    ({"area": "north", "recipients": 412, "sent_at": "2026-03-09"}, "area north, recipients 412"),
    ({"created_at": "2026-03-09"}, "created at 2026-03-09"),
    ({"access_token": "t0ps3cret", "api_key": "k", "id": "A1"}, "id A1"),
    ({"access_token": "t0ps3cret"}, ""),
    ({"data": {"request": {"id": "SR-1"}}}, "id SR-1"),
    ([{"service_request_id": "SR-1", "token": "x"}], "service request id SR-1"),
    ([{"id": "SR-1"}, {"id": "SR-2"}], "2 results, the first: id SR-1"),
    ([[], []], "2 results"),
    ({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}, "a 1, b 2, c 3, d 4"),
]


@pytest.mark.parametrize(("output", "said"), SUMMARIES)
def test_summary(output: Any, said: str) -> None:
    assert answer_summary(output, None) == said


def test_fields_that_the_component_declares_come_first() -> None:
    output = {"colour": "red", "depth": 2, "zone": "b", "order_id": "O-1"}
    assert answer_summary(output, ORDER) == "order id O-1, zone b, depth 2, colour red"


def test_a_search_that_finds_nothing_says_so() -> None:
    assert answer_summary([], SEARCH) == "nothing found"
    assert answer_summary([], ORDER) == ""


@pytest.mark.parametrize(
    "output",
    [
        {"id": "x" * 90_000},
        "x" * 90_000,
        {"n" * 90_000: "y"},
        {f"n{index}": "y" * 50 for index in range(9_000)},
        [{"id": "x" * 50}] * 90_000,
    ],
    ids=["value", "text", "name", "fields", "items"],
)
def test_summary_is_one_short_line(output: Any) -> None:
    said = answer_summary(output, None)
    assert said
    assert weight(said) <= 200
    assert "\n" not in said


def _codes(error: type[CallError] = CallError) -> Iterator[str]:
    for kind in error.__subclasses__():
        yield kind.code
        yield from _codes(kind)


def test_every_error_and_every_warning_has_its_words() -> None:
    ours = {"http_status", "interrupted", "rejected", "gate_timeout", "component_missing", "internal"}
    ours |= {"channel_unreachable", "slack_refused", "wait_ended"}
    ours |= {"nobody_reached", "group_empty", "too_many_people"}
    assert set(SENTENCES) == ours | set(_codes())
    assert set(WARNINGS) == {*WarningCode, "not_asked"}


@pytest.mark.parametrize("text", [*SENTENCES.values(), *WARNINGS.values(), UNKNOWN, ODD])
def test_sentences_speak_no_jargon(text: str) -> None:
    assert text.endswith((".", "{at}."))
    jargon = r"\b(HTTP|DNS|TLS|JSON|API|URL|schema|status|timeout|null|token|payload|request|endpoint)\b"
    assert re.search(jargon, re.sub(r"\{\w+\}", "", text), re.IGNORECASE) is None


EXAMPLES: list[tuple[dict[str, Any], str]] = [
    (
        {"code": "http_status", "status": 422, "message": "no  such\nstreet"},
        "“Crews” refused it: “no such street” (422, not valid).",
    ),
    ({"code": "http_status", "status": 500, "message": ""}, "“Crews” failed (500)."),
    ({"code": "http_status", "status": 418}, "“Crews” refused it (418)."),
    ({"code": "http_status"}, "“Crews” answered with an error."),
    (
        {"code": "not_sent", "reason": "dns", "status": None, "retry_after": None},
        "“Crews” could not be reached, since its name is unknown. Nothing was sent.",
    ),
    ({"code": "not_sent", "reason": "of a later version"}, "“Crews” could not be reached. Nothing was sent."),
    (
        {"code": "maybe_sent", "reason": "connection"},
        "“Crews” gave no answer, since the connection failed. Mudda can't tell whether the call arrived.",
    ),
    (
        {"code": "unresolved_reference", "reference": "{{order.data[0].work_order_id}}", "input": "body.x"},
        "It needs the work order id from step 2, which is missing. Nothing was sent.",
    ),
    (
        {"code": "unresolved_reference", "reference": "{{gone.id}}"},
        "It needs “{{gone.id}}”, which is missing. Nothing was sent.",
    ),
    (
        {"code": "secret_missing", "name": "WORKS_TOKEN"},
        "The password or key “WORKS_TOKEN” is not set. Nothing was sent. Whoever runs Mudda can set it.",
    ),
    (
        {"code": "address_refused", "host": "10.0.0.1", "reason": "private"},
        "Mudda may not call the address “10.0.0.1”, since it is inside a private network. Nothing was sent. "
        "Whoever runs Mudda can allow it.",
    ),
    (
        {"code": "redirect_refused", "status": 302, "host": ""},
        "“Crews” pointed to another address. Mudda does not follow such links.",
    ),
    (
        {"code": "request_refused", "name": "path.area", "reason": "empty"},
        "The value for “area” can't be sent, since it is empty. Nothing was sent.",
    ),
    (
        {"code": "input_misfit", "name": "body.title", "at": "", "keyword": "type", "expected": "string"},
        "The value for “title” is not what “Crews” takes: it must be a text. Nothing was sent.",
    ),
    (
        {"code": "input_misfit", "name": "body.site", "at": ".day", "keyword": "format", "expected": "date"},
        "The value for “site” is not what “Crews” takes there (“.day”): it must be a day, such as 2026-11-25. "
        "Nothing was sent.",
    ),
    (
        {"code": "input_misfit", "name": "body.site", "keyword": "format", "expected": ["odd"]},
        "The value for “site” is not what “Crews” takes. Nothing was sent.",
    ),
    (
        {"code": "origin_refused", "name": "body.to", "origins": ["component"], "allowed": ["person"]},
        "The value for “to” comes from the answer of another component; “Crews” takes it only from a person. "
        "Nothing was sent.",
    ),
    (
        {"code": "origin_refused", "name": "body.to", "origins": ["of a later version"], "allowed": 7},
        "The value for “to” comes from nobody; “Crews” takes it only from nobody. Nothing was sent.",
    ),
    (
        {"code": "too_many_people", "people": 21, "most": 20},
        "Too many people would be asked at once, 21 where 20 may be, so nobody was. Name fewer people or a "
        "smaller group.",
    ),
    (
        {"code": "slack_refused", "reason": "no_such_subteam"},
        "Slack did not take it, since there is no such group.",
    ),
    ({"code": "of a later version"}, UNKNOWN),
    ({}, UNKNOWN),
]


@pytest.mark.parametrize(("error", "said"), EXAMPLES)
def test_explain(error: dict[str, Any], said: str) -> None:
    assert explain_error(error, "Crews", {"order": 2}) == said


@pytest.mark.parametrize("code", SENTENCES)
def test_an_error_whose_facts_are_missing_still_has_a_sentence(code: str) -> None:
    said = explain_error({"code": code}, "{component}", {})
    assert said[0].isupper() or said[0] == "“"


def test_a_warning_names_the_place() -> None:
    warning = {"code": "mismatch", "at": "crews[0].name", "keyword": "type", "expected": "string"}
    assert caution(warning) == "The answer is not quite what was promised, at “crews[0].name”."
    assert caution({"code": "too_large", "at": ""}).startswith("The answer was too long")
    assert caution({}) == ODD
    not_asked = {"code": "not_asked", "person": "U0FRYJ003", "reason": "user_disabled"}
    assert caution(not_asked) == (
        "One person who was to be asked could not be reached, since the person's account is closed."
    )


class TestCalls:
    def test_where_it_goes(self) -> None:
        assert address({"method": "PUT", "url": "https://a.example/b?c=d"}, 80) == "PUT a.example/b"
        assert address({}, 80) == ""

    def test_what_is_sent(self) -> None:
        request = {
            "query": [["skill", "water"], ["skill", "roads"]],
            "body": {
                "at": {"lat": 1.5, "lon": None},
                "urgent": True,
                "crews": [{"id": 1}],
                "tags": [],
                "n": ["a"],
            },
            "headers": {"X-Reason": "leak"},
        }
        assert sent_lines(request, 20, 80) == [
            "At lat: 1.5",
            "At lon: (empty)",
            "X reason (header): leak",
            "Urgent: yes",
            "Skill: water",
            "Skill: roads",
            "Tags: (empty)",
            "N: a",
            "Crews 1 id: 1",
        ]

    def test_a_body_that_is_text(self) -> None:
        assert sent_lines({"body": "hello"}, 5, 80) == ["Text: hello"]
        assert sent_lines({"body": None, "query": [], "headers": {}}, 5, 80) == []

    def test_what_is_left_out_is_counted(self) -> None:
        assert sent_lines({"body": dict.fromkeys("abc", 1)}, 2, 80) == ["A: 1", "B: 1", "…and 1 more value"]
        many = sent_lines({"body": {"list": [{"id": 1}] * 90_000}}, 2, 80)
        assert many[-1] == "…and more than 997 more values"


class TestReply:
    def test_one_line_and_the_most_telling_results(self) -> None:
        message = outcome_message(run_samples.COMPLETED)
        check_message(message)
        assert message.text == "<@U0LEELA01> “Burst water main at 5th and Main”: Done in 41 s, 6 steps."
        assert message.metadata == {
            "event_type": METADATA_OUTCOME,
            "event_payload": {"run": str(run_samples.RUN_ID)},
        }
        seen = words(message.blocks)
        assert "Open a work order for a burst main: work order id WO-1001, status open" in seen
        assert "Warn the residents that the water may be off: notice id N-88, recipients 412" in seen
        # What was only looked up gives way to what was changed.
        assert "area downtown" not in seen

    def test_the_reporter_is_called(self) -> None:
        (block,) = outcome_message(run_samples.COMPLETED).blocks
        assert block["elements"][0]["elements"][0] == {"type": "user", "user_id": samples.REPORTER}

    def test_a_reporter_who_is_nobody_here(self) -> None:
        issue = replace(samples.ISSUE, reporter="<!channel>")
        message = outcome_message(replace(run_samples.COMPLETED, issue=issue))
        check_message(message)
        assert message.text.startswith("“Burst water main at 5th and Main”: Done in 41 s")

    def test_a_failure_says_why(self) -> None:
        message = outcome_message(run_samples.FAILED)
        check_message(message)
        assert message.text == (
            "<@U0LEELA01> “Burst water main at 5th and Main”: Stopped at step 4: “Send the water crew of the "
            "district” failed · 3 of 6 done. “Assign a crew” refused it: “Water crew 1 is at WO-0997” (409, "
            "conflict)."
        )

    def test_a_rejection_says_by_whom_and_why(self) -> None:
        message = outcome_message(run_samples.REJECTED)
        check_message(message)
        assert message.text.endswith(
            "Stopped at step 5: <@U0FRYJ002> rejected “Warn the residents that the water may be off”: “It is only "
            "one street; no need.” · 5 of 6 done."
        )

    def test_a_cancelled_run_says_by_whom_and_what_was_done(self) -> None:
        message = outcome_message(run_samples.CANCELLED)
        check_message(message)
        assert message.text == (
            "<@U0LEELA01> “Burst water main at 5th and Main” was cancelled by <@U0FRYJ002> after 41 s, "
            "2 of 6 done."
        )
        assert "work order id WO-1001" in words(message.blocks)

    def test_a_plan_without_a_run(self) -> None:
        with pytest.raises(ValueError, match="no run"):
            outcome_message(samples.DRAFT)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "less than 1 s"),
        (0.4, "less than 1 s"),
        (41, "41 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3_600, "1 h"),
        (7_500, "2 h 5 min"),
        (86_400, "1 day"),
        (273_600, "3 days 4 h"),
        (86_400 + 59, "1 day"),
    ],
)
def test_lasted(seconds: float, said: str) -> None:
    assert lasted(seconds) == said
