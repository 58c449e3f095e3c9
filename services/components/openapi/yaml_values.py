"""YAML of up to 8 MB as a JSON value: read by the C parser, words as YAML 1.2 has them, aliases counted.

`services.formats.strict_yaml` names the line of every fault and is ten times slower: packs are small, and people
write them by hand. Nobody mends the document of an API by its lines.
"""

from __future__ import annotations

from typing import Any

import yaml

from services.components.openapi.model import DocumentFaultCode, DocumentRefused
from services.formats.strict_yaml import plain_word

MAX_VALUES = 2_000_000
"""Values that a document stands for, those behind aliases counted each time."""

MAX_DEPTH = 100

_TAG = "tag:yaml.org,2002:"
_PLAIN = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value"))


def yaml_value(text: str) -> Any:
    """The value of one YAML document. Raises DocumentRefused."""
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise DocumentRefused(DocumentFaultCode.NOT_YAML, line=line, problem=error.problem or "") from None
    except yaml.YAMLError as error:
        raise DocumentRefused(DocumentFaultCode.NOT_YAML, line=1, problem=str(error)[:100]) from None
    return _Values().of(root, 0)[0] if root is not None else None


class _Values:
    """Makes values of nodes. What several aliases stand for is made once, and counted each time."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()

    def of(self, node: yaml.Node, depth: int) -> tuple[Any, int]:
        """The value of a node, and how many values are in it."""
        made = self._made.get(id(node))
        if made is None:
            if id(node) in self._open or depth > MAX_DEPTH:
                raise DocumentRefused(DocumentFaultCode.TOO_DEEP, line=_line(node))
            self._open.add(id(node))
            made = self._made[id(node)] = self._new(node, depth + 1)
            self._open.discard(id(node))
        if made[1] > MAX_VALUES:
            raise DocumentRefused(DocumentFaultCode.EXPANDS_TOO_FAR, line=_line(node), limit=MAX_VALUES)
        return made

    def _new(self, node: yaml.Node, depth: int) -> tuple[Any, int]:
        if isinstance(node, yaml.ScalarNode):
            return _word(node), 1
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            pairs = [self.of(item, depth) for item in node.value]
            return [value for value, _ in pairs], 1 + sum(size for _, size in pairs)
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, depth)
        raise DocumentRefused(DocumentFaultCode.UNKNOWN_TAG, line=_line(node), tag=str(node.tag)[:100])

    def _mapping(self, node: yaml.MappingNode, depth: int) -> tuple[dict[str, Any], int]:
        own: dict[str, Any] = {}
        inherited: dict[str, Any] = {}
        size = 1
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise DocumentRefused(DocumentFaultCode.NOT_YAML, line=_line(key), problem="a name must be text")
            value, inner = self.of(item, depth)
            size += inner
            if key.tag == _TAG + "merge":
                for each in value if isinstance(value, list) else [value]:
                    inherited = {**(each if isinstance(each, dict) else {}), **inherited}
            elif key.value in own:
                raise DocumentRefused(DocumentFaultCode.DUPLICATE_MEMBER, line=_line(key), member=key.value[:100])
            else:
                own[key.value] = value
        return {**inherited, **own}, size


def _word(node: yaml.ScalarNode) -> Any:
    if node.tag not in _PLAIN:
        raise DocumentRefused(DocumentFaultCode.UNKNOWN_TAG, line=_line(node), tag=str(node.tag)[:100])
    text: str = node.value
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise DocumentRefused(
            DocumentFaultCode.NOT_YAML, line=_line(node), problem="a character that can't be kept"
        )
    if node.style or node.tag == _TAG + "str":
        return text if node.style else _plain(text)
    return _plain(text)


def _plain(text: str) -> Any:
    try:
        return plain_word(text)
    except OverflowError:
        return text


def _line(node: yaml.Node) -> int:
    return 1 if node.start_mark is None else int(node.start_mark.line) + 1
