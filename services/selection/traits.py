"""What matters of a component for whether a plan is possible: the ids that it needs, and those that it gives.

Its schemas were written by others: nothing here raises for what stands in one, and no depth is without end.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.components.specs import ApprovalPolicy, ComponentSpec
from services.selection.names import folded, name_words, word_set

BARE = "id"
_MAX_DEPTH = 6
_MAX_FIELDS = 2_000
_ID_WORDS = frozenset({"id", "code", "number", "key", "token", "ref", "reference", "handle", "slug"})
"""The last word of a name that stands for something which only an API knows."""

_OF_THE_ISSUE = word_set(
    "phone telephone mobile fax house street building apartment room postal zip post country "
    "language currency area plate card api idempotency model error status"
)
"""What a number or code of these is, the issue says, or nobody has to."""

_WRAPPERS = word_set(
    "data result item value record response payload content list row entry element body feature object"
)
"""Names round an answer that say nothing of what it is about."""

_VERBS = word_set(
    "get list find search look lookup fetch show read create make add open new update change "
    "edit set delete remove cancel close available free"
)
_PREPOSITION = re.compile(r"(?<![^\W_])(?:of|for|to|with|in|at|from|on|by|near|per)(?![^\W_])", re.IGNORECASE)
_STEPS_DOWN = ("items", "prefixItems", "allOf", "anyOf", "oneOf")
_GIVEN = ("enum", "const", "default")
"""With one of these in its schema an input needs nobody to find its value out."""


@dataclass(frozen=True, slots=True)
class Need:
    """An id that has to be given: `name` folded, and what it is the id of, in words: of a crew_id ("crew",).

    Of a bare `id` the words are all that the component may be about, and one of them is meant.
    """

    name: str
    of: tuple[str, ...]

    @property
    def is_bare(self) -> bool:
        """Whether the name itself does not say what it is the id of."""
        return self.name == BARE

    @property
    def nouns(self) -> frozenset[str]:
        """What it may be the id of, each in one word."""
        return frozenset(self.of) if self.is_bare else frozenset({folded(self.of), self.of[-1]})


@dataclass(frozen=True, slots=True)
class Traits:
    """Of one component: its needs, and what its answer gives.

    `gives` are the folded names of all fields; `gives_bare` what those fields could be called that are an `id` or
    `code` without more, by what they stand in; `about` is what the component is about by its key and category.
    """

    key: str
    is_safe: bool
    needs: tuple[Need, ...]
    required: int
    gives: frozenset[str]
    gives_bare: frozenset[str]
    about: frozenset[str]
    approval: int


_APPROVAL = {ApprovalPolicy.NONE: 0, ApprovalPolicy.PLAN: 1, ApprovalPolicy.STEP: 2}


def traits_of(spec: ComponentSpec) -> Traits:
    """The traits of a component."""
    of_key = _nouns(spec.key)
    about = of_key | _nouns(spec.category)
    required = list(_required(spec))
    needs = dict.fromkeys(
        need for name, within, schema in required if (need := _need(name, within, schema, of_key))
    )
    fields = [] if spec.type == "BUILTIN" else list(_fields(spec.response_schema))
    return Traits(
        key=spec.key,
        is_safe=spec.http_method == "GET",
        needs=tuple(needs),
        required=len(required),
        gives=frozenset(folded(name_words(name)) for name, _ in fields),
        gives_bare=frozenset(name for field in fields for name in _full_names(*field, about)),
        about=about,
        approval=_APPROVAL[spec.approval],
    )


def _full_names(name: str, within: tuple[str, ...], about: frozenset[str]) -> Iterator[str]:
    """What an `id` or `code` could be called in full, after the object that it is in, or after the component."""
    words = name_words(name)
    if len(words) == 1 and words[0] in _ID_WORDS:
        nouns = {folded(within), within[-1]} if within else about
        yield from (noun + words[0] for noun in nouns)


def _nouns(text: str) -> frozenset[str]:
    """The words of a key or category up to the first "of" or "by", and each two that follow each other as one."""
    words = name_words(_PREPOSITION.split(text.replace("_", " "), maxsplit=1)[0])
    nouns = {first + second for first, second in itertools.pairwise(words)}
    return frozenset(nouns.union(words) - _VERBS)


def _need(name: str, within: tuple[str, ...], schema: Any, of_key: frozenset[str]) -> Need | None:
    """What an input needs, if it is the id of something that only an API can say."""
    if isinstance(schema, Mapping) and not schema.keys().isdisjoint(_GIVEN):
        return None
    words = name_words(name)
    if words == (BARE,) and within:
        return Need(folded((*within, BARE)), within)
    if words == (BARE,):
        return Need(BARE, tuple(sorted(of_key))) if of_key else None
    if len(words) == 1:
        # `crewid`: nothing shows where the first word ends, but a component may be about crews.
        stem = words[0].removesuffix(BARE)
        return Need(words[0], (stem,)) if stem != words[0] and stem in of_key else None
    is_id = len(words) > 1 and words[-1] in _ID_WORDS and _OF_THE_ISSUE.isdisjoint(words[:-1])
    return Need(folded(words), words[:-1]) if is_id else None


def _required(spec: ComponentSpec) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Each input that must be given: its name, the words of the object that it stands in, and its schema."""
    for name, schema in spec.path_params.items():
        yield str(name), (), schema
    for name, schema in (*spec.query_params.items(), *spec.headers.items()):
        if isinstance(schema, Mapping) and schema.get("required") is True:
            yield str(name), (), schema
    yield from _required_members(spec.request_schema, (), 0)


def _required_members(
    schema: Any, within: tuple[str, ...], depth: int
) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
        return
    required, properties = schema.get("required"), schema.get("properties")
    if not isinstance(required, list | tuple):
        return
    members = properties if isinstance(properties, Mapping) else {}
    for name in (name for name in required if isinstance(name, str)):
        member = members.get(name)
        inner = member.get("items") if isinstance(member, Mapping) and "items" in member else member
        if isinstance(inner, Mapping) and "properties" in inner:
            yield from _required_members(inner, name_words(name), depth + 1)
        else:
            yield name, within, member


def _fields(schema: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each field of an answer, with the words of what it stands in, if that says what it is about."""
    root = schema
    waiting: list[tuple[Any, tuple[str, ...], int]] = [(schema, (), 0)]
    followed: set[int] = set()
    count = 0
    while waiting and count < _MAX_FIELDS:
        part, within, depth = waiting.pop()
        if not isinstance(part, Mapping) or depth > _MAX_DEPTH:
            continue
        target = _local(root, part.get("$ref"))
        if target is not None and id(target) not in followed:
            followed.add(id(target))
            waiting.append((target, within, depth + 1))
        for keyword in _STEPS_DOWN:
            # Most parts have none of them.
            if (inner := part.get(keyword)) is not None:
                parts = inner if isinstance(inner, list | tuple) else [inner]
                waiting += ((each, within, depth + 1) for each in parts)
        properties = part.get("properties")
        for name, member in properties.items() if isinstance(properties, Mapping) else ():
            count += 1
            yield str(name), within
            words = name_words(str(name))
            tells = bool(words) and _WRAPPERS.isdisjoint(words)
            waiting.append((member, words if tells else within, depth + 1))


def _local(root: Any, reference: Any) -> Any:
    """The part of a schema that a `$ref` inside it points to; None if it points nowhere near."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    part = root
    for step in reference[2:].split("/")[:_MAX_DEPTH]:
        part = part.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(part, Mapping) else None
    return part
