"""Reading YAML that somebody else wrote: plain values, the line of each, and every fault with its line.

PyYAML's loaders won't do. They keep the last of two equal keys and say nothing, read `no` and `12:30` as a
truth value and a number, and build whatever a file of aliases asks for. So only the parser is PyYAML's;
its events are put together here, words as YAML 1.2 reads them, and within limits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

import yaml

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 64
MAX_ALIASES = 1_000
# Nine aliases of nine aliases of … stay small in the file; this bounds what they stand for, in characters.
MAX_EXPANDED = 4 * MAX_BYTES

Scalar = str | int | float | bool | None

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_MAX_DIGITS = 300
# PostgreSQL's text holds no NUL, and UTF-8 no half of a surrogate pair; "\0" and "\ud800" are valid YAML.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TAG = "tag:yaml.org,2002:"


class YamlFaultCode(StrEnum):
    """What can be wrong with a file before anybody looks at what it says."""

    NOT_UTF8 = "not_utf8"
    NOT_YAML = "not_yaml"
    FILE_TOO_LARGE = "file_too_large"
    TOO_DEEP = "too_deep"
    TOO_MANY_ALIASES = "too_many_aliases"
    EXPANDS_TOO_FAR = "expands_too_far"
    RECURSIVE_ALIAS = "recursive_alias"
    DUPLICATE_MEMBER = "duplicate_member"
    MEMBER_NOT_TEXT = "member_not_text"
    UNKNOWN_TAG = "unknown_tag"
    BAD_NUMBER = "bad_number"
    BAD_CHARACTER = "bad_character"


@dataclass(frozen=True, slots=True)
class YamlFault:
    """One fault: its line (from 1), its code and the facts that belong to the code."""

    line: int
    code: YamlFaultCode
    detail: Mapping[str, Any] = field(default_factory=dict)


class YamlFaults(ValueError):
    """All faults of one file, in the order of their lines."""

    def __init__(self, faults: Sequence[YamlFault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line))
        super().__init__(", ".join(f"line {fault.line}: {fault.code}" for fault in self.faults))


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it begins; for a member of a mapping, the line of its key.

    `size` and `depth` count what aliases stand for, too.
    """

    line: int
    content: Scalar | list[Node] | dict[str, Node]
    size: int = 1
    depth: int = 1

    def plain(self) -> Any:
        """The value itself: dicts, lists, text, numbers, truth values and None."""
        if isinstance(self.content, dict):
            return {key: child.plain() for key, child in self.content.items()}
        if isinstance(self.content, list):
            return [child.plain() for child in self.content]
        return self.content

    def line_of(self, path: Sequence[str | int]) -> int:
        """The line of what stands at `path`, or of the innermost thing around it that is there."""
        node = self
        for part in path:
            match node.content:
                case dict() as members if part in members:
                    node = members[str(part)]
                case list() as items if isinstance(part, int) and part < len(items):
                    node = items[part]
                case _:
                    break
        return node.line


def read_yaml(source: str | bytes) -> Node:
    """Read one YAML document. Raises YamlFaults."""
    try:
        data = source.encode() if isinstance(source, str) else source
        if len(data) > MAX_BYTES:
            raise YamlFaults([YamlFault(1, YamlFaultCode.FILE_TOO_LARGE, {"limit": MAX_BYTES})])
        text = data.decode("utf-8-sig")
    except UnicodeError:
        raise YamlFaults([YamlFault(1, YamlFaultCode.NOT_UTF8)]) from None
    return _Composer(text).compose()


