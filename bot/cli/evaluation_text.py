"""What `mudda eval` prints: the figures of one evaluation, and two side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from bot.cli.table import table
from services.evaluation.compare import LEVEL, LEVEL_OF_EACH, TESTED, Comparison, compare, paired
from services.evaluation.figures import Figures, Share, figures, grouped
from services.evaluation.results import CaseResult, Evaluation

if TYPE_CHECKING:
    from services.evaluation.prompted import Estimate

STAND_IN = """\
A STAND-IN ANSWERED, NOT A MODEL. It follows fixed rules that look for English words, and was written together
with the validator. These figures show that the evaluation works; they say nothing about any model. Set
GEMINI_API_KEY to judge one."""


def expected_cost(estimate: Estimate, issues: int, model: str) -> str:
    """What is about to be spent."""
    least = f"{estimate.calls:,} calls and about {estimate.tokens:,} tokens if each plan is valid at first"
    most = f"at most {estimate.most_calls:,} calls and about {estimate.most_tokens:,} tokens"
    thoughts = "What the model thinks comes on top. Ctrl-C ends it."
    return f"{issues:,} issues for {model}: {least};\n{most}. {thoughts}"


def progress(result: CaseResult, done: int, total: int) -> str:
    """One issue that is through."""
    if result.valid_at_first:
        outcome = "valid at first"
    elif result.valid:
        outcome = f"valid after {result.repairs} repair{'s' if result.repairs > 1 else ''}"
    else:
        outcome = f"no plan: {result.error}"
    return f"{done:>4}/{total}  {result.case:<16}{result.seconds:>7.1f} s  {outcome}"


def report(evaluation: Evaluation) -> str:
    """All figures of an evaluation."""
    results = evaluation.results
    whole = figures(results)
    towns = {result.town for result in results}
    languages = {result.language for result in results}
    head = f"{len(results)} issues, {len(towns)} towns, {len(languages)} languages.\n{_named(evaluation)}"
    blocks = [
        *([STAND_IN] if evaluation.is_stand_in else []),
        head,
        _table(_shares(whole)),
        _table(_spreads(whole)),
        "\n".join(_counts(whole)),
        _table(_parts("LANGUAGE", grouped(results, lambda result: result.language))),
        _table(_parts("TOWN", grouped(results, lambda result: result.town))),
    ]
    return "\n\n".join(blocks)


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(table(rows))


def _named(evaluation: Evaluation) -> str:
    return (
        f"Asked: {evaluation.model}, on {evaluation.begun_at:%Y-%m-%d}, {evaluation.concurrency} at a time. "
        f"Mudda {evaluation.version}, prompts {evaluation.prompts}, set {evaluation.cases}."
    )


def _shares(whole: Figures) -> list[tuple[str, ...]]:
    rows = {
        "Valid at first": whole.valid_at_first,
        "Valid after repairs": whole.valid,
        "Valid, and with the expected components": whole.as_expected,
        "Of the valid plans: without a warning": whole.without_warning,
    }
    return [
        ("", "ISSUES", "SHARE", "95 % INTERVAL"),
        *(
            (name, f"{share.count} of {share.of}", _percent(share.value), _interval(share))
            for name, share in rows.items()
        ),
    ]


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _interval(share: Share) -> str:
    low, high = share.interval
    return f"{100 * low:.0f} to {_percent(high)}"


def _spreads(whole: Figures) -> list[tuple[str, ...]]:
    tokens, seconds = whole.tokens, whole.seconds
    return [
        ("", "MEDIAN", "P90", "TOTAL"),
        ("Tokens of an issue", *(f"{number:,.0f}" for number in (tokens.median, tokens.p90, tokens.total))),
        ("Seconds of an issue", *(f"{number:,.1f}" for number in (seconds.median, seconds.p90, seconds.total))),
    ]


def _counts(whole: Figures) -> Iterator[str]:
    yield f"Calls of the model: {whole.calls:,}. Repairs of a plan, on average: {whole.repairs:.2f}."
    yield (
        f"Valid plans that lack an expected component: {whole.missing}; that use one which has no place there: "
        f"{whole.avoided}."
    )
    yield f"No plan: {_listed(whole.errors)}."
    yield f"Faults at first, by the number of plans: {_listed(whole.faults_at_first)}."
    yield f"Warnings at the end, by the number of plans: {_listed(whole.warnings)}."


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{code} {count}" for code, count in counts.items()) or "none"


def _parts(kind: str, parts: Mapping[str, Figures]) -> list[tuple[str, ...]]:
    return [
        (kind, "ISSUES", "VALID AT FIRST", "VALID", "AS EXPECTED"),
        *(
            (
                name,
                str(part.valid.of),
                str(part.valid_at_first.count),
                str(part.valid.count),
                str(part.as_expected.count),
            )
            for name, part in parts.items()
        ),
    ]


_NAMES: Mapping[str, str] = {
    "valid_at_first": "Valid at first",
    "valid": "Valid after repairs",
    "as_expected": "With the expected components",
    "repairs": "Repairs of a plan",
    "warnings": "Warnings of a valid plan",
    "tokens": "Tokens of an issue",
    "seconds": "Seconds of an issue",
}


def comparison(first: Evaluation, second: Evaluation) -> str:
    """Two evaluations over the issues that are in both."""
    pairs = paired(first, second)
    head = [f"A: {_named(first)}", f"B: {_named(second)}", *_notes(first, second, len(pairs))]
    if not pairs:
        return "\n".join(head)
    compared = compare(pairs)
    return "\n\n".join(["\n".join(head), _table(_compared(compared)), _explained(compared)])


def _notes(first: Evaluation, second: Evaluation, pairs: int) -> Iterator[str]:
    """What keeps the two from being compared like with like."""
    yield f"Issues in both: {pairs} (A has {len(first.results)}, B has {len(second.results)})."
    for name, one in (("A", first), ("B", second)):
        if one.is_stand_in:
            yield f"In {name} a stand-in answered by rules, not a model: its figures say nothing about one."
    if first.cases != second.cases:
        yield "The set has changed between the two: issues of the same name may not be the same."
    differ = [name for name in ("model", "prompts", "version") if getattr(first, name) != getattr(second, name)]
    if not differ:
        yield "Model, prompts and version are the same in both: what differs below is chance, or the hour."
    elif {"model", "prompts"} <= set(differ):
        yield "Both model and prompts differ: which of the two makes the difference can't be told from this."
    if first.concurrency != second.concurrency:
        yield "Not as many ran at a time: the seconds can't be compared."


def _compared(compared: Sequence[Comparison]) -> list[tuple[str, ...]]:
    verdicts = ("can't tell", "A is better", "B is better")
    return [
        ("", "ISSUES", "A", "B", "A BETTER IN", "B BETTER IN", "P", ""),
        *(
            (
                f"{_NAMES[each.measure.name]} ({each.measure.summary})",
                str(each.pairs),
                _value(each.measure.summary, each.first),
                _value(each.measure.summary, each.second),
                str(each.first_better),
                str(each.second_better),
                f"{each.p:.3f}" if each.measure.tested else "",
                verdicts[each.better] if each.measure.tested else "not tested",
            )
            for each in compared
        ),
    ]


def _value(summary: str, value: float) -> str:
    if summary == "share":
        return _percent(value)
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _explained(compared: Sequence[Comparison]) -> str:
    lines = [
        "P: how likely chance alone would split the issues that differ so unevenly (exact sign test). "
        f"A verdict takes p < {LEVEL_OF_EACH:.3f},",
        f"which is {LEVEL:g} for the {TESTED} measures together. Seconds are not tested: they depend on the hour.",
    ]
    if any(not each.better for each in compared):
        lines.append(
            '"Can\'t tell" is not "the same": too few issues differ. More issues, or more evaluations, may tell.'
        )
    return "\n".join(lines)
