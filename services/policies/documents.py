"""Policy documents: Markdown or plain text, read as a whole or not at all, every fault with its line.

In front there may be YAML between two lines of `---`: key, name, effective_from, effective_until. The hard rules
stand in fenced blocks ("```yaml checks"), each about the passage it stands in, or in a file of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.errors import MuddaError
from services.formats.storable import typed
from services.formats.strict_yaml import Node, YamlFaultCode, YamlFaults, read_yaml
from services.policies import checks as rules
from services.policies.checks import Check
from services.policies.contradictions import Conflict, contradictions
from services.policies.sections import ChecksBlock, Passage, outline

MAX_BYTES = 1024 * 1024
MAX_LINES = 50_000
MAX_FRONT_LINES = 50
MAX_CHECKS_BYTES = 128 * 1024
"""Of the YAML of one block or file of checks."""

MAX_PASSAGES = 500
MAX_CHECKS = 200
MAX_NAME_CHARACTERS = 100

KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""What a policy is called where it is typed and cited."""


class PolicyFaultCode(StrEnum):
    """What can be wrong with a policy besides its YAML; the comment after each names what its detail holds."""

    NOT_UTF8 = "not_utf8"
    TOO_LARGE = "too_large"  # limit: in bytes
    TOO_MANY_LINES = "too_many_lines"  # limit
    EMPTY = "empty"
    TOO_MANY_PASSAGES = "too_many_passages"  # passages, limit
    TOO_MANY_CHECKS = "too_many_checks"  # checks, limit
    OPEN_FRONT_MATTER = "open_front_matter"
    BAD_KEY = "bad_key"  # key
    BAD_DATE = "bad_date"  # member
    ENDS_FIRST = "ends_first"
    UNKNOWN_MEMBER = "unknown_member"  # member
    WRONG_TYPE = "wrong_type"  # member, expected
    TOO_LONG = "too_long"  # member, limit
    BAD_TEXT = rules.BAD_TEXT  # member
    BAD_PERSON = "bad_person"  # member
    BAD_HOURS = rules.BAD_HOURS  # member
    NO_TARGET = rules.NO_TARGET
    NO_REQUIREMENT = rules.NO_REQUIREMENT
    NO_PASSAGE = "no_passage"
    UNKNOWN_PASSAGE = "unknown_passage"  # passage
    DEMANDS_FORBIDDEN = "demands_forbidden"  # name, other_policy, other_passage: where it is forbidden
    NOBODY_MAY_AGREE = "nobody_may_agree"  # name, other_policy, other_passage: another rule, which names others
    CIRCLE = "circle"  # name, other_policy, other_passage: another rule that is part of it


@dataclass(frozen=True, slots=True)
class PolicyFault:
    """One fault: its line (from 1), what is wrong, and the facts of the code.

    `in_checks`: the line is one of the file of checks, not of the document.
    """

    line: int
    code: PolicyFaultCode | YamlFaultCode
    detail: Mapping[str, Any] = field(default_factory=dict)
    in_checks: bool = False


class PolicyFaults(MuddaError):
    """A policy with something wrong in it; nothing of it was loaded. `faults` stand by file and line."""

    def __init__(self, faults: Sequence[PolicyFault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.in_checks, fault.line)))
        super().__init__(", ".join(f"line {fault.line}: {fault.code}" for fault in self.faults))


