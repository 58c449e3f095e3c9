"""How the Gemini stand-in fills in inputs: from earlier answers, from the issue, else with anything allowed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.gemini.reading import (
    Field,
    Report,
    Schema,
    Tool,
    fields,
    identifies,
    noun_of,
    plain,
    resolve,
    type_of,
    words,
)
from bot.sandbox.gemini.topics import related, urgencies
from services.plans.validation.flows import Shape, misfit

_POSITION = frozenset({"lat", "long", "lon", "lng", "latitude", "longitude"})
_AREA = frozenset({"area", "district", "ward", "zone", "neighborhood", "neighbourhood"})
_PLACE = frozenset({"place", "address", "location", "street", "where", "site", "intersection"}) | _AREA
_TITLE = frozenset({"title", "subject", "headline"})
_STORY = frozenset(
    {"description", "detail", "issue", "problem", "summary", "note", "comment", "reason", "q", "query"}
)
_MESSAGE = frozenset({"message", "text", "body", "content"})
_PERSON = frozenset({"reporter", "requester", "recipient", "user", "requestor", "account"})
_URGENCY = frozenset({"priority", "urgency", "severity"})
_FALLBACKS = ("none", "0", "00000", "A1", "a", "+15555550100", "works@example.org", "2030-01-01")


@dataclass(frozen=True, slots=True)
class Source:
    """An earlier step whose answer may be referred to. `opens`: what it makes is what the case is called by."""

    step_id: str
    tool: Tool
    opens: bool
    fields: tuple[Field, ...]

    @property
    def number(self) -> str:
        """A reference to the number of what it opened; empty if there is none."""
        own = (field for field in self.fields if self.opens and field.name in self.tool.owns)
        return next((field.reference(self.step_id) for field in own), "")

    @classmethod
    def of(cls, step_id: str, tool: Tool, *, opens: bool) -> Source:
        """The source that a step of this component is."""
        # What is not in a list is there for sure.
        return cls(step_id, tool, opens, tuple(sorted(fields(tool.answer), key=lambda field: "[" in field.path)))


class Filler:
    """Fills the inputs of one step. `message` is what it says where the component takes a text to send."""

    def __init__(self, report: Report, sources: Sequence[Source], message: str, now: datetime) -> None:
        self._report = report
        self._sources = sources
        self._message = message
        self._now = now

    def inputs(self, tool: Tool) -> list[dict[str, str]]:
        """All required inputs, and those optional ones that something is known about."""
        return [
            {"in": place, "name": name, "value": value if isinstance(value, str) else json.dumps(value)}
            for place, schema in tool.places.items()
            for name, value in self._members(schema, schema, "", required=True)
        ]

    def _members(self, schema: Schema, root: Schema, prefix: str, *, required: bool) -> Iterator[tuple[str, Any]]:
        """Dotted names and values of an object; nothing at all if it is optional and nothing is known of it."""
        schema = resolve(schema, root)
        must = _required(schema) if required else frozenset()
        found: list[tuple[str, Any]] = []
        for name, member in schema.get("properties", {}).items():
            member = resolve(member, root)
            if type_of(member) == "object" and member.get("properties"):
                inner = list(self._members(member, root, f"{prefix}{name}.", required=name in must))
                found += inner or ([(f"{prefix}{name}", {})] if name in must else [])
            elif (value := self._value(name, member, root, required=name in must)) is not None:
                found.append((f"{prefix}{name}", value))
        if found and not required and _required(schema):
            yield from self._members(schema, root, prefix, required=True)
        else:
            yield from found

    def _value(self, name: str, schema: Schema, root: Schema, *, required: bool) -> Any:
        """A value of the JSON type the schema asks for, or a text with references; None to leave it out."""
        known = self._known(name, schema)
        if known is not None or not required:
            return known
        return schema["default"] if "default" in schema else self._anything(name, schema, root)

    def _known(self, name: str, schema: Schema) -> Any:
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._choice(name, schema)
        reference = self._reference(name, schema)
        if reference is not None:
            return reference
        is_free = type_of(schema) in ("string", "") and "format" not in schema
        text = self._text(words(name)) if is_free else None
        return None if text is None else _fitted(text, self._report, schema)

    def _choice(self, name: str, schema: Schema) -> Any:
        """The option that the issue speaks of, if any; none if the input says that it is for other issues."""
        options: Sequence[Any] = schema["enum"]
        only_for = re.search(r"[Oo]nly for ([\w ]+)", schema.get("description", ""))
        if only_for and not words(only_for[1]) <= related(self._report):
            return None
        by_word = {str(option).lower(): option for option in options}
        if words(name) & _URGENCY:
            return next((by_word[word] for word in urgencies(self._report) if word in by_word), None)
        # What it names counts before what goes with that: a lamp in a street is a matter of lamps.
        about = related(self._report)
        scores = [
            (len(said & self._report.words), len(said & about), -index)
            for index, said in enumerate(words(str(option)) for option in options)
        ]
        _, best, index = max(scores)
        return options[-index] if best else None

    def _reference(self, name: str, schema: Schema) -> str | None:
        """The field of an earlier answer that an input asks for by its name, of the step that it is about."""
        if noun_of(name) == "" and identifies(name):
            return self._case_number() if name.lower() in ("reference", "ref") else None
        key, kind, takes = name.lower().replace("_", ""), type_of(schema), Shape.of(schema)
        if not identifies(name) and key not in _POSITION | _AREA:
            return None
        matches = [
            (source, field)
            for source in reversed(self._sources)
            for field in source.fields
            if _same(key, field, source)
            and (field.type == kind or not (field.type and kind))
            and misfit(Shape.of(field.schema), takes) is None
        ]
        # A crew's number from "Find a crew" rather than from a work order that happens to name one.
        matches.sort(key=lambda match: match[1].name not in match[0].tool.owns)
        matches.sort(key=lambda match: noun_of(match[1].name) not in match[0].tool.title_words)
        return matches[0][1].reference(matches[0][0].step_id) if matches else None

    def _case_number(self) -> str | None:
        """What the reporter can ask about: the last thing that was opened."""
        numbers = (number for source in reversed(self._sources) if (number := source.number))
        return next(numbers, None)

    def _text(self, meaning: frozenset[str]) -> str | None:
        report = self._report
        if meaning & _PERSON:
            return "{{issue.reporter}}"
        if "channel" in meaning:
            return "{{issue.channel}}"
        if meaning & _PLACE:
            return report.where or None
        if meaning & _TITLE:
            return report.title(80)
        if meaning & _MESSAGE:
            return self._message
        if meaning & _URGENCY:
            return urgencies(report)[0]
        return "{{issue.text}}" if meaning & _STORY else None

    def _anything(self, name: str, schema: Schema, root: Schema) -> Any:
        """Some value that the schema allows, of a required input that nothing is known about."""
        kind = type_of(schema)
        if schema.get("enum"):
            return _ordinary(schema["enum"])
        if kind in ("integer", "number"):
            return _number(schema, whole=kind == "integer")
        if kind == "boolean":
            return False
        if kind == "array":
            items = resolve(schema.get("items") or {}, root)
            return [
                self._value(name, items, root, required=True) for _ in range(max(1, schema.get("minItems", 1)))
            ]
        if kind == "object":
            return {each: self._member(each, schema, root) for each in sorted(_required(schema))}
        if kind == "null":
            return None
        return self._string(name, schema)

    def _member(self, name: str, schema: Schema, root: Schema) -> Any:
        member = resolve(schema.get("properties", {}).get(name, {}), root)
        return self._value(name, member, root, required=True)

    def _string(self, name: str, schema: Schema) -> str:
        tomorrow = (self._now + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
        by_format = {
            "date-time": tomorrow.isoformat(),
            "date": tomorrow.date().isoformat(),
            "time": "09:00:00Z",
            "email": "works@example.org",
            "uri": "https://example.org/",
            "uuid": "00000000-0000-4000-8000-000000000000",
        }
        if schema.get("format") in by_format:
            return by_format[schema["format"]]
        if "pattern" in schema:
            candidates = (self._report.where, *_FALLBACKS)
            return next((text for text in candidates if re.search(schema["pattern"], text)), "none")
        if identifies(name):
            stated = re.search(r"\b[A-Z]*-?\d{2,}\b", plain(self._report.text))
            return _cut(stated[0] if stated else "none", schema)
        return _fitted("{{issue.text}}", self._report, schema)


def _required(schema: Schema) -> frozenset[str]:
    """The members an object must have, by the first alternative where it states several."""
    alternatives: Sequence[Schema] = schema.get("anyOf") or schema.get("oneOf") or ({},)
    return frozenset(schema.get("required", ())) | frozenset(alternatives[0].get("required", ()))


def _same(key: str, field: Field, source: Source) -> bool:
    """Whether an answer's field is what an input asks for: crew_id is crew_id, or the id of a crew."""
    name = field.name.lower().replace("_", "")
    if name == key:
        return key != "id"
    owners = words(field.inside) or source.tool.title_words
    return name == "id" and key.endswith(name) and key.removesuffix(name) in owners


