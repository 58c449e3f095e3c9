"""What the results of an evaluation come to: shares and how sure they are, medians, what occurred how often."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.evaluation.results import CaseResult

_Z = 1.96
"""The standard normal's quantile for an interval of 95 %."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many `of` so many."""

    count: int
    of: int

    @property
    def value(self) -> float:
        """From 0 to 1; 0 of none is 0."""
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share lies with 95 % confidence, by Wilson's score.

        E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209.
        """
        if not self.of:
            return 0.0, 1.0
        squared = _Z**2 / self.of
        middle = self.value + squared / 2
        spread = _Z * math.sqrt(self.value * (1 - self.value) / self.of + squared / self.of / 4)
        return max(0.0, (middle - spread) / (1 + squared)), min(1.0, (middle + spread) / (1 + squared))


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the 90th percentile of some numbers, and what they sum up to; nothing of none is 0."""

    median: float
    p90: float
    total: float

    @classmethod
    def of(cls, numbers: Iterable[float]) -> Spread:
        """Of these numbers, by nearest rank."""
        ranked = sorted(numbers)
        if not ranked:
            return cls(0.0, 0.0, 0.0)
        return cls(_rank(ranked, 0.5), _rank(ranked, 0.9), sum(ranked))


def _rank(ranked: Sequence[float], quantile: float) -> float:
    return ranked[max(0, math.ceil(quantile * len(ranked)) - 1)]


@dataclass(frozen=True, slots=True)
class Figures:
    """An evaluation, or a part of one, in numbers. What is counted by code is how many plans have it."""

    valid_at_first: Share
    valid: Share
    as_expected: Share
    without_warning: Share
    errors: Mapping[str, int]
    faults_at_first: Mapping[str, int]
    warnings: Mapping[str, int]
    repairs: float
    missing: int
    avoided: int
    calls: int
    tokens: Spread
    seconds: Spread


def figures(results: Sequence[CaseResult]) -> Figures:
    """The figures of these results."""
    valid = [result for result in results if result.valid]
    return Figures(
        valid_at_first=_share(results, lambda result: result.valid_at_first),
        valid=_share(results, lambda result: result.valid),
        as_expected=_share(results, lambda result: result.as_expected),
        without_warning=_share(valid, lambda result: not result.warnings),
        errors=_counted([result.error] for result in results if result.error),
        faults_at_first=_counted(result.faults_at_first for result in results),
        warnings=_counted(result.warnings for result in valid),
        repairs=sum(result.repairs for result in results) / len(results) if results else 0.0,
        missing=sum(bool(result.missing) for result in valid),
        avoided=sum(bool(result.avoided) for result in valid),
        calls=sum(result.calls for result in results),
        tokens=Spread.of(result.total_tokens for result in results),
        seconds=Spread.of(result.seconds for result in results),
    )


def grouped(results: Sequence[CaseResult], by: Callable[[CaseResult], str]) -> Mapping[str, Figures]:
    """The figures of each group of results, such as those of a language, in the order of their names."""
    names = sorted({by(result) for result in results})
    return {name: figures([result for result in results if by(result) == name]) for name in names}


def _share(results: Sequence[CaseResult], holds: Callable[[CaseResult], bool]) -> Share:
    return Share(sum(map(holds, results)), len(results))


def _counted(codes: Iterable[Iterable[str]]) -> Mapping[str, int]:
    """How often each code occurs, the most frequent first."""
    return dict(Counter(code for each in codes for code in each).most_common())