@dataclass(frozen=True, slots=True)
class PlacedCheck:
    """A check, and where it was read."""

    check: Check
    line: int
    in_checks: bool = False


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A policy as its files state it. Both days are those of the town, and it is in force on them too."""

    key: str
    name: str
    source: str
    passages: tuple[Passage, ...]
    checks: tuple[PlacedCheck, ...] = ()
    effective_from: date | None = None
    effective_until: date | None = None


@dataclass(frozen=True, slots=True)
class _Front:
    """What stands in front of a document, and the line that the document itself begins in."""

    members: Mapping[str, str]
    lines: Mapping[str, int]
    first_line: int


def parse_policy(source: bytes, stem: str, checks: bytes | None = None) -> PolicyDocument:
    """Read a policy: the document, and the file of checks beside it if there is one.

    `stem` is what it is called unless it says so itself: the name of its file without the ending. Raises
    PolicyFaults with every fault there is.
    """
    text = _decoded(source)
    faults: list[PolicyFault] = []
    front, body = _front_matter(text, faults)
    cut = outline(body, front.first_line)
    faults += _outline_faults(cut.passages)
    placed = [each for anchor, block in cut.checks for each in _checks_of(block, anchor, faults)]
    if checks is not None:
        placed += _checks_file(checks, faults)
    faults += _check_faults(placed, {passage.anchor for passage in cut.passages})
    key = front.members.get("key") or key_of(stem)
    if not KEY.fullmatch(key):
        faults.append(PolicyFault(front.lines.get("key", 1), PolicyFaultCode.BAD_KEY, {"key": key}))
    begins, ends = (_day(front, name, faults) for name in ("effective_from", "effective_until"))
    if begins and ends and ends < begins:
        faults.append(PolicyFault(front.lines["effective_until"], PolicyFaultCode.ENDS_FIRST))
    if faults:
        raise PolicyFaults(faults)
    name = (front.members.get("name") or cut.title or stem)[:MAX_NAME_CHARACTERS].strip()
    return PolicyDocument(key, name or key, text, cut.passages, tuple(placed), begins, ends)


def key_of(stem: str) -> str:
    """What a policy is called that does not say so itself, by the name of its file without the ending."""
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:64]


def conflicts(
    document: PolicyDocument, others: Sequence[tuple[Check, str]], categories: Mapping[str, str]
) -> Iterator[PolicyFault]:
    """What contradicts the rules of other policies, each of those with the name of its policy.

    `categories` are those of the workspace's components, by key.
    """
    own = len(document.checks)
    every = [*(placed.check for placed in document.checks), *(check for check, _ in others)]
    for found in contradictions(every, categories):
        mine, other = sorted((found.first, found.second))
        if mine < own:
            name = document.name if other < own else others[other - own][1]
            yield _conflict(document.checks[mine], every[other], name, found.conflict, found.name)


def _decoded(source: bytes) -> str:
    if len(source) > MAX_BYTES:
        raise PolicyFaults([PolicyFault(1, PolicyFaultCode.TOO_LARGE, {"limit": MAX_BYTES})])
    try:
        return typed(source.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = 1 + source.count(b"\n", 0, error.start)
        raise PolicyFaults([PolicyFault(line, PolicyFaultCode.NOT_UTF8)]) from None


def _front_matter(text: str, faults: list[PolicyFault]) -> tuple[_Front, str]:
    """The members in front of the document, and the document without them. Raises PolicyFaults."""
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        raise PolicyFaults([PolicyFault(MAX_LINES + 1, PolicyFaultCode.TOO_MANY_LINES, {"limit": MAX_LINES})])
    if lines[0].rstrip() != "---":
        return _Front({}, {}, 1), text
    front = lines[:MAX_FRONT_LINES]
    end = next((index for index, line in enumerate(front) if index and line.rstrip() == "---"), None)
    if end is None:
        faults.append(PolicyFault(1, PolicyFaultCode.OPEN_FRONT_MATTER))
        return _Front({}, {}, 1), ""
    body = "\n".join(lines[end + 1 :])
    root = _yaml("\n".join(lines[1:end]), 1, faults, in_checks=False)
    members = root.content if root is not None and isinstance(root.content, dict) else {}
    if root is not None and root.content is not None and not isinstance(root.content, dict):
        facts = {"member": "", "expected": "mapping"}
        faults.append(PolicyFault(1 + root.line, PolicyFaultCode.WRONG_TYPE, facts))
    said = {name: node.content for name, node in members.items() if isinstance(node.content, str)}
    for name, node in members.items():
        if name not in ("key", "name", "effective_from", "effective_until"):
            faults.append(PolicyFault(1 + node.line, PolicyFaultCode.UNKNOWN_MEMBER, {"member": name[:80]}))
        elif not isinstance(node.content, str):
            facts = {"member": name, "expected": "text"}
            faults.append(PolicyFault(1 + node.line, PolicyFaultCode.WRONG_TYPE, facts))
        elif len(node.content) > MAX_NAME_CHARACTERS:
            limit = {"member": name, "limit": MAX_NAME_CHARACTERS}
            faults.append(PolicyFault(1 + node.line, PolicyFaultCode.TOO_LONG, limit))
    return _Front(said, {name: 1 + node.line for name, node in members.items()}, end + 2), body


def _day(front: _Front, name: str, faults: list[PolicyFault]) -> date | None:
    text = front.members.get(name)
    if text is None:
        return None
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        faults.append(PolicyFault(front.lines[name], PolicyFaultCode.BAD_DATE, {"member": name}))
        return None


def _outline_faults(passages: Sequence[Passage]) -> Iterator[PolicyFault]:
    if not passages:
        yield PolicyFault(1, PolicyFaultCode.EMPTY)
    if len(passages) > MAX_PASSAGES:
        facts = {"passages": len(passages), "limit": MAX_PASSAGES}
        yield PolicyFault(passages[MAX_PASSAGES].line, PolicyFaultCode.TOO_MANY_PASSAGES, facts)


def _checks_of(block: ChecksBlock, anchor: str, faults: list[PolicyFault]) -> Iterator[PlacedCheck]:
    """The checks of a block in the document, which are about the passage it stands in unless they say of which."""
    root = _yaml(block.text, block.line - 1, faults, in_checks=False)
    if root is not None:
        for placed in _listed(root, block.line - 1, faults, in_checks=False):
            passage = placed.check.passage or anchor
            yield PlacedCheck(placed.check.model_copy(update={"passage": passage}), placed.line)


def _checks_file(source: bytes, faults: list[PolicyFault]) -> Iterator[PlacedCheck]:
    """The checks of a file of their own, under its one member `checks`."""
    root = _yaml(source, 0, faults, in_checks=True)
    if root is None:
        return
    members = root.content if isinstance(root.content, dict) else {}
    for name, node in members.items():
        if name != "checks":
            facts = {"member": name[:80]}
            faults.append(PolicyFault(node.line, PolicyFaultCode.UNKNOWN_MEMBER, facts, in_checks=True))
    if "checks" not in members:
        facts = {"member": "checks", "expected": "list"}
        faults.append(PolicyFault(root.line, PolicyFaultCode.WRONG_TYPE, facts, in_checks=True))
        return
    yield from _listed(members["checks"], 0, faults, in_checks=True)


def _yaml(source: str | bytes, offset: int, faults: list[PolicyFault], *, in_checks: bool) -> Node | None:
    try:
        if len(source) <= MAX_CHECKS_BYTES:
            return read_yaml(source)
        limit = {"limit": MAX_CHECKS_BYTES}
        faults.append(PolicyFault(offset + 1, PolicyFaultCode.TOO_LARGE, limit, in_checks))
    except YamlFaults as error:
        faults += [PolicyFault(offset + each.line, each.code, each.detail, in_checks) for each in error.faults]
    return None


def _listed(root: Node, offset: int, faults: list[PolicyFault], *, in_checks: bool) -> Iterator[PlacedCheck]:
    if not isinstance(root.content, list):
        facts = {"member": "checks", "expected": "list"}
        faults.append(PolicyFault(offset + root.line, PolicyFaultCode.WRONG_TYPE, facts, in_checks))
        return
    if len(root.content) > MAX_CHECKS:
        limit = {"checks": len(root.content), "limit": MAX_CHECKS}
        faults.append(PolicyFault(offset + root.line, PolicyFaultCode.TOO_MANY_CHECKS, limit, in_checks))
        return
    for node in root.content:
        try:
            check = Check.model_validate(node.plain())
        except ValidationError as error:
            for details in error.errors(include_url=False, include_input=False):
                line = offset + node.line_of(details["loc"])
                faults.append(PolicyFault(line, *_fault_of(details), in_checks))
        else:
            yield PlacedCheck(check, offset + node.line, in_checks)


_CODES: Mapping[str, PolicyFaultCode] = {
    "extra_forbidden": PolicyFaultCode.UNKNOWN_MEMBER,
    "string_too_long": PolicyFaultCode.TOO_LONG,
    "too_long": PolicyFaultCode.TOO_LONG,
    "string_pattern_mismatch": PolicyFaultCode.BAD_PERSON,
    **{name: PolicyFaultCode(name) for name in (rules.NO_TARGET, rules.NO_REQUIREMENT, rules.BAD_HOURS)},
    rules.BAD_TEXT: PolicyFaultCode.BAD_TEXT,
}
_TYPES: Mapping[str, str] = {"string_type": "text", "bool_type": "bool"}


def _fault_of(details: ErrorDetails) -> tuple[PolicyFaultCode, Mapping[str, Any]]:
    member = ".".join(str(part) for part in details["loc"] if isinstance(part, str))[:80]
    code = _CODES.get(details["type"], PolicyFaultCode.WRONG_TYPE)
    if code is PolicyFaultCode.TOO_LONG:
        return code, {"member": member, "limit": details["ctx"]["max_length"]}
    if code is PolicyFaultCode.WRONG_TYPE:
        return code, {"member": member, "expected": _TYPES.get(details["type"], "mapping")}
    return code, {"member": member} if member else {}


def _check_faults(placed: Sequence[PlacedCheck], anchors: set[str]) -> Iterator[PolicyFault]:
    """What is wrong between the checks and the document, and among the checks."""
    if len(placed) > MAX_CHECKS:
        facts = {"checks": len(placed), "limit": MAX_CHECKS}
        yield PolicyFault(placed[MAX_CHECKS].line, PolicyFaultCode.TOO_MANY_CHECKS, facts, placed[-1].in_checks)
        return
    for each in placed:
        passage = each.check.passage
        if not passage:
            yield PolicyFault(each.line, PolicyFaultCode.NO_PASSAGE, {}, each.in_checks)
        elif passage not in anchors:
            yield PolicyFault(each.line, PolicyFaultCode.UNKNOWN_PASSAGE, {"passage": passage}, each.in_checks)
    for found in contradictions([each.check for each in placed], {}):
        mine, other = placed[found.first], placed[found.second].check
        yield _conflict(mine, other, "", found.conflict, found.name)


_CONFLICTS: Mapping[Conflict, PolicyFaultCode] = {
    Conflict.FORBIDDEN: PolicyFaultCode.DEMANDS_FORBIDDEN,
    Conflict.CIRCLE: PolicyFaultCode.CIRCLE,
    Conflict.NOBODY: PolicyFaultCode.NOBODY_MAY_AGREE,
}


def _conflict(mine: PlacedCheck, other: Check, policy: str, conflict: Conflict, name: str) -> PolicyFault:
    code = _CONFLICTS[conflict]
    facts = {"name": name, "other_policy": policy, "other_passage": other.passage}
    return PolicyFault(mine.line, code, facts, mine.in_checks)
