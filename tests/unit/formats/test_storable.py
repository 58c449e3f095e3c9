"""What people type is kept as it shows: nothing unseen, nothing that can't be kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views.kit.text import clean
from services.formats.storable import postgres_safe, typed


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("\ud83d\udea8", "\U0001f6a8"),  # two halves, as JSON may hold them
        ("one\r\ntwo\rthree\u2028four\tfive", "one\ntwo\nthree\nfour\tfive"),
        ("Pay\u202e001$\u2066x\u2069", "Pay001$x"),
        ("ig\u200bnore \u2060this\ufeff, soft\u00adly", "ignore this, softly"),
        ("hidden\U000e0041\U000e0042 words", "hidden words"),
        # What scripts, emoji and flags need stays.
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\U0001f469\u200d\U0001f692", "\U0001f469\u200d\U0001f692"),
        ("שלום\u200f!", "שלום\u200f!"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f3f4\U000e0067\U000e0062\U000e007f"),
    ],
)
def test_a_text_is_kept_as_it_shows(written: str, kept: str) -> None:
    assert typed(written) == kept


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf"), exclude_characters="\u2028\u2029")))
def test_a_text_of_visible_characters_is_kept_to_the_letter(text: str) -> None:
    assert typed(text) == text


@given(st.text())
def test_what_is_kept_can_be_kept_and_a_card_shows_all_of_it(text: str) -> None:
    kept = typed(text)
    assert postgres_safe(kept) == kept
    assert clean(kept) == kept.strip()
    assert typed(kept) == kept