def plain_word(text: str) -> Scalar:
    """What a word without quotes stands for in YAML 1.2. Raises OverflowError for a number beyond all bounds."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if not _FLOAT.fullmatch(text):
        return text
    if len(text) > _MAX_DIGITS or not math.isfinite(float(text)):
        raise OverflowError(text[:_MAX_DIGITS])
    return int(text) if _INT.fullmatch(text) else float(text)


class _Composer:
    """Puts the parser's events together, one document's worth."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._faults: list[YamlFault] = []
        self._anchors: dict[str, Node | None] = {}
        self._aliases = 0
        self._depth = 0

    def compose(self) -> Node:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        events: Iterator[yaml.Event] = yaml.parse(self._text, Loader=loader)
        try:
            node = self._document(events)
        except yaml.YAMLError as error:
            self._faults.append(_syntax_fault(error, self._text))
        if self._faults:
            raise YamlFaults(self._faults)
        return node

    def _document(self, events: Iterator[yaml.Event]) -> Node:
        next(events)  # the start of the stream
        if isinstance(next(events), yaml.StreamEndEvent):
            return Node(1, None)
        node = self._node(next(events), events)
        next(events)  # the end of the document
        after = next(events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._fault(after, YamlFaultCode.NOT_YAML, problem="a second document begins here")
        return node

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event]) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        assert isinstance(event, yaml.NodeEvent)  # noqa: S101 - the grammar has nothing else here
        anchor = event.anchor
        if anchor is not None:
            self._anchors[anchor] = None
        node = self._scalar(event) if isinstance(event, yaml.ScalarEvent) else self._collection(event, events)
        if node.size > MAX_EXPANDED:
            self._stop(event, YamlFaultCode.EXPANDS_TOO_FAR, limit=MAX_EXPANDED)
        if node.depth > MAX_DEPTH:
            self._stop(event, YamlFaultCode.TOO_DEEP, limit=MAX_DEPTH)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _alias(self, event: yaml.AliasEvent) -> Node:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            self._stop(event, YamlFaultCode.TOO_MANY_ALIASES, limit=MAX_ALIASES)
        if event.anchor not in self._anchors:
            self._stop(event, YamlFaultCode.NOT_YAML, problem=f"there is no anchor &{event.anchor}")
        target = self._anchors[event.anchor]
        if target is None:
            self._stop(event, YamlFaultCode.RECURSIVE_ALIAS, anchor=event.anchor)
        return Node(_line(event), target.content, target.size, target.depth)

    def _collection(self, event: yaml.NodeEvent, events: Iterator[yaml.Event]) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._stop(event, YamlFaultCode.TOO_DEEP, limit=MAX_DEPTH)
        if isinstance(event, yaml.MappingStartEvent):
            self._check_tag(event, event.tag, "map")
            node = _mapping(_line(event), self._members(events))
        else:
            assert isinstance(event, yaml.SequenceStartEvent)  # noqa: S101 - the one kind that is left
            self._check_tag(event, event.tag, "seq")
            node = _sequence(_line(event), self._items(events))
        self._depth -= 1
        return node

    def _items(self, events: Iterator[yaml.Event]) -> list[Node]:
        items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events))
        return items

    def _members(self, events: Iterator[yaml.Event]) -> dict[str, Node]:
        members: dict[str, Node] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event, events)
            value = self._node(next(events), events)
            if key in members:
                self._fault(event, YamlFaultCode.DUPLICATE_MEMBER, member=key, first_line=members[key].line)
            else:
                members[key] = Node(_line(event), value.content, value.size, value.depth)
        return members

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event]) -> str:
        node = self._node(event, events)
        if isinstance(node.content, (list, dict)):
            self._fault(event, YamlFaultCode.MEMBER_NOT_TEXT)
            return ""
        # JSON's keys are text: `404:` is the member "404", however YAML reads the word elsewhere.
        return event.value if isinstance(event, yaml.ScalarEvent) else str(node.content)

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        text: str = event.value
        content: Scalar = text
        if _UNSTORABLE.search(text):
            self._fault(event, YamlFaultCode.BAD_CHARACTER)
        elif event.tag not in (None, "!", _TAG + "str"):
            self._fault(event, YamlFaultCode.UNKNOWN_TAG, tag=event.tag)
        elif event.tag is None and event.implicit[0]:
            content = self._word(event, text)
        return Node(_line(event), content, 1 + len(text))

    def _word(self, event: yaml.Event, text: str) -> Scalar:
        """What a word without quotes stands for."""
        try:
            return plain_word(text)
        except OverflowError:
            self._fault(event, YamlFaultCode.BAD_NUMBER)
            return 0

    def _check_tag(self, event: yaml.Event, tag: str | None, allowed: str) -> None:
        if tag not in (None, "!", _TAG + allowed):
            self._fault(event, YamlFaultCode.UNKNOWN_TAG, tag=tag)

    def _fault(self, event: yaml.Event, code: YamlFaultCode, **detail: Any) -> None:
        self._faults.append(YamlFault(_line(event), code, detail))

    def _stop(self, event: yaml.Event, code: YamlFaultCode, **detail: Any) -> NoReturn:
        """Give up here: what follows can't be read, or must not be."""
        self._fault(event, code, **detail)
        raise YamlFaults(self._faults)


def _mapping(line: int, members: dict[str, Node]) -> Node:
    size = 1 + sum(len(key) + child.size for key, child in members.items())
    return Node(line, members, size, 1 + max((child.depth for child in members.values()), default=0))


def _sequence(line: int, items: list[Node]) -> Node:
    size = 1 + sum(child.size for child in items)
    return Node(line, items, size, 1 + max((child.depth for child in items), default=0))


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return 1 if mark is None else mark.line + 1


def _syntax_fault(error: yaml.YAMLError, text: str) -> YamlFault:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        return YamlFault(line, YamlFaultCode.NOT_YAML, {"problem": error.problem or error.context or ""})
    if isinstance(error, yaml.reader.ReaderError):
        # Its position counts bytes or characters, depending on the parser.
        found = yaml.reader.Reader.NON_PRINTABLE.search(text)
        return YamlFault(1 + text.count("\n", 0, found.start() if found else 0), YamlFaultCode.BAD_CHARACTER)
    return YamlFault(1, YamlFaultCode.NOT_YAML, {"problem": str(error)})
