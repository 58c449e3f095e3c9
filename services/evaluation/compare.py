"""Two evaluations side by side, issue by issue: where they differ, and whether that may be chance.

The issues are the same in both, so each is a pair. The test is the exact sign test over the pairs that differ; for
what is either so or not it is the exact form of McNemar's (Q. McNemar, Psychometrika 12 (1947), 153-157).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.evaluation.figures import Spread
from services.evaluation.results import CaseResult, Evaluation

LEVEL = 0.05
"""How likely it may be that chance alone makes any of the tested measures differ so much."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is compared; `value` is None for an issue of which it can't be said.

    `summary`: "share" of the issues that have it, their "mean" or their "median". What is not `tested` is shown
    and not judged: all seconds of an evaluation depend on the hour and on what else ran, so that a test would see
    a difference where there is none.
    """

    name: str
    value: Callable[[CaseResult], float | None]
    summary: str
    more_is_better: bool = False
    tested: bool = True


MEASURES = (
    Measure("valid_at_first", lambda result: result.valid_at_first, "share", more_is_better=True),
    Measure("valid", lambda result: result.valid, "share", more_is_better=True),
    Measure("as_expected", lambda result: result.as_expected, "share", more_is_better=True),
    Measure("repairs", lambda result: result.repairs, "mean"),
    Measure("warnings", lambda result: sum(result.warnings.values()) if result.valid else None, "mean"),
    Measure("tokens", lambda result: result.total_tokens, "median"),
    Measure("seconds", lambda result: result.seconds, "median", tested=False),
)

TESTED = sum(measure.tested for measure in MEASURES)

LEVEL_OF_EACH = LEVEL / TESTED
"""What that leaves for each of the measures that are tested (Bonferroni's correction)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of two evaluations over the `pairs` that have it in both.

    `first_better` and `second_better` count the pairs that differ. `p` is how likely chance alone would split them
    so unevenly or more so.
    """

    measure: Measure
    pairs: int
    first: float
    second: float
    first_better: int
    second_better: int
    p: float

    @property
    def better(self) -> int:
        """1 or 2: which of the two is better; 0 if that can't be told."""
        if not self.measure.tested or self.p >= LEVEL_OF_EACH:
            return 0
        return 1 if self.first_better > self.second_better else 2


def paired(first: Evaluation, second: Evaluation) -> list[tuple[CaseResult, CaseResult]]:
    """The results of each issue that is in both."""
    others = {result.case: result for result in second.results}
    return [(result, others[result.case]) for result in first.results if result.case in others]


def compare(pairs: Sequence[tuple[CaseResult, CaseResult]]) -> list[Comparison]:
    """Every measure over these pairs."""
    return [_compared(measure, pairs) for measure in MEASURES]


def _compared(measure: Measure, pairs: Sequence[tuple[CaseResult, CaseResult]]) -> Comparison:
    values = [
        (one, other)
        for first, second in pairs
        if (one := measure.value(first)) is not None and (other := measure.value(second)) is not None
    ]
    higher, lower = sum(one > other for one, other in values), sum(one < other for one, other in values)
    first_better, second_better = (higher, lower) if measure.more_is_better else (lower, higher)
    return Comparison(
        measure=measure,
        pairs=len(values),
        first=_summed(measure, [one for one, _ in values]),
        second=_summed(measure, [other for _, other in values]),
        first_better=first_better,
        second_better=second_better,
        p=sign_test(higher, lower),
    )


def _summed(measure: Measure, values: Sequence[float]) -> float:
    if measure.summary == "median":
        return Spread.of(values).median
    return sum(values) / len(values) if values else 0.0


def sign_test(one: int, other: int) -> float:
    """The two-sided probability that a fair coin splits as unevenly as `one` to `other`, or more so."""
    throws = one + other
    tail = sum(math.comb(throws, heads) for heads in range(min(one, other) + 1))
    return min(1.0, 2 * tail / (1 << throws))
