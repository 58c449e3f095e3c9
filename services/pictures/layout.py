"""Where boxes and arrows go: Graphviz's own dot, which knows their sizes and nothing of their texts."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.pictures.model import Arrow, TooLarge

POINTS = 72.0
"""To an inch, in which dot counts."""

SECONDS = 5.0
"""A plan that takes dot longer is a tangle that nobody could read."""

_PROGRAM = "graphviz-pure"
_HEAD = (
    'digraph { graph [nodesep=0.22 ranksep=0.32]; node [shape=box fixedsize=true label=""]; edge [arrowhead=none];'
)


@dataclass(frozen=True, slots=True)
class Layout:
    """In points, from the left and from the top: the corner of each box, and the Bézier points of each arrow."""

    width: float
    height: float
    corners: Mapping[int, tuple[float, float]]
    ways: Mapping[tuple[int, int], Sequence[tuple[float, float]]]


def layout(width: float, heights: Mapping[int, float], arrows: Iterable[Arrow]) -> Layout:
    """Lay boxes of one width out in ranks, the first at the top. Raises TooLarge if that takes long."""
    pairs = dict.fromkeys((arrow.start, arrow.end) for arrow in arrows)
    nodes = (f"n{key} [width={width / POINTS:.4f} height={high / POINTS:.4f}];" for key, high in heights.items())
    edges = (f"n{start} -> n{end};" for start, end in pairs)
    text = "\n".join([_HEAD, *nodes, *edges, "}"])
    try:
        done = subprocess.run(  # noqa: S603 - our own program, and numbers only
            [program(), "-Kdot", "-Tplain"], input=text.encode(), capture_output=True, timeout=SECONDS, check=True
        )
    except subprocess.TimeoutExpired as error:
        raise TooLarge("dot took too long") from error
    return _read(done.stdout.decode(), width, heights)


def program() -> str:
    """The dot that came with its wheel: in the folder of this Python's own programs."""
    folders = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    found = next(filter(None, (shutil.which(_PROGRAM, path=folder) for folder in folders)), None)
    return found or shutil.which(_PROGRAM) or _PROGRAM


def thinned(arrows: Sequence[Arrow]) -> tuple[Arrow, ...]:
    """The arrows without those that are there for the order only and say what longer ways say already."""
    after: dict[int, set[int]] = {}
    for arrow in arrows:
        after.setdefault(arrow.start, set()).add(arrow.end)
    return tuple(arrow for arrow in arrows if arrow.carries or not _is_reached(after, arrow.start, arrow.end))


def heading(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The direction, of length one, in which an arrow ends."""
    (end_x, end_y), before = points[-1], reversed(points[:-1])
    for x, y in before:
        far = math.hypot(end_x - x, end_y - y)
        if far > 0.1:
            return (end_x - x) / far, (end_y - y) / far
    return 0.0, 1.0


def _is_reached(after: Mapping[int, set[int]], start: int, end: int) -> bool:
    """Whether there is a way from one to the other over a third."""
    waiting = list(after[start] - {end})
    seen = set(waiting)
    while waiting:
        following = after.get(waiting.pop(), set())
        if end in following:
            return True
        fresh = following - seen
        seen |= fresh
        waiting += fresh
    return False


def _read(plain: str, box: float, heights: Mapping[int, float]) -> Layout:
    """Dot's "plain" output: inches, counted from below. https://graphviz.org/docs/outputs/plain/"""
    width = height = 0.0
    corners: dict[int, tuple[float, float]] = {}
    ways: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for line in plain.splitlines():
        kind, *words = line.split(" ")
        if kind == "graph":
            width, height = float(words[1]) * POINTS, float(words[2]) * POINTS
        elif kind == "node":
            key, x, y = int(words[0][1:]), float(words[1]) * POINTS, float(words[2]) * POINTS
            corners[key] = (x - box / 2, height - y - heights[key] / 2)
        elif kind == "edge":
            numbers = [float(word) * POINTS for word in words[3 : 3 + 2 * int(words[2])]]
            points = [(x, height - y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
            ways[int(words[0][1:]), int(words[1][1:])] = points
    return Layout(width, height, corners, ways)
