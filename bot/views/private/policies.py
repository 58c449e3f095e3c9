"""What is wrong with the files of a policy, in words: for whoever loads one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.languages import N_, Sentence, _
from bot.views.kit.text import join, one_line
from bot.views.private.yaml_faults import YAML_SENTENCES
from services.formats.strict_yaml import YamlFaultCode
from services.policies.checks import REQUIREMENTS
from services.policies.documents import PolicyFault
from services.policies.documents import PolicyFaultCode as Code

MOST = 40
"""So many faults are told; the others are counted."""

_TYPES: Mapping[str, Sentence] = {
    "text": N_("must be text (in quotes, if it looks like something else)"),
    "bool": N_("must be true or false"),
    "mapping": N_("must be a mapping of names to values"),
    "list": N_("must be a list"),
}
_OTHER_TYPE = N_("must be {type}")


def policy_faults(faults: tuple[PolicyFault, ...], document: str, checks: str) -> list[str]:
    """A line for each fault, with the file that it is in and the line there; the files are called as given."""
    told = [
        f"{checks if fault.in_checks else document}:{fault.line}: {sentence(fault)}" for fault in faults[:MOST]
    ]
    return [*told, _("…and {count} more", count=len(faults) - MOST)] if len(faults) > MOST else told


def sentence(fault: PolicyFault) -> str:
    """A fault in words, as plain text."""
    words = _SENTENCES[fault.code](fault.detail)
    member = one_line(str(fault.detail.get("member", "")))
    text = f"{member}: {words}" if member else words[:1].upper() + words[1:]
    # A faulty file may hold anything, and what is printed must not move the cursor.
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _other(detail: Mapping[str, Any]) -> str:
    """The other rule of two that contradict each other."""
    policy, passage = detail.get("other_policy"), detail["other_passage"]
    if policy:
        return _("“{policy}”, passage {passage}", policy=policy, passage=passage)
    return _("passage {passage}", passage=passage)


def _pair(sentence: str, detail: Mapping[str, Any]) -> str:
    """A sentence about two rules that contradict each other, and what they are about."""
    return _(sentence, name=one_line(detail["name"]), other=_other(detail))


_SENTENCES: Mapping[Code | YamlFaultCode, Callable[[Mapping[str, Any]], str]] = {
    **YAML_SENTENCES,
    Code.NOT_UTF8: lambda _d: _("the file is not UTF-8"),
    Code.TOO_LARGE: lambda d: _("there is more here than {size} KiB; split it", size=d["limit"] // 1024),
    Code.TOO_MANY_LINES: lambda d: _("the file has more than {limit} lines; split it", limit=d["limit"]),
    Code.EMPTY: lambda _d: _("there is no text in this policy"),
    Code.TOO_MANY_PASSAGES: lambda d: _(
        "there are {passages} passages, and at most {limit}; split it", passages=d["passages"], limit=d["limit"]
    ),
    Code.TOO_MANY_CHECKS: lambda d: _(
        "there are {checks} checks, and at most {limit}; split it", checks=d["checks"], limit=d["limit"]
    ),
    Code.OPEN_FRONT_MATTER: lambda _d: _("what begins with --- here must end with a line of --- too, soon after"),
    Code.BAD_KEY: lambda _d: _(
        "a policy's key is 1 to 64 of a-z, 0-9, “_”, “.” and “-”, a letter or digit first; "
        "write “key: …” between lines of --- at the top, where the name of the file gives none"
    ),
    Code.BAD_DATE: lambda _d: _("must be a day, such as 2026-11-25"),
    Code.ENDS_FIRST: lambda _d: _("the policy ends before it begins"),
    Code.UNKNOWN_MEMBER: lambda _d: _("there is no such member"),
    Code.WRONG_TYPE: lambda d: _(_TYPES.get(d["expected"], _OTHER_TYPE), type=d["expected"]),
    Code.TOO_LONG: lambda d: _("this is longer than {limit}", limit=d["limit"]),
    Code.BAD_TEXT: lambda _d: _("must be one line, and not empty"),
    Code.BAD_PERSON: lambda _d: _("people are named by their Slack ids, such as U0MARCO001"),
    Code.BAD_HOURS: lambda _d: _("must be hours such as 22:00-06:00"),
    Code.NO_TARGET: lambda _d: _("there must be a component or a category here"),
    Code.NO_REQUIREMENT: lambda _d: _(
        "a check asks for one thing: {kinds}", kinds=join(REQUIREMENTS, most=len(REQUIREMENTS), last="or")
    ),
    Code.NO_PASSAGE: lambda _d: _("a check names the passage that it is a rule of, unless it stands in one"),
    Code.UNKNOWN_PASSAGE: lambda d: _(
        "the policy has no passage “{passage}” with words of its own", passage=one_line(d["passage"])
    ),
    Code.DEMANDS_FORBIDDEN: lambda d: _pair(
        N_("“{name}” is demanded by one rule and forbidden by another: this one, and {other}"), d
    ),
    Code.NOBODY_MAY_AGREE: lambda d: _pair(
        N_("nobody could agree to “{name}”: this rule and that of {other} name other people"), d
    ),
    Code.CIRCLE: lambda d: _pair(N_("“{name}” would have to come before itself: by this rule, and by {other}"), d),
}
