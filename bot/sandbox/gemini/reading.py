"""What the Gemini stand-in makes of a prompt: the issue, the components it is shown, and what their words are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Schema = Mapping[str, Any]

_BLOCK = re.compile(r'<data name="(\w+)">\n(.*?)</data>', re.DOTALL)
_WORD = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+\w*")


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as they stand."""
    return frozenset(text.split())


_STOP_WORDS = word_set(
    "a an and are as at be by can for from has have in into is it its of on or our that the there this to up was "
    "we with you your"
)
_STREETLIGHT = re.compile(r"street[ _-]?(light|lamp)", re.IGNORECASE)
_PLACE = re.compile(
    r"\b(?:at|near|outside|opposite|beside|in front of|(?:on the )?corner of|on)\s+(?:the corner of\s+)?"
    r"([^.,;!?\n]{3,80}?)"
    r"(?=\s+(?:is|are|was|were|has|have|since|because|again|for|every|and (?:the|it))\b|[.,;!?\n]|$)",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"((?:[A-Z0-9][\w']*\s)+(?:Street|St|Avenue|Ave|Road|Rd|Lane|Drive|Square|Boulevard|Bridge|Park))\b"
)


def words(text: str) -> frozenset[str]:
    """The words of a text or of an identifier, lower case and in the singular, without the smallest ones."""
    found = (word.lower() for word in _WORD.findall(_STREETLIGHT.sub("streetlight", text)))
    return frozenset(_singular(word) for word in found if word not in _STOP_WORDS)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@dataclass(frozen=True)
class Order:
    """A rule: before what is `about`, something of `first`; both are ids and categories of components."""

    about: frozenset[str]
    first: frozenset[str]


@dataclass(frozen=True)
class Report:
    """The issue as the prompt states it; `mentioned` are the Slack ids of people and groups, by name.

    `passages` are the words of the policies' passages, by their ids; `orders` what their rules say comes first.
    """

    text: str
    place: str
    urgency: str
    mentioned: Mapping[str, str] = field(default_factory=dict)
    passages: Mapping[str, frozenset[str]] = field(default_factory=dict)
    orders: tuple[Order, ...] = ()

    @cached_property
    def words(self) -> frozenset[str]:
        """What it is about."""
        return words(f"{self.text} {self.place}")

    @cached_property
    def where(self) -> str:
        """The place, as stated or as far as the text names one; else empty."""
        named = _PLACE.findall(self.text) or _STREET.findall(self.text)
        return plain(self.place or (named[-1].strip() if named else ""))

    def title(self, length: int) -> str:
        """The first line of the text, cut at a word."""
        line = " ".join(plain(self.text).split()) or "An issue without words"
        if len(line) <= length:
            return line
        return line[: length - 1].rsplit(" ", 1)[0][: length - 1] + "…"


@dataclass(frozen=True)
class Tool:
    """A component as the prompt lists it.

    `places` are the schemas of its inputs and `answer` that of its answer; the selector is shown neither, only
    the names in them: those it must have, those it may have, and those it gives.
    """

    id: str
    name: str
    description: str
    category: str
    method: str
    approval: str
    required: frozenset[str]
    takes: frozenset[str]
    produces: tuple[str, ...]
    places: Mapping[str, Schema]
    answer: Schema

    @cached_property
    def title_words(self) -> frozenset[str]:
        """What it is, by its name, key and category."""
        return words(f"{self.name} {self.id} {self.category}")

    @cached_property
    def words(self) -> frozenset[str]:
        """What it is about."""
        return self.title_words | words(self.description)

    @cached_property
    def owns(self) -> frozenset[str]:
        """The ids of what it finds or makes, among all those in its answers: a crew's of "Find a crew"."""
        ids = [name for name in dict.fromkeys(self.produces) if identifies(name) and name not in self.takes]
        named = [name for name in ids if noun_of(name) in self.title_words]
        return frozenset(named or [name for name in ids if _parts(name)[-1] == "id"][:1])


@dataclass(frozen=True, slots=True)
class Field:
    """A field in an answer: its name, how a reference writes the way to it, the list it is in, type and schema."""

    name: str
    path: str
    inside: str
    type: str
    schema: Schema

    def reference(self, step_id: str) -> str:
        """The reference to this field in the answer of a step."""
        return f"{{{{{step_id}{self.path}}}}}"


def blocks_of(prompt: str) -> dict[str, list[Any]]:
    """The documents in each of a prompt's blocks."""
    return {name: [json.loads(line) for line in body.splitlines()] for name, body in _BLOCK.findall(prompt)}


