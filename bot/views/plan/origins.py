"""Where values come from, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from bot.languages import N_, _
from bot.views.kit.text import clip, join, one_line
from services.plans.model import Step
from services.plans.origins import Origin, Source, origins_of

_MAKERS = {
    "person": N_("a person"),
    "registry": N_("its own list of values"),
    "component": N_("the answer of another component"),
    "model": N_("the plan maker"),
}
_NAME = 40
_MOST = 3


class Answering(Protocol):
    """A step that may have answered, with the name of its component."""

    @property
    def step(self) -> Step:
        """As the plan has it."""

    @property
    def component(self) -> str:
        """As people read it."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Whose answers the steps of a plan are: the keys and the names of their components, by step id."""

    keys: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, steps: Iterable[Answering]) -> Answers:
        """Those of a plan's steps."""
        answers = cls()
        for each in steps:
            answers.keys[each.step.step_id] = each.step.component_id
            answers.names[each.step.step_id] = each.component
        return answers

    def came_from(self, text: str, *, is_report_told: bool = True) -> str:
        """Where the value of an input comes from: "partly from the report"; empty if the plan itself has it.

        Without `is_report_told` the report and the run are left out, where these are named already.
        """
        sources = origins_of(text, self.keys)
        words = dict.fromkeys(self._named(source) for source in sources if source.origin is not Origin.MODEL)
        if not is_report_told:
            words = {each: None for each in words if each not in (_(_REPORT), _(_RUN))}
        if not words:
            return ""
        named = join(list(words), most=_MOST)
        if Source(Origin.MODEL) in sources:
            return _("partly from {sources}", sources=named)
        return _("from {sources}", sources=named)

    def _named(self, source: Source) -> str:
        if source.origin is Origin.PERSON:
            return _("the answer of a person") if source.step else _(_REPORT)
        if source.origin is Origin.REGISTRY:
            return _(_RUN)
        # In quotation marks, or a component called “a person” could pass for one.
        name = clip(one_line(self.names.get(source.step) or source.step), _NAME)
        return _("the answer of “{component}”", component=name)


_REPORT, _RUN = N_("the report"), N_("the run")


def makers(origins: Any, *, last: Literal["and", "or"] = "and") -> str:
    """Who made a value, or may have: "a person and the plan maker". Facts are taken as they come."""
    listed = origins if isinstance(origins, list) else []
    return join([_(_MAKERS[each]) for each in map(str, listed) if each in _MAKERS], last=last) or _("nobody")
