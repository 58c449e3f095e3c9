"""Where each of the values that a step sends comes from, by the name under which people read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.languages import N_, _, ngettext
from bot.views.kit.text import clip, one_line
from bot.views.kit.values import as_text, flat
from bot.views.plan.origins import Answers
from services.formats import strict_json
from services.formats.strict_json import NotJson
from services.formats.whole_bodies import NAME
from services.plans.model import Step
from services.plans.references import may_refer

_LINES = 60
_NAME = 80
_PLACES = {"path": N_("{name} (in the address)"), "header": N_("{name} (header)")}


class Origins:
    """The values of one step that come from elsewhere than from its plan. `answers` are those of the plan."""

    def __init__(self, step: Step, answers: Answers) -> None:
        self._step = step
        self._answers = answers
        self._known: dict[tuple[str, str], str] = {}
        for item in step.inputs:
            if may_refer(item.value):
                place = _place(item.location)
                for name, text in _values(item.name, item.value):
                    self._known[place, _folded(place, name)] = answers.came_from(text)

    def of(self, place: str, name: str) -> str:
        """Where a value of the query, the body or a header ("header") comes from; empty if from the plan."""
        for part in _parents(_folded(place, name)):
            if (place, part) in self._known:
                return self._known[place, part]
        is_whole = place == "body" and (name == "text" or name.startswith("["))
        return self._known.get((place, NAME), "") if is_whole else ""

    def lines(self) -> str:
        """All that come from elsewhere, a line each, as the plan names them; empty if there are none."""
        found = [
            f"{_placed(item.location, clip(one_line(item.name), _NAME))}: {words}"
            for item in self._step.inputs
            if (words := self._answers.came_from(item.value))
        ]
        if len(found) > _LINES:
            more = ngettext("…and {count} more value", "…and {count} more values", len(found) - _LINES)
            found = [*found[:_LINES], more]
        return "\n".join(found)


def _placed(location: str, name: str) -> str:
    return _(_PLACES[location], name=name) if location in _PLACES else name


def _place(location: str) -> str:
    return "body" if location == "variable" else location


def _folded(place: str, name: str) -> str:
    return name.casefold() if place == "header" else name


def _values(name: str, text: str) -> Iterator[tuple[str, str]]:
    """A value, and where it is JSON the values in it, each under its name."""
    yield name, text
    try:
        value: Any = strict_json.loads(text)
    except NotJson:
        return
    if isinstance(value, dict | list):
        yield from flat(name, _run_together(value))


def _run_together(value: Any) -> Any:
    """A JSON value with one text in place of each list of plain ones, which is how people read them.

    What stands between two values is not the plan's, so there is nothing between them here.
    """
    if isinstance(value, dict):
        return {name: _run_together(inner) for name, inner in value.items()}
    if not isinstance(value, list):
        return value
    is_plain = not any(isinstance(inner, dict | list) for inner in value)
    return "".join(map(as_text, value)) if is_plain else [_run_together(inner) for inner in value]


def _parents(name: str) -> Iterator[str]:
    """A name, and those of what it is in: `site.crews[0].id`, `site.crews[0]`, `site.crews`, `site`."""
    while name:
        yield name
        name = name[: max(name.rfind("."), name.rfind("["), 0)]
