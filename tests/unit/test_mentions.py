"""What Slack's markup reads as: for people outside Slack, and as parts that a card shows as Slack does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views.kit.mentions import quoted
from services.mentions import PARTS, Part, PartKind, escaped, parts_of, readable, trimmed
from services.plans.model import Issue

NAMES = {"U0DANA0001": "Dana Whitfield", "S0CREW": "water-crew", "C0WATER": "water"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Leak at 5th &amp; Main &lt;deep&gt;", "Leak at 5th & Main <deep>"),
        (
            "letters: &amp;amp; &lt;@U0DANA0001|dana&gt;",
            "letters: &amp; <@U0DANA0001|dana>",
        ),
        ("tell <@U0FRY|fry> in <#C0ROADS|roads>", "tell @fry in #roads"),
        ("tell <@U0DANA0001|dana> in <#C0WATER|>", "tell @Dana Whitfield in #water"),
        ("ask <!subteam^S0CREW> or <!subteam^S0NIGHT|@night-shift>", "ask @water-crew or @night-shift"),
        ("ask <@U0FRY>, <!subteam^S0NIGHT> or <#C0ROADS>", "ask someone, a group or a channel"),
        ("see <https://example.gov/a?b=1&amp;c=2|here>", "see https://example.gov/a?b=1&c=2"),
        ("see <https://example.gov>", "see https://example.gov"),
        ("write to <mailto:a@example.gov|a@example.gov>", "write to a@example.gov"),
        ("call <tel:555-0100|555-0100>", "call 555-0100"),
        ("<!channel> <!here|here> flood", "@channel here flood"),
        ("since <!date^1392734382^{date_num}|2014-02-18>", "since 2014-02-18"),
        ("a &lt; b, <3, <>, <@>, <!>", "a < b, <3, <>, <@>, <!>"),
    ],
)
def test_markup_reads_as_people_see_it(written: str, read: str) -> None:
    assert readable(parts_of(written, NAMES)) == read


@given(st.text())
def test_words_come_through_to_the_letter(text: str) -> None:
    parts = parts_of(escaped(text))
    assert readable(parts) == text
    assert all(part.kind == PartKind.WORDS for part in parts)


@given(st.lists(st.sampled_from([" ", "a leak ", "<@U0DANA0001>", "<#C0WATER>", "\n"])))
def test_blanks_round_the_whole_go(pieces: list[str]) -> None:
    parts = parts_of("".join(pieces), NAMES)
    assert readable(trimmed(parts)) == readable(parts).strip()


def test_parts_are_kept_as_json() -> None:
    parts = parts_of("tell <@U0DANA0001> at <https://example.gov>", NAMES)
    assert PARTS.validate_python(PARTS.dump_python(parts, mode="json")) == parts
    assert parts[1] == Part(kind=PartKind.PERSON, text="@Dana Whitfield", id="U0DANA0001")


def shown(markup: str, longest: int = 1_000) -> list[dict[str, Any]]:
    parts = parts_of(markup, NAMES)
    block = quoted(Issue(readable(parts), parts=parts), longest)
    elements: list[dict[str, Any]] = block["elements"][0]["elements"]
    return elements


def test_a_card_shows_the_parts_as_slack_does() -> None:
    markup = "tell <@U0DANA0001> and <!subteam^S0CREW> in <#C0WATER>, see <https://example.gov|it>, <!channel>"
    assert shown(markup) == [
        {"type": "text", "text": "tell "},
        {"type": "user", "user_id": "U0DANA0001"},
        {"type": "text", "text": " and "},
        {"type": "usergroup", "usergroup_id": "S0CREW"},
        {"type": "text", "text": " in "},
        {"type": "channel", "channel_id": "C0WATER"},
        {"type": "text", "text": ", see "},
        {"type": "link", "url": "https://example.gov", "text": "https://example.gov"},
        {"type": "text", "text": ", "},
        {"type": "text", "text": "@channel"},
    ]


def test_what_is_cut_off_is_not_shown_as_a_mention() -> None:
    assert shown("tell <@U0DANA0001> now", 12) == [
        {"type": "text", "text": "tell "},
        {"type": "text", "text": "@Dana…"},
    ]
