"""Checks: the hard rules of a policy, as YAML states them beside its text.

Each names what it is about, `component` or `category`, one or a list, and one thing that it asks for:

- `needs_gate: true`: a person agrees just before the step; `{people: [U…]}`: one of these
- `needs_before: {component: geo.lookup}`: a step of that component, or category, comes before it
- `forbidden_hours: ["22:00-06:00"]`: it is not begun then, by the clocks of the town
- `needs_when: true`: it is done only under a condition
- `forbidden: true`: it is not done
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.components.specs import ComponentSpec

REQUIREMENTS = ("needs_gate", "needs_before", "forbidden_hours", "needs_when", "forbidden")
"""A check asks for one of these."""

NO_TARGET, NO_REQUIREMENT, BAD_HOURS, BAD_TEXT = "no_target", "no_requirement", "bad_hours", "bad_text"
"""The pydantic error types of our own rules."""

MAX_NAMES = 50

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]|24):([0-5][0-9])")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _as_tuple(value: Any) -> Any:
    """One where a list may stand is a list of one."""
    return tuple(value) if isinstance(value, list) else (value,)


def _check_text(value: str) -> str:
    if not value.strip() or _UNPRINTABLE.search(value):
        raise PydanticCustomError(BAD_TEXT, BAD_TEXT)
    return value


def _check_hours(value: str) -> str:
    match = _HOURS.fullmatch(value)
    if match is None or (match[3] == "24" and match[4] != "00") or match[1] + match[2] == match[3] + match[4]:
        raise PydanticCustomError(BAD_HOURS, BAD_HOURS)
    return value


def _as_gate(value: Any) -> Any:
    """`true` is a gate at which anyone may agree who may decide at all."""
    return {} if value is True else value


Name = Annotated[str, Field(max_length=150), AfterValidator(_check_text)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_as_tuple), Field(max_length=MAX_NAMES)]
Hours = Annotated[str, AfterValidator(_check_hours)]
"""From and to on a clock of the town: "22:00-06:00" is over night."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Target(_Strict):
    """Components by their keys, or all of a category."""

    component: Names = ()
    category: Names = ()

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.component and not self.category:
            raise PydanticCustomError(NO_TARGET, NO_TARGET)
        return self

    def covers(self, key: str, spec: ComponentSpec | None) -> bool:
        """Whether a component is meant. One that is not known has no category."""
        if key in self.component:
            return True
        return spec is not None and str(spec.category).casefold() in map(str.casefold, self.category)

    @property
    def names(self) -> list[str]:
        """What it names, as it is written."""
        return [*self.component, *self.category]


class Gate(_Strict):
    """A person has to agree just before the step: one of `people` (Slack ids); none: any who may decide."""

    people: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{2,20}$")], ...],
        BeforeValidator(_as_tuple),
        Field(max_length=MAX_NAMES),
    ] = ()


class Check(Target):
    """One hard rule about the steps that call a component. `passage` is the anchor of what it is a rule of."""

    passage: Name = ""
    needs_gate: Annotated[Gate | None, BeforeValidator(_as_gate)] = None
    needs_before: Target | None = None
    forbidden_hours: Annotated[tuple[Hours, ...], BeforeValidator(_as_tuple), Field(max_length=20)] = ()
    needs_when: bool = False
    forbidden: bool = False

    @model_validator(mode="after")
    def _asks_for_one_thing(self) -> Self:
        if len(list(self.requirements())) != 1:
            raise PydanticCustomError(NO_REQUIREMENT, NO_REQUIREMENT)
        return self

    def requirements(self) -> Iterator[str]:
        """What it asks for: the one member of REQUIREMENTS that says anything."""
        return (name for name in REQUIREMENTS if getattr(self, name) not in (None, (), False))
