"""Component packs: files of components, read as a whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.components.definitions import ComponentDefinition, placeholder_refusals
from services.components.refusals import REFUSED, DefinitionFaultCode, Refusal
from services.errors import MuddaError
from services.formats.strict_yaml import Node, YamlFaultCode, YamlFaults, read_yaml


class PackFaults(MuddaError):
    """A component pack with something wrong in it; nothing of it was loaded. `faults` stand by line."""

    def __init__(self, faults: Sequence[PackFault]) -> None:
        super().__init__(", ".join(f"line {fault.line}: {fault.code}" for fault in faults))
        self.faults = tuple(faults)


class PackFaultCode(StrEnum):
    """What can be wrong with a pack besides its YAML and its components."""

    NOT_A_PACK = "not_a_pack"
    EMPTY_PACK = "empty_pack"
    DUPLICATE_KEY = "duplicate_key"


@dataclass(frozen=True, slots=True)
class PackFault:
    """One fault: its line in the file (from 1), where it is ("components[2].auth.token"), and what is wrong.

    `component` is the key of the component that it belongs to, as written, where there is one. `detail` holds
    the facts of the code: `expected`, `allowed`, `minimum`, `maximum`, `limit`, `first_line`, `problem`, ….
    """

    line: int
    member: str
    code: YamlFaultCode | DefinitionFaultCode | PackFaultCode
    detail: Mapping[str, Any] = field(default_factory=dict)
    component: str | None = None


_Path = tuple[str | int, ...]

# Pydantic's words for what is wrong, and ours; its others are all about a type.
_CODES: Mapping[str, DefinitionFaultCode] = {
    "missing": DefinitionFaultCode.MISSING_MEMBER,
    "union_tag_not_found": DefinitionFaultCode.MISSING_MEMBER,
    "extra_forbidden": DefinitionFaultCode.UNKNOWN_MEMBER,
    "literal_error": DefinitionFaultCode.NOT_ALLOWED,
    "enum": DefinitionFaultCode.NOT_ALLOWED,
    "union_tag_invalid": DefinitionFaultCode.NOT_ALLOWED,
    "string_too_long": DefinitionFaultCode.TOO_LONG,
    "too_short": DefinitionFaultCode.OUT_OF_RANGE,
    "too_long": DefinitionFaultCode.OUT_OF_RANGE,
    "greater_than_equal": DefinitionFaultCode.OUT_OF_RANGE,
    "less_than_equal": DefinitionFaultCode.OUT_OF_RANGE,
}
_FACTS: Mapping[str, str] = {
    "expected": "allowed",
    "expected_tags": "allowed",
    "max_length": "limit",
    "min_length": "minimum",
    "ge": "minimum",
    "le": "maximum",
}
_TYPES: Mapping[str, str] = {
    "string_type": "text",
    "bool_type": "bool",
    "int_type": "integer",
    "float_type": "number",
    "dict_type": "mapping",
    "model_type": "mapping",
    "model_attributes_type": "mapping",
}


def parse_pack(source: str | bytes) -> tuple[ComponentDefinition, ...]:
    """Read a pack (UTF-8, at most 2 MiB). Raises PackFaults with every fault there is, by line."""
    try:
        root = read_yaml(source)
    except YamlFaults as error:
        raise PackFaults([PackFault(f.line, "", f.code, f.detail) for f in error.faults]) from None
    faults = list(_pack_faults(root))
    definitions = []
    for index, node in enumerate(_components(root)):
        try:
            definitions.append(ComponentDefinition.model_validate(node.plain()))
        except ValidationError as error:
            faults.extend(_component_faults(node, index, error))
        else:
            faults.extend(_uncallable(node, index, definitions[-1]))
    if faults:
        raise PackFaults(sorted(_once(faults), key=lambda fault: (fault.line, fault.member)))
    return tuple(definitions)


def _components(root: Node) -> list[Node]:
    components = root.content.get("components") if isinstance(root.content, dict) else None
    return components.content if components is not None and isinstance(components.content, list) else []


def _pack_faults(root: Node) -> Iterator[PackFault]:
    """What is wrong between the components, or around them."""
    if not isinstance(root.content, dict):
        yield PackFault(root.line, "", PackFaultCode.NOT_A_PACK)
        return
    for name, member in root.content.items():
        if name != "components":
            yield PackFault(member.line, name, DefinitionFaultCode.UNKNOWN_MEMBER)
        elif not isinstance(member.content, list):
            yield PackFault(member.line, name, DefinitionFaultCode.WRONG_TYPE, {"expected": "list"})
        elif not member.content:
            yield PackFault(member.line, name, PackFaultCode.EMPTY_PACK)
    if "components" not in root.content:
        yield PackFault(root.line, "components", DefinitionFaultCode.MISSING_MEMBER)
    yield from _duplicates(_components(root))


def _duplicates(nodes: Iterable[Node]) -> Iterator[PackFault]:
    seen: dict[str, int] = {}
    for index, node in enumerate(nodes):
        key = _key(node)
        line = node.line_of(("key",))
        if key is not None and key in seen:
            facts = {"first_line": seen[key]}
            yield PackFault(line, f"components[{index}].key", PackFaultCode.DUPLICATE_KEY, facts, key)
        elif key is not None:
            seen[key] = line


def _key(node: Node) -> str | None:
    key = node.content.get("key") if isinstance(node.content, dict) else None
    return key.content if key is not None and isinstance(key.content, str) else None


def _component_faults(node: Node, index: int, error: ValidationError) -> Iterator[PackFault]:
    for details in error.errors(include_url=False, include_input=False):
        if details["type"] == "default_factory_not_called":
            continue  # no fault of this member: what its default depends on has one
        for path, code, facts in _refusals(details):
            yield _fault(node, index, path, code, facts)
    # Pydantic gets as far as this only where all else about the parameters is right.
    for refusal in _placeholder_refusals(node):
        yield _fault(node, index, ("path_params", *refusal.path), refusal.code, refusal.detail)


def _uncallable(node: Node, index: int, definition: ComponentDefinition) -> Iterator[PackFault]:
    """What a new component of its kind must say. Components of old may lack it: they can't be called."""
    member = {"GRAPHQL": "graphql", "RPC": "rpc_method"}.get(definition.type)
    if member is not None and not getattr(definition, member):
        yield _fault(node, index, (member,), DefinitionFaultCode.MISSING_MEMBER, {})


