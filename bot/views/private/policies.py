"""What is wrong with the files of a policy, in words: for whoever loads one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.views.kit.text import one_line
from bot.views.private.yaml_faults import YAML_SENTENCES
from services.formats.strict_yaml import YamlFaultCode
from services.policies.checks import REQUIREMENTS
from services.policies.documents import PolicyFault
from services.policies.documents import PolicyFaultCode as Code

MOST = 40
"""So many faults are told; the others are counted."""

_TYPES = {
    "text": "text (in quotes, if it looks like something else)",
    "bool": "true or false",
    "mapping": "a mapping of names to values",
    "list": "a list",
}
_KINDS = ", ".join(REQUIREMENTS[:-1]) + f" or {REQUIREMENTS[-1]}"


def policy_faults(faults: tuple[PolicyFault, ...], document: str, checks: str) -> list[str]:
    """A line for each fault, with the file that it is in and the line there; the files are called as given."""
    told = [
        f"{checks if fault.in_checks else document}:{fault.line}: {sentence(fault)}" for fault in faults[:MOST]
    ]
    return [*told, f"…and {len(faults) - MOST:,} more"] if len(faults) > MOST else told


def sentence(fault: PolicyFault) -> str:
    """A fault in words, as plain text."""
    words = _SENTENCES[fault.code](fault.detail)
    member = one_line(str(fault.detail.get("member", "")))
    text = f"{member}: {words}" if member else words[:1].upper() + words[1:]
    # A faulty file may hold anything, and what is printed must not move the cursor.
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _other(detail: Mapping[str, Any]) -> str:
    """The other rule of two that contradict each other."""
    policy = detail.get("other_policy")
    where = f"passage {detail['other_passage']}"
    return f"“{policy}”, {where}" if policy else where


_SENTENCES: Mapping[Code | YamlFaultCode, Callable[[Mapping[str, Any]], str]] = {
    **YAML_SENTENCES,
    Code.NOT_UTF8: lambda _: "the file is not UTF-8",
    Code.TOO_LARGE: lambda d: f"there is more here than {d['limit'] // 1024:,} KiB; split it",
    Code.TOO_MANY_LINES: lambda d: f"the file has more than {d['limit']:,} lines; split it",
    Code.EMPTY: lambda _: "there is no text in this policy",
    Code.TOO_MANY_PASSAGES: lambda d: f"there are {d['passages']:,} passages, and at most {d['limit']}; split it",
    Code.TOO_MANY_CHECKS: lambda d: f"there are {d['checks']:,} checks, and at most {d['limit']}; split it",
    Code.OPEN_FRONT_MATTER: lambda _: "what begins with --- here must end with a line of --- too, soon after",
    Code.BAD_KEY: lambda _: (
        "a policy's key is 1 to 64 of a-z, 0-9, “_”, “.” and “-”, a letter or digit first; "
        "write “key: …” between lines of --- at the top, where the name of the file gives none"
    ),
    Code.BAD_DATE: lambda _: "must be a day, such as 2026-11-25",
    Code.ENDS_FIRST: lambda _: "the policy ends before it begins",
    Code.UNKNOWN_MEMBER: lambda _: "there is no such member",
    Code.WRONG_TYPE: lambda d: f"must be {_TYPES.get(d['expected'], d['expected'])}",
    Code.TOO_LONG: lambda d: f"this is longer than {d['limit']:,}",
    Code.BAD_TEXT: lambda _: "must be one line, and not empty",
    Code.BAD_PERSON: lambda _: "people are named by their Slack ids, such as U0MARCO001",
    Code.BAD_HOURS: lambda _: "must be hours such as 22:00-06:00",
    Code.NO_TARGET: lambda _: "there must be a component or a category here",
    Code.NO_REQUIREMENT: lambda _: f"a check asks for one thing: {_KINDS}",
    Code.NO_PASSAGE: lambda _: "a check names the passage that it is a rule of, unless it stands in one",
    Code.UNKNOWN_PASSAGE: lambda d: f"the policy has no passage “{one_line(d['passage'])}” with words of its own",
    Code.DEMANDS_FORBIDDEN: lambda d: (
        f"“{one_line(d['name'])}” is demanded by one rule and forbidden by another: this one, and {_other(d)}"
    ),
    Code.NOBODY_MAY_AGREE: lambda d: (
        f"nobody could agree to “{one_line(d['name'])}”: this rule and that of {_other(d)} name other people"
    ),
    Code.CIRCLE: lambda d: (
        f"“{one_line(d['name'])}” would have to come before itself: by this rule, and by {_other(d)}"
    ),
}
