"""How much a card or a view says: from all there is to the least that still reads."""

from __future__ import annotations

import json
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass

from bot.slack.messages import Block
from bot.views.kit.blocks import MESSAGE_SIZE, PLAN_TASKS, sized


@dataclass(frozen=True, slots=True)
class Level:
    """The longest that each part may be, in characters as `weight` counts them; `lines` counts listed lines.

    Of a step `sent` counts the values that leave the house, and `value` is how long each may be; where people are
    asked before they are sent, `full` is. Of a run, `asks` counts the steps that people are asked about, `fields`
    the values of each, and `field` is how long any other text of theirs may be.
    """

    quote: int
    understood: int
    more: int
    details: int
    lines: int
    sent: int
    value: int
    full: int
    asks: int
    fields: int
    field: int


LEVELS = (
    Level(1_000, 700, more=400, details=500, lines=8, sent=6, value=160, full=1_500, asks=9, fields=12, field=500),
    Level(600, 400, more=140, details=260, lines=6, sent=4, value=90, full=500, asks=6, fields=8, field=200),
    Level(400, 300, more=0, details=120, lines=4, sent=2, value=50, full=160, asks=4, fields=5, field=80),
    Level(250, 200, more=0, details=0, lines=3, sent=0, value=50, full=50, asks=3, fields=3, field=50),
    Level(150, 150, more=0, details=0, lines=2, sent=0, value=50, full=50, asks=1, fields=3, field=50),
)
"""At the last levels a step is its title and no more."""

VIEW_SIZE = 240_000
"""Of a modal's blocks; Slack refuses a view of 250 KB."""

_LONGEST = (2_900, 1_200, 500, 250)
"""How long a block of a view may be (Slack: 3,000); the next one if the view is too long."""

Draw = Callable[[Level, int], list[Block]]
"""Draws a card at a level, with at most so many steps."""


def fit(draw: Draw, steps: int, name: str) -> list[Block]:
    """The card at the first level at which it fits, sealed under `name`; at the last two as many steps as fit."""
    for level in LEVELS[:-2]:
        blocks, weight = sized(draw(level, PLAN_TASKS), name)
        if weight <= MESSAGE_SIZE:
            return blocks
    for level in LEVELS[-2:]:
        blocks, weight = _with_fewer(draw, level, steps, name)
        if weight <= MESSAGE_SIZE:
            break
    return blocks


def _with_fewer(draw: Draw, level: Level, steps: int, name: str) -> tuple[list[Block], int]:
    """The card at a level, with as many steps as fit, and one at least; and its size."""

    def drawn(most: int) -> tuple[list[Block], int]:
        return sized(draw(level, most), name)

    blocks, weight = drawn(PLAN_TASKS)
    if weight <= MESSAGE_SIZE:
        return blocks, weight
    most = bisect(range(1, min(steps, PLAN_TASKS)), MESSAGE_SIZE, key=lambda most: drawn(most)[1])
    return drawn(max(1, most))


def fit_view(draw: Callable[[int], list[Block]]) -> list[Block]:
    """The blocks of a view, drawn with the longest blocks with which it fits."""
    for longest in _LONGEST:
        blocks = draw(longest)
        # With escapes for all that is not ASCII, as the SDK may send it.
        if len(json.dumps(blocks)) <= VIEW_SIZE:
            break
    return blocks
