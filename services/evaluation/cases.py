"""The set of an evaluation: towns with the components that they have, and issues as people there write them.

A town is two files in `data/`: a component pack, and its issues, each with what a right plan must and must not
use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from services.components.builtins import BUILTINS
from services.components.definitions import ComponentDefinition
from services.components.packs import parse_pack
from services.components.response_headers import schema_with_headers
from services.components.specs import ComponentSpec
from services.formats.strict_yaml import read_yaml
from services.formats.whole_bodies import as_object
from services.mentions import is_marked, parts_of, readable
from services.plans.model import Issue

DATA = Path(__file__).parent / "data"
_PACK, _ISSUES = ".pack.yaml", ".issues.yaml"

SAID_AT = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
"""When all of the issues are taken to be written, so that "tomorrow" is the same day in every evaluation."""

_REPORTER, _CHANNEL = "U0REPORTER", "C0WORKS01"


@dataclass(frozen=True, slots=True)
class Case:
    """One issue. Of each set in `expects` a right plan uses at least one component; it uses none of `avoids`."""

    id: str
    town: str
    language: str
    issue: Issue
    expects: tuple[frozenset[str], ...]
    avoids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Town:
    """A town of the set: its components by key, Mudda's own among them, and its cases."""

    key: str
    name: str
    zone: ZoneInfo
    components: Mapping[str, ComponentSpec]
    cases: tuple[Case, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _IssueEntry(_Strict):
    id: str
    language: Literal["en", "de", "fr", "es", "pt-BR", "hi", "sw", "ja"]
    text: str
    place: str | None = None
    urgency: Literal["Emergency", "Today", "This week", "When you can"] | None = None
    expects: Annotated[list[str | list[str]], Field(min_length=1)]
    avoids: Annotated[list[str], Field(min_length=1)]


class _IssueFile(_Strict):
    name: str
    country: str
    time_zone: str
    issues: list[_IssueEntry]


@cache
def towns() -> Mapping[str, Town]:
    """The towns of the set by key, in the order of their keys."""
    keys = sorted(path.name.removesuffix(_PACK) for path in DATA.glob(f"*{_PACK}"))
    return {key: _town(key) for key in keys}


def chosen_cases(
    *, of_towns: Sequence[str] = (), languages: Sequence[str] = (), limit: int | None = None
) -> tuple[Case, ...]:
    """The cases of these towns in these languages, of all where none is named; `limit` takes the towns in turn."""
    wanted = [
        (number, case)
        for town in towns().values()
        for number, case in enumerate(town.cases)
        if (not of_towns or case.town in of_towns) and (not languages or case.language in languages)
    ]
    if limit is not None:
        wanted = sorted(wanted, key=lambda entry: entry[0])[:limit]
    return tuple(sorted((case for _, case in wanted), key=lambda case: case.town))


def fingerprint() -> str:
    """A short hash of the whole set: two evaluations with the same one were given the same."""
    digest = hashlib.sha256()
    for path in sorted(DATA.glob("*.yaml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def spec_of(definition: ComponentDefinition) -> ComponentSpec:
    """What agents and validator are shown of a component that no database has."""
    members = definition.model_dump(mode="json")
    shown = (
        "key",
        "name",
        "description",
        "category",
        "type",
        "http_method",
        "path_params",
        "query_params",
        "headers",
    )
    return ComponentSpec(
        **{name: members[name] for name in shown},
        request_schema=as_object(members["request_schema"]),
        response_schema=schema_with_headers(members["response_schema"], members["response_headers"]),
        approval=definition.approval,
    )


def _town(key: str) -> Town:
    registered = map(spec_of, parse_pack((DATA / f"{key}{_PACK}").read_bytes()))
    file = _IssueFile.model_validate(read_yaml((DATA / f"{key}{_ISSUES}").read_bytes()).plain())
    return Town(
        key=key,
        name=f"{file.name}, {file.country}",
        zone=ZoneInfo(file.time_zone),
        components={**{spec.key: spec for spec in registered}, **BUILTINS},
        cases=tuple(_case(key, entry) for entry in file.issues),
    )


def _case(town: str, entry: _IssueEntry) -> Case:
    parts = parts_of(entry.text.strip())
    issue = Issue(
        text=readable(parts),
        place=entry.place,
        urgency=entry.urgency,
        reporter=_REPORTER,
        channel=_CHANNEL,
        parts=parts if is_marked(parts) else (),
    )
    expects = tuple(frozenset([keys] if isinstance(keys, str) else keys) for keys in entry.expects)
    return Case(entry.id, town, entry.language, issue, expects, frozenset(entry.avoids))
