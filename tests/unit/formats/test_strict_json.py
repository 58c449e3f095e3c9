from __future__ import annotations

import pytest

from services.formats.strict_json import MAX_DEPTH, NotJson, loads


@pytest.mark.parametrize("text", ["", "nope", "NaN", "-Infinity", "1e999", "[1,]", "9" * 5000, "\ufeff1"])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(NotJson) as caught:
        loads(text)
    assert caught.value.reason == "not_json"


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 500, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_what_is_too_deep_is_refused(opening: str, closing: str, depth: int) -> None:
    with pytest.raises(NotJson) as caught:
        loads(opening * depth + "1" + closing * depth)
    assert caught.value.reason == "too_deep"


def test_the_deepest_allowed_is_read() -> None:
    depth = MAX_DEPTH - 1
    value = loads("[" * depth + "1" + "]" * depth)
    for _ in range(depth):
        (value,) = value
    assert value == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 65, "too_deep"),
        ("[" * 100_000, "too_deep"),
        ("[" * 64, "not_json"),
        ('["' + "[" * 100, "not_json"),
        ("[]" * 100, "not_json"),
    ],
)
def test_what_is_too_deep_and_broken_is_too_deep_in_every_python(text: str, reason: str) -> None:
    with pytest.raises(NotJson) as caught:
        loads(text)
    assert caught.value.reason == reason
