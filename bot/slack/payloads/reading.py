"""What every parser reads with: forms that a value must have, and one error for all that is malformed.

What has not the form raises MalformedPayload rather than surface somewhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from bot.errors import MalformedPayload
from services.formats.storable import typed
from services.jobs import AnswerFile

Body = Mapping[str, Any]
R = TypeVar("R")
_NAME = 255

TEAM = re.compile(r"[TE][A-Z0-9]{1,20}")
USER = re.compile(r"[UW][A-Z0-9]{1,20}")
CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,20}")
TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
KEY = re.compile(r"[!-~]{1,255}")
URL = re.compile(r"https?://[!-~]{1,2000}")


def parser(function: Callable[[Body], R]) -> Callable[[Body], R]:
    """A parser whose every failure to find or read a member is a MalformedPayload."""

    @wraps(function)
    def parse(body: Body) -> R:
        try:
            return function(body)
        except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise MalformedPayload(f"{function.__name__}: {type(error).__name__}") from error

    return parse


def matching(form: re.Pattern[str], value: Any) -> str:
    """A value that has the form of what it should be. Raises ValueError: what is kept must be of use later."""
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ValueError(f"not of the form {form.pattern}")
    return value


def if_given(form: re.Pattern[str], value: Any) -> str | None:
    """The same, or None where there is nothing."""
    return matching(form, value) if value else None


def text(value: Any) -> str:
    """What a person typed or chose; empty where there is nothing."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("not a text")
    return typed(value)


def file_of(file: Body) -> AnswerFile:
    """A file as Slack describes it, without the addresses that only a token opens."""
    permalink = text(file.get("permalink"))
    return AnswerFile(
        id=matching(KEY, file["id"]),
        name=text(file.get("name") or file["id"])[:_NAME],
        mimetype=text(file.get("mimetype")),
        permalink=permalink if permalink.startswith("https://") else "",
    )