def _placeholder_refusals(node: Node) -> Iterator[Refusal]:
    members = node.plain()
    if isinstance(members, dict):
        url, params = members.get("endpoint_url"), members.get("path_params", {})
        if isinstance(url, str) and isinstance(params, dict):
            yield from placeholder_refusals(url, params)


def _refusals(details: ErrorDetails) -> Iterator[tuple[_Path, DefinitionFaultCode, Mapping[str, Any]]]:
    path, kind, context = _path(details), details["type"], details.get("ctx", {})
    if kind == REFUSED:
        refusals: tuple[Refusal, ...] = context["refusals"]
        for refusal in refusals:
            yield (*path, *refusal.path), refusal.code, refusal.detail
    elif kind in _CODES:
        yield path, _CODES[kind], {_FACTS[name]: value for name, value in context.items() if name in _FACTS}
    else:
        yield path, DefinitionFaultCode.WRONG_TYPE, {"expected": _TYPES.get(kind, kind)}


def _path(details: ErrorDetails) -> _Path:
    """Where the fault is in the file; pydantic's own way there also names union members and keys."""
    path = tuple(part for part in details["loc"] if part != "[key]")
    if details["type"].startswith("union_tag_"):
        return (*path, "type")
    return (path[0], *path[2:]) if path[:1] == ("auth",) else path


def _fault(node: Node, index: int, path: _Path, code: DefinitionFaultCode, detail: Mapping[str, Any]) -> PackFault:
    member = f"components[{index}]"
    for part in path:
        member += f"[{part}]" if isinstance(part, int) else f".{part}"
    return PackFault(node.line_of(path), member, code, detail, _key(node))


def _once(faults: Iterable[PackFault]) -> list[PackFault]:
    return list({(fault.member, fault.code, repr(fault.detail)): fault for fault in faults}.values())
