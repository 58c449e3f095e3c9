"""Why a member of a component is refused: codes, facts, and the error by which pydantic hears of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic_core import PydanticCustomError


class DefinitionFaultCode(StrEnum):
    """What can be wrong with a component."""

    UNKNOWN_MEMBER = "unknown_member"
    MISSING_MEMBER = "missing_member"
    WRONG_TYPE = "wrong_type"
    NOT_ALLOWED = "not_allowed"
    OUT_OF_RANGE = "out_of_range"
    TOO_LONG = "too_long"
    BLANK = "blank"
    CONTROL_CHARACTER = "control_character"
    BAD_KEY = "bad_key"
    RESERVED_KEY = "reserved_key"
    BAD_URL = "bad_url"
    URL_SCHEME = "url_scheme"
    URL_USERINFO = "url_userinfo"
    URL_FRAGMENT = "url_fragment"
    PLACEHOLDER_OUTSIDE_PATH = "placeholder_outside_path"
    PLACEHOLDER_UNDECLARED = "placeholder_undeclared"
    PATH_PARAM_UNUSED = "path_param_unused"
    PATH_PARAM_OPTIONAL = "path_param_optional"
    BAD_SCHEMA = "bad_schema"
    REMOTE_REFERENCE = "remote_reference"
    DANGLING_REFERENCE = "dangling_reference"
    CIRCULAR_REFERENCE = "circular_reference"
    BAD_ORIGIN = "bad_origin"
    ORIGIN_NOT_FOLLOWED = "origin_not_followed"
    BAD_HEADER = "bad_header"
    RESERVED_HEADER = "reserved_header"
    BAD_TEMPLATE = "bad_template"
    NOT_ONE_OPERATION = "not_one_operation"
    SUBSCRIPTION = "subscription"
    NOT_A_VARIABLE = "not_a_variable"
    LITERAL_SECRET = "literal_secret"  # noqa: S105 - the name of a fault


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason to refuse a member: where in it (the path from the member), and the facts of the code."""

    code: DefinitionFaultCode
    path: tuple[str | int, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)


REFUSED = "refused"
"""The pydantic error type of our own rules; its context has `refusals`, since there may be several."""


def refuse(refusals: Iterable[Refusal]) -> None:
    """Raise what a validator raises, if there is anything to refuse."""
    found = tuple(refusals)
    if found:
        raise PydanticCustomError(REFUSED, REFUSED, {"refusals": found})
