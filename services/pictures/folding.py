"""Several steps in one box, where a plan has more than a picture can show one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace

from services.pictures.model import Arrow, Box, Graph

FEWEST = 3
"""Steps that one box stands for: fewer are shown each."""

_RANGES = 3

Neighbours = Mapping[int, frozenset[int]]
Grouping = Callable[[Sequence[Box], Neighbours, Neighbours], Iterator[Sequence[int]]]


def folded(graph: Graph) -> Graph:
    """The graph with steps side by side, and then steps one after the other, in one box where they look alike.

    What people have to do with stays a box of its own: a step that asks first, and one with a condition.
    """
    return _merged(_merged(graph, _side_by_side), _in_a_row)


def _merged(graph: Graph, grouping: Grouping) -> Graph:
    before: dict[int, set[int]] = defaultdict(set)
    after: dict[int, set[int]] = defaultdict(set)
    for arrow in graph.arrows:
        before[arrow.end].add(arrow.start)
        after[arrow.start].add(arrow.end)
    keys = [box.number for box in graph.boxes]
    groups = list(
        grouping(
            graph.boxes,
            {key: frozenset(before[key]) for key in keys},
            {key: frozenset(after[key]) for key in keys},
        )
    )
    leader = {member: group[0] for group in groups for member in group}
    boxes = {box.number: box for box in graph.boxes}
    whole = {group[0]: _of_several([boxes[key] for key in group], graph.several) for group in groups}
    kept = tuple(whole.get(key, box) for key, box in boxes.items() if leader.get(key, key) == key)
    return replace(graph, boxes=kept, arrows=tuple(_between(graph.arrows, leader)))


def _between(arrows: Sequence[Arrow], leader: Mapping[int, int]) -> Iterator[Arrow]:
    """The arrows from box to box, of several one: it carries a value, and is not faded, if any of them is so."""
    found: dict[tuple[int, int], Arrow] = {}
    for arrow in arrows:
        start, end = leader.get(arrow.start, arrow.start), leader.get(arrow.end, arrow.end)
        if start != end:
            known = found.get((start, end), arrow)
            found[start, end] = Arrow(
                start, end, carries=known.carries or arrow.carries, faded=known.faded and arrow.faded
            )
    yield from found.values()


def _is_plain(box: Box) -> bool:
    return not box.gated and not box.note


def _side_by_side(boxes: Sequence[Box], before: Neighbours, after: Neighbours) -> Iterator[Sequence[int]]:
    """Steps that come after the same ones, and before the same ones."""
    alike: dict[Hashable, list[int]] = defaultdict(list)
    for box in boxes:
        if _is_plain(box):
            alike[before[box.number], after[box.number], box.look].append(box.number)
    yield from (group for group in alike.values() if len(group) >= FEWEST)


def _in_a_row(boxes: Sequence[Box], before: Neighbours, after: Neighbours) -> Iterator[Sequence[int]]:
    """Steps of which each comes after the one before it alone, and nothing else does."""
    by_number = {box.number: box for box in boxes}

    def follower(number: int) -> int | None:
        """The step that continues the row of this one."""
        if len(after[number]) != 1:
            return None
        (other,) = after[number]
        here, there = by_number[number], by_number[other]
        is_alike = here.look is there.look and _is_plain(here) and _is_plain(there)
        return other if is_alike and len(before[other]) == 1 else None

    continues = {number: other for number in by_number if (other := follower(number)) is not None}
    inner = set(continues.values())
    for number in by_number:
        if number in inner:
            continue
        row = [number]
        while row[-1] in continues:
            row.append(continues[row[-1]])
        if len(row) >= FEWEST:
            yield row


def _of_several(boxes: Sequence[Box], several: str) -> Box:
    numbers = sorted(number for box in boxes for number in (box.number, *box.also))
    first = boxes[0]
    return replace(
        first,
        label=_ranges(numbers),
        title=several.format(count=len(numbers)),
        also=tuple(number for number in numbers if number != first.number),
    )


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers as they are said for short: "4–19", "2, 5–7, …"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [f"{start}–{end}" if start < end else f"{start}" for start, end in runs[:_RANGES]]
    return ", ".join([*shown, *(["…"] if len(runs) > _RANGES else [])])
