"""Whether a text says where something is, and what it says."""

from __future__ import annotations

import time

import pytest

from services.places import place_in, says_where

SAID = {
    "Water is coming up through the road at 5th and Main": "5th and Main",
    "The light on Elm Street is out": "Elm Street",
    "There is a pothole near the library": "library",
    "Die Laterne in der Hauptstraße 12 ist aus": "Hauptstraße 12",
    "Schlagloch am Rathausplatz": "Rathausplatz",
    "Pothole in Ward 4": "",
    "वार्ड 12 में स्कूल के पास गड्ढा है": "",
}
NOT_SAID = (
    "The street light is broken and it is dark",
    "There is a pothole in the road",
    "At least three lights are out",
    "At night it is loud",
    "The garbage was not collected on Monday",
    "Am Montag wurde der Müll nicht abgeholt",
    "सड़क पर गड्ढा है",
    "",
)


@pytest.mark.parametrize("text", SAID)
def test_what_is_said(text: str) -> None:
    assert says_where(text)
    assert place_in(text) == SAID[text]


@pytest.mark.parametrize("text", NOT_SAID)
def test_what_is_not_said(text: str) -> None:
    assert not says_where(text)
    assert place_in(text) == ""


@pytest.mark.parametrize(
    "piece", ["A", "A-", "A ", "9", "9 ", "at ", "Aa'", "Am ", "at x ", "Street ", "Ä", "\n", "Aa." * 20 + " "]
)
def test_no_text_holds_up_the_others(piece: str) -> None:
    """One long word took a minute of the event loop."""
    text = piece * (40_000 // len(piece))
    began = time.process_time()
    says_where(text)
    place_in(text)
    assert time.process_time() - began < 1
