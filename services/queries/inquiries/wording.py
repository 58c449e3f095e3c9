"""The answer as the model writes it, taken apart, and checked against the rows that it cites.

Values stand in it as `{R3.title}`, and rows as `[R3]`; we fill them in. What else is a number in it must stand in
a row that it cites: a number that the model made up is a fault. What no code can check is whether the words round
the values are right, so the rows themselves are shown below the answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.queries.inquiries.notebook import numbers_of, texts_of
from services.queries.lookups.rows import Row, Scope

MAX_ANSWER = 1_500
"""Characters of an answer."""

NOTHING = "-"
"""What the model answers where the records have nothing to do with what was asked."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the model itself wrote."""

    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A row, or a value of it."""

    row: Row
    member: str | None = None


Piece = Words | Cited

_MARK = re.compile(r"[{\[]\s*(R\d+(?:\.\w+)?(?:\s*[,;]\s*R\d+(?:\.\w+)?)*)\s*[}\]]")
_TOKEN = re.compile(r"\d+\.\d+(?!\w)|(?:[^\W_]|[\u0900-\u0903\u093a-\u094f])+")
"""A number, or a word; of a word in Devanagari its vowel signs are a part."""

_ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<=\d)[,\u202f](?=\d{3}\b)")


def pieces(answer: str, rows: Mapping[str, Row]) -> tuple[list[Piece], list[str]]:
    """The answer taken apart, and what is wrong with its citations."""
    found: list[Piece] = []
    faults: list[str] = []
    end = 0
    for mark in _MARK.finditer(answer):
        found.append(Words(answer[end : mark.start()]))
        end = mark.end()
        for cited in re.split(r"\s*[,;]\s*", mark[1]):
            row_id, _, member = cited.partition(".")
            row = rows.get(row_id)
            if row is None:
                faults.append(f"{row_id} is no row")
            elif member and member not in row.values:
                faults.append(f"{row_id} has no {member}; it has {', '.join(row.values)}")
            else:
                found.append(Cited(row, member or None))
    found.append(Words(answer[end:]))
    return [piece for piece in found if not (isinstance(piece, Words) and not piece.text)], faults


def faults_of(answer: str, rows: Mapping[str, Row], scope: Scope) -> list[str]:
    """All that is wrong with an answer, for the model; nothing, if it may be shown."""
    parts, faults = pieces(answer, rows)
    cited = cited_rows(parts)
    if len(answer) > MAX_ANSWER:
        faults.append(f"the answer is longer than {MAX_ANSWER} characters")
    if not cited:
        faults.append("the answer cites no row: give each value as {R1.name} and each plan as [R1]")
    words = [piece.text for piece in parts if isinstance(piece, Words)]
    if any(_ADDRESS.search(text) for text in words):
        faults.append("the answer holds an address: plans are linked where their rows are cited")
    numbers = _Numbers(cited, scope)
    faults += [
        f"“{token}” stands in no row that the answer cites: give values as {{R1.name}}"
        for text in words
        for token in numbers.unknown(text)
    ]
    return faults


def cited_rows(parts: Sequence[Piece]) -> tuple[Row, ...]:
    """The rows that an answer cites, each once, in its order."""
    return tuple({piece.row.id: piece.row for piece in parts if isinstance(piece, Cited)}.values())


class _Numbers:
    """Which numbers may stand in the words of an answer."""

    def __init__(self, cited: Sequence[Row], scope: Scope) -> None:
        self._values = {float(number) for row in cited for number in numbers_of(row)}
        self._plans = {row.values["number"] for row in cited if "number" in row.values}
        self._texts = [f" {' '.join(_tokens(text))} " for row in cited for text in texts_of(row, scope)]

    def unknown(self, text: str) -> Iterator[str]:
        """The numbers in a text that none of the rows has."""
        tokens = _tokens(text)
        for index, token in enumerate(tokens):
            number = _number(token)
            if number is None:
                continue
            before = tokens[index - 1] if index else ""
            after = tokens[index + 1] if index + 1 < len(tokens) else ""
            if number not in self._values and not self._is_told(token, before, after):
                yield token

    def _is_told(self, token: str, before: str, after: str) -> bool:
        """Whether it is the number of a plan, or stands in a row beside the same word."""
        if token.isdigit() and int(token) in self._plans and before in _PLAN_WORDS:
            return True
        beside = [f" {pair} " for pair in (f"{before} {token}", f"{token} {after}") if len(pair) > len(token) + 1]
        return any(pair in text for pair in beside for text in self._texts)


def _tokens(text: str) -> list[str]:
    """The words and numbers of a text, in lower case, digits of any script as ours; `#` is a word."""
    return _TOKEN.findall(_THOUSANDS.sub("", _normal(text)).replace("#", " plan "))


def _normal(text: str) -> str:
    return "".join(_digit(char) for char in unicodedata.normalize("NFKC", text)).casefold()


def _digit(char: str) -> str:
    return str(unicodedata.digit(char)) if unicodedata.category(char) == "Nd" else char


def _number(token: str) -> float | None:
    """What a token counts: digits, or a word for a number. None if it counts nothing."""
    if any(char.isdigit() for char in token):
        return float(token) if re.fullmatch(r"\d+(\.\d+)?", token) else float("nan")
    return _NUMBER_WORDS.get(token)


_PLAN_WORDS = ("plan", "plans", "number", "no", "nr", "issue")
_NUMBER_WORDS: Mapping[str, float] = {
    **{
        _normal(word): number
        for number, words in enumerate(
            (
                "two twice zwei zweimal",
                "three thrice drei dreimal तीन",
                "four vier viermal चार",
                "five fünf पाँच पांच",
                "six sechs छह",
                "seven sieben सात",
                "eight acht आठ",
                "nine neun नौ",
                "ten zehn दस",
                "eleven elf ग्यारह",
                "twelve dozen zwölf dutzend बारह",
            ),
            start=2,
        )
        for word in words.split()
    },
    **{
        _normal(word): number
        for number, words in (
            (13, "thirteen dreizehn"),
            (14, "fourteen vierzehn"),
            (15, "fifteen fünfzehn"),
            (16, "sixteen sechzehn"),
            (17, "seventeen siebzehn"),
            (18, "eighteen achtzehn"),
            (19, "nineteen neunzehn"),
            (20, "twenty zwanzig बीस"),
            (30, "thirty dreißig तीस"),
            (40, "forty vierzig"),
            (50, "fifty fünfzig पचास"),
            (60, "sixty sechzig"),
            (70, "seventy siebzig"),
            (80, "eighty achtzig"),
            (90, "ninety neunzig"),
            (100, "hundred hundreds hundert सौ"),
            (1_000, "thousand thousands tausend हज़ार हजार"),
            (1_000_000, "million millions millionen लाख"),
        )
        for word in words.split()
    },
}
"""Words that count, in the languages that people are spoken to in. "One" and "a" count nothing by themselves."""
