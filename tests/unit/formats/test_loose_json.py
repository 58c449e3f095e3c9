"""JSON as models write it is read; half a document is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.formats import loose_json
from services.formats.strict_json import NotJson

PLAN = {"name": "Mend {it}", "steps": [{"id": "a", "text": 'Say "hello", then ``` go'}], "n": 1.5}
GOOD = json.dumps(PLAN, indent=1)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```\n",
        f"Here is your plan:\n\n{GOOD}\n\nI hope that it helps {{you}}.",
        f"Thinking about [it] first.\n```json\n{GOOD}\n```\nDone.",
        f"\ufeff{GOOD}",
        GOOD.replace('"n": 1.5', '"n": 1.5,'),
        GOOD.replace("}\n ],", "},\n ],"),
    ],
)
def test_it_is_read_whatever_stands_round_it(text: str) -> None:
    assert loose_json.loads(text) == PLAN


def test_line_breaks_in_strings_are_read() -> None:
    assert loose_json.loads('{"a": "one\ntwo\r\nthree\tfour"}') == {"a": "one\ntwo\nthree\tfour"}


BROKEN = ["", "no plan today", GOOD[:-1], GOOD[: len(GOOD) // 2], GOOD[:-3], '{"a": NaN}', "[" * 100_000]


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_missing_is_not_made_up(text: str) -> None:
    with pytest.raises(NotJson):
        loose_json.loads(text)


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_what_strict_json_reads_is_read_alike(document: dict[str, Any]) -> None:
    assert loose_json.loads(json.dumps(document)) == document