def read(prompt: str) -> tuple[Report, list[Tool], set[str]]:
    """The issue and the components in a prompt, and the names of the blocks it has."""
    blocks = blocks_of(prompt)
    issue: Mapping[str, Any] = next(iter(blocks.get("issue", ())), {})
    mentioned = {each["name"]: each["id"] for each in issue.get("mentioned", ())}
    report = Report(
        issue.get("text", ""),
        issue.get("place", ""),
        issue.get("urgency", ""),
        mentioned,
        {each["id"]: words(f"{each['section']} {each['text']}") for each in blocks.get("policies", ())},
        tuple(_orders(each["rule"] for each in blocks.get("rules", ()))),
    )
    return report, [_tool(entry) for entry in blocks.get("components", ())], set(blocks)


def _orders(rules: Iterable[Mapping[str, Any]]) -> Iterator[Order]:
    for rule in rules:
        if "needs_before" in rule:
            yield Order(_targets(rule), _targets(rule["needs_before"]))


def _targets(target: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name.casefold() for kind in ("component", "category") for name in target.get(kind, ()))


def _tool(entry: Mapping[str, Any]) -> Tool:
    inputs, outputs = entry["inputs"], entry["outputs"]
    if isinstance(outputs, list):  # as the selector is shown it
        places, answer, produces = {}, {}, tuple(outputs)
        required, takes = inputs["required"], [*inputs["required"], *inputs["optional"]]
    else:
        places, answer, produces = inputs, outputs, tuple(field.name for field in fields(outputs))
        required = [name for schema in places.values() for name in schema.get("required", ())]
        takes = [name for schema in places.values() for name in schema.get("properties", ())]
    return Tool(
        **{name: entry[name] for name in ("id", "name", "description", "category", "method", "approval")},
        required=frozenset(required),
        takes=frozenset(takes),
        produces=produces,
        places=places,
        answer=answer,
    )


_IDENTIFYING = ("id", "code", "number", "key", "token", "ref", "reference", "uuid")


def identifies(name: str) -> bool:
    """Whether an input or field of this name is the id of something."""
    return _parts(name)[-1:] in [[word] for word in _IDENTIFYING]


def noun_of(name: str) -> str:
    """What an id is the id of: crew_id and crewId of a crew; empty for a bare id."""
    return "".join(_parts(name)[-2:-1])


def _parts(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower())


def plain(text: str) -> str:
    """Text that can stand in a value without being taken for a reference."""
    return text.replace("{{", "{ {").replace("}}", "} }")


def type_of(schema: Schema) -> str:
    """The one type to write, "null" only where there is no other; empty if the schema is silent."""
    stated = schema.get("type") or _implied_type(schema)
    types = stated if isinstance(stated, list) else [stated]
    return next((str(each) for each in types if each != "null"), str(types[0]) if types else "")


def _implied_type(schema: Schema) -> str:
    """The type that is meant where none is stated."""
    if "properties" in schema:
        return "object"
    values = [schema["const"]] if "const" in schema else schema.get("enum") or []
    types = {_TYPE_NAMES.get(type(value), "") for value in values}
    return types.pop() if len(types) == 1 else ""


_TYPE_NAMES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


def resolve(schema: Schema, root: Schema) -> Schema:
    """The schema behind local references, and the first alternative that is not null."""
    for _ in range(10):
        if "$ref" in schema:
            target: Any = root
            for part in str(schema["$ref"]).removeprefix("#").strip("/").split("/"):
                target = target.get(part, {}) if isinstance(target, Mapping) else {}
            schema = target
        elif "type" not in schema and "properties" not in schema and schema.get("anyOf", schema.get("oneOf")):
            choices = [resolve(each, root) for each in schema.get("anyOf", schema.get("oneOf"))]
            schema = next((each for each in choices if type_of(each) != "null"), choices[0])
        else:
            break
    return schema


def fields(schema: Schema) -> Iterator[Field]:
    """The fields that an answer of this schema has, lists by their first item."""
    yield from _fields(schema, schema, "", "", 4)


def _fields(schema: Schema, root: Schema, path: str, inside: str, depth: int) -> Iterator[Field]:
    schema = resolve(schema, root)
    if not depth:
        return
    if type_of(schema) == "array" and isinstance(schema.get("items"), Mapping):
        yield from _fields(schema["items"], root, f"{path}[0]", inside, depth - 1)
    for name, member in schema.get("properties", {}).items():
        member = resolve(member, root)
        here = f"{path}.{name}"
        if type_of(member) in ("object", "array"):
            yield from _fields(member, root, here, name, depth - 1)
        else:
            yield Field(name, here, inside, type_of(member), member)
