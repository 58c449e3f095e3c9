"""What is to be expected of a run, in one line: how long, whether it will need help, and whom it waits for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from bot.languages import _, ngettext
from bot.slack.messages import Block
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, join, lasted, one_line
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
    if not parts:
        return []
    return [kit.context(kit.plain(_("Forecast: {facts}", facts=" · ".join(parts)), MAX_CHARACTERS))]


def _time(forecast: Forecast) -> Iterator[str]:
    usual, long = forecast.usual_seconds, forecast.long_seconds
    if usual is None or long is None:
        return
    about, at_most = _round(usual), _round(long, up=True)
    known = {"usual": lasted(about), "most": lasted(at_most)}
    if at_most > about:
        said = _("usually about {usual}, seldom over {most}", **known)
        yield said if about else _("usually {usual}, seldom over {most}", **known)
    else:
        yield _("usually about {usual}", **known) if about else _("usually {usual}", **known)


def _round(seconds: float, *, up: bool = False) -> int:
    step = next((step for limit, step in _STEPS if seconds < limit), _LONGEST_STEP)
    return (math.ceil if up else round)(seconds / step) * step


def _help(forecast: Forecast) -> Iterator[str]:
    chance = forecast.chance
    if chance is None:
        return
    if chance == 1:
        yield _("so far all such steps went through without help")
    elif chance == 0:
        yield _("one of its steps has always needed help so far")
    else:
        share = min(max(round(chance * 100), 1), 99)
        yield _("about {share} in 100 go through without help", share=share)


def _waits(forecast: Forecast) -> Iterator[str]:
    people = [
        words
        for number, words in (
            (forecast.approvals, ngettext("{count} approval", "{count} approvals", forecast.approvals)),
            (forecast.answers, ngettext("{count} answer", "{count} answers", forecast.answers)),
        )
        if number
    ]
    if people:
        yield _("plus the wait for {what}", what=join(people))
    if forecast.wait_minutes:
        yield _("plus {time} that it is to wait", time=lasted(forecast.wait_minutes * 60))
    if forecast.poll_minutes:
        yield _("plus up to {time} until something holds", time=lasted(forecast.poll_minutes * 60))
    if forecast.open_waits:
        yield ngettext(
            "plus {count} wait whose length only the run will tell",
            "plus {count} waits whose length only the run will tell",
            forecast.open_waits,
        )


def _history(forecast: Forecast, components: Mapping[str, ComponentSpec]) -> Iterator[str]:
    if not forecast.unknown:
        return
    if forecast.chance is None:
        yield _("no history yet")
        return
    names = [_name(key, components) for key in forecast.unknown]
    yield _("not counting {components}: no history yet", components=join(names, most=_NAMES))


def _name(key: str, components: Mapping[str, ComponentSpec]) -> str:
    spec = components.get(key)
    return clip(one_line(spec.name if spec else "") or one_line(key), _NAME)


def _tokens(forecast: Forecast, of_version: int) -> Iterator[str]:
    """What drafting has cost, where that is more than the version says of itself."""
    if forecast.tokens > of_version:
        yield ngettext(
            "{count} token with the drafts before", "{count} tokens with the drafts before", forecast.tokens
        )
