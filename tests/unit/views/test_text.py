import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views.kit import text as words
from bot.views.kit.blocks import size
from tests.support.samples import HOSTILE

anything = st.text(st.characters(), max_size=300)  # lone surrogates and controls among it


def test_escape_leaves_nothing_to_parse() -> None:
    escaped = words.escape(HOSTILE)
    assert "<" not in escaped
    assert escaped.startswith("&lt;!channel&gt; &lt;@U0LEELA01&gt;")
    assert escaped.endswith("&amp;lt;!here&amp;gt;")


@pytest.mark.parametrize(
    ("text", "weight"), [("", 0), ("abc", 3), ("вода", 4), ("🚰", 2), ("<&>", 13), ("a\nb", 3), ("👩‍🚒", 5)]
)
def test_weight_counts_as_the_strictest_reader_would(text: str, weight: int) -> None:
    assert words.weight(text) == weight


def test_clip_keeps_what_fits() -> None:
    assert words.clip("  water in the road \r\n", 40) == "water in the road"


def test_clip_ends_at_a_word_with_an_ellipsis() -> None:
    assert words.clip("water is coming up through the road", 20) == "water is coming up…"


def test_clip_cuts_where_it_must_in_scripts_without_spaces() -> None:
    assert words.clip("道路から水が出ています", 5) == "道路から…"


def test_clip_does_not_halve_a_character() -> None:
    assert words.clip("🚰" * 10, 6) == "🚰🚰…"


@given(anything, st.integers(1, 400))
def test_clip_never_weighs_more_than_its_limit(text: str, limit: int) -> None:
    clipped = words.clip(text, limit)
    assert words.weight(clipped) <= limit
    clipped.encode()


@given(anything)
def test_clip_at_a_generous_limit_only_cleans(text: str) -> None:
    assert words.clip(text, 5 * 300) == words.clean(text)


@given(anything)
def test_size_is_no_less_than_any_count_of_it(text: str) -> None:
    shown = words.clean(text)
    assert size([{"text": shown}]) >= max(
        len(shown.encode()), words.weight(shown), len(json.dumps(shown, ensure_ascii=False))
    )


def test_clean_takes_out_what_turns_reading_round() -> None:
    assert words.clean("pay \u202eyenom\u202c\x00\ud800 now") == "pay yenom now"


def test_clean_keeps_the_joiners_that_scripts_and_emoji_need() -> None:
    assert words.clean("می‌خواهم 👩‍🚒") == "می‌خواهم 👩‍🚒"


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcdefg"), "a, b, c, d and 3 more"),
    ],
)
def test_join(items: list[str], said: str) -> None:
    assert words.join(items) == said


def test_count() -> None:
    assert [words.count(number, "step") for number in (0, 1, 2, 1200)] == [
        "0 steps",
        "1 step",
        "2 steps",
        "1,200 steps",
    ]


@pytest.mark.parametrize("user", ["", "U1>", "<!channel>", "u123", "U123|x", "C123", "U0001\n"])
def test_only_a_slack_id_is_mentioned(user: str) -> None:
    assert words.mention(user) == "someone"


def test_mention_channel_and_date() -> None:
    assert words.mention("U0LEELA01") == "<@U0LEELA01>"
    assert words.channel("C0WORKS01") == "<#C0WORKS01>"
    assert words.channel("D0WORKS01") == "a private conversation"
    assert words.channel("C0|<!here>") == "a private conversation"
    moment = datetime(2026, 3, 9, 8, 41, tzinfo=UTC)
    assert words.date(moment) == "<!date^1773045660^{date_short_pretty} {time}|2026-03-09 08:41 UTC>"
