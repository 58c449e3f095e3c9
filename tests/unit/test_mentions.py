from __future__ import annotations

import pytest

from services.mentions import readable


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Leak at 5th & Main <deep>", "Leak at 5th & Main <deep>"),
        ("tell <@U0DANA0001|dana> in <#C0WATER|water>", "tell @dana in #water"),
        ("ask <!subteam^S0CREW|@water-crew> for a photo", "ask @water-crew for a photo"),
        ("ask <@U0DANA0001>, <!subteam^S0CREW> or <#C0WATER>", "ask someone, a group or a channel"),
        ("see <https://example.gov/a?b=1&c=2|here>", "see https://example.gov/a?b=1&c=2"),
        ("see <https://example.gov>", "see https://example.gov"),
        ("write to <mailto:a@example.gov|a@example.gov>", "write to a@example.gov"),
        ("call <tel:555-0100|555-0100>", "call 555-0100"),
        ("<!channel> <!here|here> flood", "@channel here flood"),
        ("since <!date^1392734382^{date_num}|2014-02-18>", "since 2014-02-18"),
        ("a < b > c, <3, <>, <@>, <!>", "a < b > c, <3, <>, <@>, <!>"),
    ],
)
def test_marks_are_read_as_people_see_them(written: str, read: str) -> None:
    assert readable(written) == read
