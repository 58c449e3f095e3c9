"""The set of the evaluation is what the page about it promises, and each issue in it can be planned."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from services.components.builtins import BUILTINS
from services.components.specs import ComponentSpec
from services.evaluation.cases import DATA, Case, Town, chosen_cases, fingerprint, towns
from services.mentions import PartKind

CASES = chosen_cases()
REGISTERED = [
    (town, spec) for town in towns().values() for spec in town.components.values() if spec.key not in BUILTINS
]

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
every_component = pytest.mark.parametrize(
    ("town", "spec"), REGISTERED, ids=[f"{town.key}-{spec.key}" for town, spec in REGISTERED]
)

_ID = re.compile(r"(_id|Id|_no|_nr|_ref|Number|protocolo)$")


def required(spec: ComponentSpec) -> set[str]:
    """The names of all that must be given, on the first level."""
    parameters = [*spec.path_params.items(), *spec.query_params.items(), *spec.headers.items()]
    names = {name for name, schema in parameters if schema.get("required")}
    return names | set(spec.request_schema.get("required", ()))


def answered(schema: Mapping[str, Any]) -> Iterator[str]:
    """The names of all fields in an answer."""
    for name, member in schema.get("properties", {}).items():
        yield name
        yield from answered(member)
    yield from answered(schema.get("items", {})) if "items" in schema else ()


def choices(spec: ComponentSpec, name: str) -> bool:
    """Whether a required input is chosen from a list that the component states."""
    schema = {**spec.request_schema.get("properties", {}), **spec.path_params, **spec.query_params}.get(name, {})
    return "enum" in schema


def test_it_has_six_towns_and_sixty_issues_in_eight_languages() -> None:
    assert {town.key: len(town.cases) for town in towns().values()} == dict.fromkeys(
        ("kisima", "millbrook", "minamihama", "rheinfurt", "serra-azul", "shyamnagar"), 10
    )
    assert Counter(case.language for case in CASES) == {
        "en": 12, "hi": 8, "ja": 8, "sw": 8, "es": 7, "pt-BR": 7, "de": 5, "fr": 5
    }  # fmt: skip
    assert len({case.id for case in CASES}) == len({case.issue.text for case in CASES}) == 60
    assert all(12 <= len(town.components) - len(BUILTINS) <= 25 for town in towns().values())


def test_its_issues_are_as_people_write_them() -> None:
    lengths = sorted(len(case.issue.text) for case in CASES)
    assert lengths[0] < 20
    assert lengths[-1] > 150
    placed = [case for case in CASES if case.issue.place]
    assert 20 < len(placed) < 55
    assert {case.issue.urgency for case in CASES} >= {None, "Emergency", "Today", "This week"}
    [mentioning] = [case for case in CASES if case.issue.parts]
    assert [part.text for part in mentioning.issue.parts if part.kind is PartKind.PERSON] == ["@Sato"]
    assert "@Sato" in mentioning.issue.text


@every_case
def test_an_issue_names_components_that_its_town_has(case: Case) -> None:
    known = towns()[case.town].components.keys()
    expected = frozenset[str]().union(*case.expects)
    assert expected <= known
    assert case.avoids <= known
    assert not expected & case.avoids
    assert case.id.startswith(case.town)


@every_case
def test_what_an_issue_expects_can_be_called(case: Case) -> None:
    """Each id that an expected component needs comes from another one that may be used, or stands in the issue."""
    town = towns()[case.town]
    usable = [spec for spec in town.components.values() if spec.key not in case.avoids]
    given = {name for spec in usable for name in answered(spec.response_schema)}
    for keys in case.expects:
        for spec in (town.components[key] for key in keys):
            needed = {name for name in required(spec) if _ID.search(name) and not choices(spec, name)}
            assert needed <= given or re.search(r"\d{4}", case.issue.text), spec.key


@every_component
def test_a_component_says_what_it_is_and_what_it_answers(town: Town, spec: ComponentSpec) -> None:
    assert len(spec.description) > 20
    assert spec.category
    assert list(answered(spec.response_schema))
    assert spec.http_method == "GET" or required(spec) or spec.request_schema.get("minProperties")


@every_component
def test_an_id_that_a_component_needs_is_answered_by_another(town: Town, spec: ComponentSpec) -> None:
    given = {
        name
        for other in town.components.values()
        if other.key != spec.key
        for name in answered(other.response_schema)
    }
    assert {name for name in spec.path_params if _ID.search(name)} <= given


@pytest.mark.parametrize("town", towns().values(), ids=lambda town: town.key)
def test_a_town_can_tell_the_reporter(town: Town) -> None:
    tells = [spec for spec in town.components.values() if "issue.reporter" in json.dumps(spec.request_schema)]
    assert [spec.category for spec in tells if spec.key not in BUILTINS] == ["notifications"]


def test_a_limit_takes_the_towns_in_turn() -> None:
    assert Counter(case.town for case in chosen_cases(limit=6)) == dict.fromkeys(towns(), 1)
    assert [case.id for case in chosen_cases(of_towns=["kisima"], limit=2)] == ["kisima-1", "kisima-2"]
    assert {case.town for case in chosen_cases(languages=["fr", "sw"])} == {"rheinfurt", "kisima"}
    assert chosen_cases(of_towns=["kisima"], languages=["ja"]) == ()


def test_the_fingerprint_is_of_what_is_in_the_files() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", fingerprint())
    assert {path.name.partition(".")[2] for path in DATA.iterdir()} == {"pack.yaml", "issues.yaml"}


def test_no_component_holds_a_secret_and_none_can_be_reached() -> None:
    for path in DATA.glob("*.pack.yaml"):
        hosts = re.findall(r"https?://([^/\"]+)", path.read_text())
        assert hosts
        assert all(host.endswith(".example") for host in hosts)