def _fitted(text: str, report: Report, schema: Schema) -> str:
    """The text, or the issue's own words where a reference to them might be too long."""
    if "{{" in text and schema.get("maxLength", 10_000) < 4_000:
        text = report.title(120)
    return _cut(text, schema)


def _cut(text: str, schema: Schema) -> str:
    return text[: schema.get("maxLength", len(text))].ljust(schema.get("minLength", 0), ".")


def _number(schema: Schema, *, whole: bool) -> int | float:
    """1, or the number nearest to it that is allowed."""
    step: int | float = schema.get("multipleOf", 1)
    low: int | float = schema.get("minimum", schema.get("exclusiveMinimum", -step) + step)
    high: int | float = schema.get("maximum", schema.get("exclusiveMaximum", low + 1 + step) - step)
    number = min(max(1, low), high)
    return -(-number // step) * step if whole or "multipleOf" in schema else number


def _ordinary(options: Sequence[Any]) -> Any:
    usual = ("normal", "medium", "standard", "routine", "general", "other")
    return next((option for word in usual for option in options if str(option).lower() == word), options[0])


def message_for(report: Report, sources: Sequence[Source], *, to_reporter: bool) -> str:
    """What to tell people, with the numbers under which the case now stands."""
    if not to_reporter:
        where = f" near {report.where}" if report.where else ""
        return f"Works are on their way{where}: {plain(report.title(120))}"
    numbers = [f"{_case(source.tool.name)} {source.number}" for source in sources if source.number]
    known_as = f" ({', '.join(numbers)})" if numbers else ""
    return f"Thank you for your report. It is being worked on{known_as}."


def _case(name: str) -> str:
    """What a component opens: "Create a work order" opens a work order."""
    return re.sub(r"^\w+ (a|an|the) ", "", plain(name)).lower()
