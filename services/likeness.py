"""How alike two reports are: whether they may be about the same thing in the same place.

Rather missed than wrongly held to be the same: without a place that both name, and where two places or kinds of
trouble differ, they are not. English, German and Hindi; in other languages only what is spelled alike is alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz

from services.formats.text import search_words
from services.places import place_in, says_where

LIKELY = 0.75
"""From this likeness on people are asked whether it is the same."""

MAX_CHARACTERS = 600
"""Of each report; what it is about stands at its beginning."""

_SAME_WORD = 84.0
"""From this ratio on two words are one, misspelled; numbers never are."""

_PLACE_WEIGHT = 0.6
_OF_ONE_KIND = 0.8


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_STREETS = (
    _set("street st straße strasse str"),
    _set("avenue ave allee"),
    _set("road rd"),
    _set("lane ln gasse"),
    _set("square sq platz"),
    _set("bridge brücke"),
    _set("park"),
    _set("ward वार्ड bezirk"),
    _set("sector सेक्टर"),
)
_STREET_ENDINGS = ("straße", "strasse", "str", "platz", "allee", "gasse", "weg", "brücke")
_SMALL = _set(
    "a an and are as at be been by can for from has have i in into is it its just my near of off on or our out "
    "over so that the there this to up us was we were with you your again still since today morning yesterday "
    "night please somebody someone very all no not number corner front next outside opposite beside behind "
    "between along der die das den dem des ein eine einen einem einer und oder ist sind war es im am auf bei beim "
    "vor nach zu zur zum von vom mit seit heute gestern wieder schon noch bitte nicht kein keine ecke nähe neben "
    "gegenüber hier wir ich uns sich nr "
    "में पर के की का को से है हैं था थी एक और यह वह पास सामने कल आज फिर बहुत रहा रही रहे हो गया गई"
)
_KINDS = tuple(
    map(
        _set,
        (
            "water leak leaking burst pipe flood flooded flooding wasser rohrbruch wasserrohrbruch leck rohr"
            " पानी रिसाव",
            "light lights lamp streetlight laterne straßenlaterne straßenlampe lampe licht बत्ती लाइट स्ट्रीटलाइट",
            "pothole potholes hole schlagloch schlaglöcher loch गड्ढा गड्ढे",
            "tree trees branch branches baum bäume ast äste पेड़ टहनी",
            "garbage trash rubbish waste litter bin bins dumping müll abfall mülltonne कचरा कूड़ा",
            "sewer sewage drain gully manhole kanal gullydeckel abfluss नाली सीवर",
            "signal ampel traffic सिग्नल",
            "graffiti schmiererei",
            "dog dogs hund hunde कुत्ता कुत्ते",
            "noise music lärm musik शोर",
            "wire wires cable power kabel strom stromausfall बिजली तार",
            "car vehicle parked auto fahrzeug geparkt गाड़ी",
        ),
    )
)
_WORD = re.compile(r"\d")


@dataclass(frozen=True)
class Report:
    """What was reported, and where, if that stands for itself."""

    text: str
    place: str = ""

    @cached_property
    def words(self) -> frozenset[str]:
        """All that it says, without the smallest words."""
        return _words(f"{self.text[:MAX_CHARACTERS]} {self.place}")

    @cached_property
    def where(self) -> frozenset[str]:
        """The words of its place; none if it names none that can be cut out."""
        return _words(self.place or place_in(self.text[:MAX_CHARACTERS]))

    @cached_property
    def kinds(self) -> frozenset[int]:
        """The kinds of trouble that it names."""
        said = self.words - self.where
        return frozenset(number for number, kind in enumerate(_KINDS) if said & kind)

    @property
    def says_where(self) -> bool:
        """Whether it says where, in whatever words."""
        return bool(self.place) or says_where(self.text)


def likeness(one: Report, other: Report) -> float:
    """From 0, nothing in common, to 1; see `LIKELY`."""
    if not (one.says_where and other.says_where) or _differ(one.words, other.words, one, other):
        return 0.0
    place, kind = _place(one, other), _kind(one, other)
    return 0.0 if place == 0.0 or kind == 0.0 else _PLACE_WEIGHT * place + (1 - _PLACE_WEIGHT) * kind


def _place(one: Report, other: Report) -> float:
    """How much their places have in common: what the shorter names, the other must name too."""
    if not one.where or not other.where:
        # It is said in words that can't be cut out: only the same words are the same place.
        same = fuzz.token_set_ratio(" ".join(sorted(one.words)), " ".join(sorted(other.words))) / 100
        return same if same >= 0.9 else 0.0
    names = _names(one.where), _names(other.where)
    if not names[0] or not names[1]:
        return 0.0
    fewer, more = sorted(names, key=len)
    if _found(fewer, more) < len(fewer) and not _is_within(one, other):
        return 0.0
    return max(_found(fewer, more), _found(more, fewer)) / max(len(fewer), 1) if fewer else 0.0


def _is_within(one: Report, other: Report) -> bool:
    """Whether each names the other's place somewhere in its words."""
    return all(
        _found(_names(each.where), _names(of.words)) == len(_names(each.where))
        for each, of in ((one, other), (other, one))
    )


def _differ(first: Collection[str], second: Collection[str], one: Report, other: Report) -> bool:
    """Whether their places can't be one: other numbers, or a street and an avenue of one name."""
    numbers = [
        {word for word in each if _WORD.search(word)} for each in (one.where or first, other.where or second)
    ]
    if all(numbers) and not (numbers[0] <= numbers[1] or numbers[1] <= numbers[0]):
        return True
    kinds = [{i for i, names in enumerate(_STREETS) if names & set(each.where)} for each in (one, other)]
    return all(kinds) and not kinds[0] & kinds[1]


def _kind(one: Report, other: Report) -> float:
    """How much their trouble has in common; nothing if both are of known kinds, and not of one."""
    if one.kinds and other.kinds:
        return _OF_ONE_KIND if one.kinds & other.kinds else 0.0
    said = one.words - one.where, other.words - other.where
    fewer, more = sorted(said, key=len)
    if not fewer:
        return 0.0
    share = _found(fewer, more) / len(fewer)
    return share if share >= 0.5 else 0.0


def _names(words: Collection[str]) -> frozenset[str]:
    """What tells a place from others: not that it is a street."""
    generic = frozenset().union(*_STREETS)
    return frozenset(word for word in words if word not in generic)


def _found(words: Collection[str], among: Collection[str]) -> int:
    return sum(any(_is_same(word, other) for other in among) for word in words)


def _is_same(one: str, other: str) -> bool:
    if one == other:
        return True
    if _WORD.search(one) or _WORD.search(other) or min(len(one), len(other)) < 4:
        return False
    return fuzz.ratio(one, other) >= _SAME_WORD


def _words(text: str) -> frozenset[str]:
    """The words, folded; of a German street its name and that it is one."""
    found: set[str] = set()
    for word in search_words(unicodedata.normalize("NFKC", text)):
        ending = next((end for end in _STREET_ENDINGS if word.endswith(end) and len(word) > len(end) + 2), None)
        found |= {word} if ending is None else {word.removesuffix(ending), ending}
    return frozenset(found - _SMALL)
