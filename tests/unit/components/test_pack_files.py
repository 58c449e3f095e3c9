"""Packs that are written are read back the same, and the schema for editors says what the models say."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.component_files import schema_text
from bot.sandbox.town import sandbox_pack
from services.components.definitions import ComponentDefinition
from services.components.pack_files import SCHEMA_LINE, pack_of, pack_schema
from services.components.packs import parse_pack
from services.evaluation.cases import DATA
from services.formats.strict_yaml import read_yaml
from tests.support.documents import ROOT

PACKS = {
    "the sandbox": sandbox_pack("http://town.example"),
    **{p.name: p.read_text() for p in DATA.glob("*.pack.yaml")},
}


def component(**members: Any) -> ComponentDefinition:
    stated = {"key": "a.b", "name": "A", "description": "A.", "endpoint_url": "https://a.example/"}
    return ComponentDefinition.model_validate({**stated, **members})


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_comes_back_the_same(name: str) -> None:
    definitions = parse_pack(PACKS[name])
    assert parse_pack(pack_of(definitions)) == definitions


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60))
def test_whatever_stands_in_it(text: str) -> None:
    found = component(
        description=f"x{text}", request_schema={"default": [text, {text: text}], "enum": [text, 1, 1.5]}
    )
    assert parse_pack(pack_of([found])) == (found,)


@pytest.mark.parametrize(
    "word", ["no", "1e3", "0o7", "12:30", "1_000", "2024-01-02", "~", "", " a ", "- a", "a: b", "1" * 400]
)
def test_words_that_look_like_something_else(word: str) -> None:
    found = component(request_schema={"enum": [word]}, version="1.0", owner_service="311")
    assert parse_pack(pack_of([found])) == (found,)


def test_what_goes_without_saying_is_not_said() -> None:
    text = pack_of([component()])
    assert text == SCHEMA_LINE.format("pack.schema.json") + (
        "components:\n- key: a.b\n  name: A\n  description: A.\n  http_method: GET\n"
        "  endpoint_url: https://a.example/\n  approval: none\n"
    )


def test_the_schema_in_the_docs_is_that_of_the_models() -> None:
    said = "run: mudda components schema > docs/pack.schema.json"
    assert (ROOT / "docs/pack.schema.json").read_text() == schema_text(), said


@pytest.mark.parametrize("name", PACKS)
def test_the_schema_takes_what_can_be_loaded(name: str) -> None:
    validator = jsonschema_rs.validator_for(pack_schema())
    whole = read_yaml(PACKS[name]).plain()
    assert [error.message[:200] for error in validator.iter_errors(whole)] == []
    for change in ({"keyy": "a"}, {"key": "A B"}, {"auth": {"type": "magic"}}, {"timeout_seconds": 0}):
        wrong = json.loads(json.dumps(whole))
        wrong["components"][0] |= change
        assert not validator.is_valid(wrong), change


def test_the_sandbox_s_pack_names_the_schema() -> None:
    first, _, _ = sandbox_pack("http://town.example").partition("\n")
    path = first.partition("$schema=")[2]
    assert (ROOT / "bot/sandbox" / path).resolve() == ROOT / "docs/pack.schema.json"
