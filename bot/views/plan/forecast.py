"""What is to be expected of a run, in one line: how long, whether it will need help, and whom it waits for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from bot.slack.messages import Block
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, count, join, lasted, one_line
from services.components.specs import ComponentSpec
from services.plans.forecast import Forecast
from services.queries.snapshots import PlanSnapshot

MAX_CHARACTERS = 500

_NAME, _NAMES = 45, 3
"""The longest that a component is called by, and how many are named."""

_STEPS = ((10, 1), (60, 5), (600, 30), (3_600, 60), (86_400, 600))
_LONGEST_STEP = 3_600
"""What a time is rounded to, in seconds, by how long it is."""


def expected(snapshot: PlanSnapshot, *, with_tokens: bool = False) -> list[Block]:
    """The forecast of a plan that is to be decided about; `with_tokens`: with what drafting has cost."""
    version, forecast = snapshot.version, snapshot.forecast
    if version is None or forecast is None or not version.plan.steps:
        return []
    known = [*_time(forecast), *_help(forecast)]
    history = list(_history(forecast, version.components))
    parts = [
        *(known or history),
        *_waits(forecast),
        *(history if known else ()),
        *(_tokens(forecast, version.tokens) if with_tokens else ()),
    ]
    return [kit.context(kit.plain(f"Forecast: {' · '.join(parts)}", MAX_CHARACTERS))] if parts else []


def _time(forecast: Forecast) -> Iterator[str]:
    usual, long = forecast.usual_seconds, forecast.long_seconds
    if usual is None or long is None:
        return
    about, at_most = _round(usual), _round(long, up=True)
    words = f"usually about {lasted(about)}" if about else f"usually {lasted(0)}"
    yield f"{words}, seldom over {lasted(at_most)}" if at_most > about else words


def _round(seconds: float, *, up: bool = False) -> int:
    step = next((step for limit, step in _STEPS if seconds < limit), _LONGEST_STEP)
    return (math.ceil if up else round)(seconds / step) * step


def _help(forecast: Forecast) -> Iterator[str]:
    chance = forecast.chance
    if chance is None:
        return
    if chance == 1:
        yield "so far all such steps went through without help"
    elif chance == 0:
        yield "one of its steps has always needed help so far"
    else:
        yield f"about {min(max(round(chance * 100), 1), 99)} in 100 go through without help"


def _waits(forecast: Forecast) -> Iterator[str]:
    people = [
        count(number, noun)
        for number, noun in ((forecast.approvals, "approval"), (forecast.answers, "answer"))
        if number
    ]
    if people:
        yield f"plus the wait for {join(people)}"
    if forecast.wait_minutes:
        yield f"plus {lasted(forecast.wait_minutes * 60)} that it is to wait"
    if forecast.poll_minutes:
        yield f"plus up to {lasted(forecast.poll_minutes * 60)} until something holds"
    if forecast.open_waits:
        yield f"plus {count(forecast.open_waits, 'wait')} whose length only the run will tell"


def _history(forecast: Forecast, components: Mapping[str, ComponentSpec]) -> Iterator[str]:
    if not forecast.unknown:
        return
    if forecast.chance is None:
        yield "no history yet"
        return
    names = [_name(key, components) for key in forecast.unknown]
    yield f"not counting {join(names, most=_NAMES)}: no history yet"


def _name(key: str, components: Mapping[str, ComponentSpec]) -> str:
    spec = components.get(key)
    return clip(one_line(spec.name if spec else "") or one_line(key), _NAME)


def _tokens(forecast: Forecast, of_version: int) -> Iterator[str]:
    """What drafting has cost, where that is more than the version says of itself."""
    if forecast.tokens > of_version:
        yield f"{count(forecast.tokens, 'token')} with the drafts before"
