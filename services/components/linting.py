"""Names and descriptions that a model can't choose by, each with a better one where that can be made."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz, process

from services.components.openapi.naming import words_of
from services.components.specs import ComponentSpec


class LintCode(StrEnum):
    """What is wrong with how a component is described."""

    PLACEHOLDER = "placeholder"
    TOO_SHORT = "too_short"
    NAME_REPEATED = "name_repeated"
    NAME_IS_ID = "name_is_id"
    TWINS = "twins"
    BOILERPLATE = "boilerplate"


@dataclass(frozen=True, slots=True)
class Lint:
    """One thing: `other` is the key of a twin, or how many share the boilerplate; `suggestion` may be empty."""

    key: str
    code: LintCode
    other: str = ""
    suggestion: str = ""


_PLACEHOLDERS = re.compile(
    r"\b(todo|tbd|fixme|xxx|lorem ipsum|no description|description here|add description|placeholder)\b"
    r"|^\W*(description|string|n/?a|none|test)\W*$",
    re.IGNORECASE,
)
_PASSAGE = re.compile(r"\n+|(?<=[.!?])\s+(?=[A-Z*\[])")
_SHORTEST = 12
_BOILERPLATE = 300
_SHARED_BY = 4
_ALIKE = 96
_COMPARED = 300


def lint(components: Sequence[ComponentSpec]) -> tuple[Lint, ...]:
    """What is wrong, by component in their order; of twins both are named."""
    found = [each for component in components for each in _alone(component)]
    found += _twins(components)
    found += _boilerplate(components)
    order = {component.key: number for number, component in enumerate(components)}
    return tuple(sorted(found, key=lambda each: order[each.key]))


def _alone(component: ComponentSpec) -> Iterator[Lint]:
    key, description = component.key, component.description.strip()
    better = words_of(key.partition(".")[2] or key)
    if _PLACEHOLDERS.search(description) or _PLACEHOLDERS.search(component.name):
        yield Lint(key, LintCode.PLACEHOLDER, suggestion=better)
    elif description.lower().rstrip(".") == component.name.strip().lower().rstrip("."):
        yield Lint(key, LintCode.NAME_REPEATED, suggestion=_fields(component, better))
    elif len(description) < _SHORTEST:
        yield Lint(key, LintCode.TOO_SHORT, suggestion=_fields(component, better))
    if " " not in component.name.strip() and re.search(r"[_./{]|[a-z][A-Z]", component.name):
        yield Lint(key, LintCode.NAME_IS_ID, suggestion=words_of(component.name))


def _fields(component: ComponentSpec, words: str) -> str:
    """A description made of what a component takes and gives."""
    body = component.request_schema.get("properties", {})
    takes = [*component.path_params, *component.query_params, *(body if isinstance(body, dict) else ())][:5]
    answer = component.response_schema
    items = answer.get("items")
    gives = answer.get("properties") or (items.get("properties") if isinstance(items, dict) else None) or {}
    said = f"{words}: takes {', '.join(takes)}" if takes else words
    return f"{said}; gives {', '.join([*gives][:5])}." if gives else f"{said}."


def _twins(components: Sequence[ComponentSpec]) -> Iterator[Lint]:
    """Components of one API, as their keys begin, that are described in nearly the same words."""
    groups: dict[str, list[ComponentSpec]] = defaultdict(list)
    for component in components:
        groups[component.key.partition(".")[0]].append(component)
    for group in groups.values():
        texts = [f"{each.name} {each.description}"[:_COMPARED].lower() for each in group]
        for number, component in enumerate(group):
            alike = process.extract(texts[number], texts, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=2)
            others = [index for _, _, index in alike if index != number]
            if others:
                other = group[others[0]]
                words = words_of(component.key.partition(".")[2] or component.key)
                yield Lint(component.key, LintCode.TWINS, other.key, f"{component.name} ({words.lower()})")


def _boilerplate(components: Sequence[ComponentSpec]) -> Iterator[Lint]:
    """Descriptions of which 300 characters and more stand in those of others, too."""
    passages = {each.key: _passages(each.description) for each in components}
    shared_by = Counter(passage for each in passages.values() for passage in {*each})
    for key, each in passages.items():
        shared = [passage for passage in each if shared_by[passage] >= _SHARED_BY]
        if sum(map(len, shared)) >= _BOILERPLATE:
            own = " ".join(passage for passage in each if passage not in shared)
            yield Lint(key, LintCode.BOILERPLATE, str(shared_by[shared[0]]), own)


def _passages(text: str) -> list[str]:
    return [part.strip() for part in _PASSAGE.split(text) if part.strip()]
