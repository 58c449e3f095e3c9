"""How much a card says: the levels it is drawn at, from all there is to the least that still reads."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass

from bot.views.blocks import MESSAGE_SIZE, PLAN_TASKS, Block, seal, size


@dataclass(frozen=True, slots=True)
class Level:
    """The longest that each part may be, in characters as `weight` counts them; `lines` counts listed lines."""

    quote: int
    understood: int
    more: int
    details: int
    lines: int
    named: bool


LEVELS = (
    Level(quote=1_000, understood=700, more=400, details=500, lines=8, named=True),
    Level(quote=600, understood=400, more=140, details=260, lines=6, named=True),
    Level(quote=400, understood=300, more=0, details=120, lines=4, named=False),
    Level(quote=250, understood=200, more=0, details=0, lines=3, named=False),
)
"""At the last level steps have no details, and a step's title says what it waits for."""

Draw = Callable[[Level, int], list[Block]]
"""Draws a card at a level, with at most so many steps."""


def fit(draw: Draw, steps: int, name: str) -> list[Block]:
    """The card at the first level at which it fits, sealed under `name`; as many steps as fit at the last."""
    for level in LEVELS:
        blocks = seal(draw(level, PLAN_TASKS), name)
        if size(blocks) <= MESSAGE_SIZE:
            return blocks

    def weigh(most: int) -> int:
        return size(seal(draw(LEVELS[-1], most), name))

    most = bisect(range(1, min(steps, PLAN_TASKS)), MESSAGE_SIZE, key=weigh)
    return seal(draw(LEVELS[-1], max(1, most)), name)
