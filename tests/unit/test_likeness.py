"""Which reports are about the same thing: rather one missed than one wrongly held to be the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.likeness import LIKELY, Report, likeness

SAME = [
    ("Water is coming up through the road at 5th and Main", "There's a burst water main at 5th and Main"),
    ("Water is coming up through the road at 5th and Main", "water leak at the corner of Main and 5th"),
    ("The street light at Elm Street 12 is out", "Street lamp broken at Elm Street 12, it is dark"),
    ("Pothole on Main Street in front of the library", "Huge pothole on Main Street, in front of the library"),
    ("A tree has fallen at Oak Avenue", "fallen tree at Oak Avenue"),
    ("Garbage was not collected at Mill Road 7", "Trash bins not emptied at Mill Road 7"),
    ("Manhole cover missing at Harbor Square", "The manhole at Harbour Square has no cover"),
    ("Wasserrohrbruch in der Hauptstraße 12", "In der Hauptstraße 12 läuft Wasser aus dem Boden"),
    ("Schlagloch in der Bahnhofstraße", "Großes Schlagloch in der Bahnhofstr. seit gestern"),
    ("Die Straßenlaterne am Rathausplatz ist aus", "Laterne am Rathausplatz defekt"),
    ("वार्ड 12 में स्कूल के पास सड़क पर गड्ढा है", "वार्ड 12 में स्कूल के पास गड्ढा"),
    ("सेक्टर 4 में पानी का रिसाव हो रहा है", "सेक्टर 4 में पानी का रिसाव"),
]
OTHER = [
    ("Water is coming up through the road at 5th and Main", "Water is coming up through the road at 5th and Oak"),
    ("Water is coming up through the road at 5th and Main", "The street light at 5th and Main is out"),
    ("The street light at Elm Street 12 is out", "The street light at Elm Street 90 is out"),
    ("The street light at Elm Street is out", "The street light at Elm Avenue is out"),
    ("The street light is broken", "The street light is broken"),
    ("The street light is broken", "The street light at Elm Street 12 is broken"),
    ("Pothole on Main Street in front of the library", "Pothole on Main Street in front of the school"),
    ("Pothole in Ward 4", "Pothole in Ward 9"),
    ("A tree has fallen at Oak Avenue", "Garbage at Oak Avenue"),
    ("Schlagloch in der Bahnhofstraße", "Schlagloch in der Hauptstraße"),
    ("Wasserrohrbruch in der Hauptstraße 12", "Wasserrohrbruch in der Hauptstraße 48"),
    ("Die Straßenlaterne am Rathausplatz ist aus", "Müll am Rathausplatz"),
    ("वार्ड 12 में स्कूल के पास सड़क पर गड्ढा है", "वार्ड 14 में स्कूल के पास सड़क पर गड्ढा है"),
    ("सेक्टर 4 में पानी का रिसाव हो रहा है", "सेक्टर 4 में कचरा पड़ा है"),
    ("Loud music at the park near 3rd Street", "A dog is loose at the park near 3rd Street"),
    ("No bus stops at Central Station any more", "The elevator at Central Station is broken"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_is_the_same_is_known_in_either_order(one: str, other: str) -> None:
    assert likeness(Report(one), Report(other)) >= LIKELY
    assert likeness(Report(other), Report(one)) >= LIKELY


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_is_something_else_is_never_held_to_be_the_same(one: str, other: str) -> None:
    assert likeness(Report(one), Report(other)) < LIKELY
    assert likeness(Report(other), Report(one)) < LIKELY


def test_a_place_that_stands_for_itself_counts_as_one_in_the_text() -> None:
    assert (
        likeness(Report("The street light is out", "Elm Street 12"), Report("Street lamp out at Elm Street 12"))
        >= LIKELY
    )
    assert (
        likeness(Report("The street light is out", "Elm Street 12"), Report("Street lamp out at Elm Street 3"))
        < LIKELY
    )


def test_figures(record_property: Callable[[str, str], None]) -> None:
    found = [likeness(Report(a), Report(b)) >= LIKELY for a, b in SAME]
    wrong = [likeness(Report(a), Report(b)) >= LIKELY for a, b in OTHER]
    precision = sum(found) / max(1, sum(found) + sum(wrong))
    record_property("precision", f"{precision:.2f}")
    record_property("recall", f"{sum(found) / len(SAME):.2f}")
    assert precision == 1.0
