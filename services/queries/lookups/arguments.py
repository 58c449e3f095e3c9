"""The arguments of look-ups: texts from the model become typed values, or what is wrong with them is said."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.queries.lookups.rows import Scope

ME = "me"
"""Whoever asks."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
PersonId = Annotated[str, StringConstraints(pattern=r"^([UW][A-Z0-9]{1,20}|me)$")]


def _number(value: Any) -> Any:
    return value.lstrip("# ") if isinstance(value, str) else value


PlanNumber = Annotated[int, BeforeValidator(_number), Field(ge=1, le=999_999_999)]


class Arguments(BaseModel):
    """What a look-up takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoArguments(Arguments):
    """A look-up that takes nothing."""


class Words(Arguments):
    """A look-up by words."""

    text: Text | None = Field(None, description="words that must be there")


class Period(Arguments):
    """A look-up of what happened between two days, both included; none is no bound."""

    since: date | None = Field(None, description="the first day, such as 2026-11-01")
    until: date | None = Field(None, description="the last day")

    def begins(self, scope: Scope) -> datetime | None:
        """The first moment of the first day where the town is."""
        return None if self.since is None else _midnight(self.since, scope)

    def ends(self, scope: Scope) -> datetime | None:
        """The first moment after the last day."""
        if self.until is None or self.until >= date.max:
            return None
        return _midnight(self.until + timedelta(days=1), scope)


def person(named: str | None, scope: Scope) -> str | None:
    """The Slack id that is meant."""
    return scope.asker if named == ME else named


def _midnight(day: date, scope: Scope) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(scope.time_zone))
