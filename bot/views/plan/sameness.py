"""Whether a sentence says anything that was not said just before it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_READ = 6_000
"""Of each text, in characters: more than a card shows."""

_STEM = 6
_ENDING = re.compile(r"(?<=..)(ing|ed|es|s|e)$")
"""What makes "repair" and "repairing" the same: without the ending, so many letters at the beginning."""

_NEW_WORDS, _NEW_SHARE = 2, 0.25
"""How many words must be new, and what share of all that count."""

_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts that put no spaces between words: there two characters count as a word."""

_EMPTY = frozenset(
    word
    for line in (
        "a,an,and,are,as,at,be,been,by,can,for,from,has,have,in,into,is,it,its,of,on,or,that,the,their,there,this",
        "to,was,we,were,will,with,step,steps,plan,plans,issue,report,reported,request",
        "one,two,three,four,five,six,seven,eight,nine,ten",
        "der,die,das,und,ein,eine,ist,im,in,von,zu,mit,den,dem,des",
    )
    for word in line.split(",")
)
"""Words that say nothing by themselves, and those that every plan is described with."""


def says_something_new(text: str, *said: str) -> bool:
    """Whether `text` says more than a word or two that is in none of the texts that were said before it."""
    known = {stem for each in said for stem in _stems(each)}
    stems = set(_stems(text))
    new = stems - known
    return len(new) >= min(_NEW_WORDS, max(1, len(stems))) and len(new) >= _NEW_SHARE * len(stems)


def _stems(text: str) -> Iterable[str]:
    for word in _WORD.findall(text[:_READ].casefold()):
        if _UNSPACED.search(word):
            yield from (word[at : at + 2] for at in range(max(1, len(word) - 1)))
        elif word not in _EMPTY and not word.isdecimal():
            yield _ENDING.sub("", word)[:_STEM]
