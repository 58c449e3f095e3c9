from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from bot.cli.components import sentence
from bot.sandbox.town import sandbox_pack
from services.components.packs import PackFault, PackFaultCode, PackFaults, parse_pack
from services.components.refusals import DefinitionFaultCode as Definition
from services.components.specs import ApprovalPolicy
from services.formats.strict_yaml import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, YamlFaultCode, read_yaml
from tests.support.work_order import WORK_ORDER, pack

SMALLEST = {"key": "a", "name": "A", "description": "Does A.", "endpoint_url": "http://a.example/"}


def faults_of(source: str | bytes) -> tuple[PackFault, ...]:
    with pytest.raises(PackFaults) as caught:
        parse_pack(source)
    for fault in caught.value.faults:
        assert sentence(fault).isprintable()
    return caught.value.faults


def only_fault(source: str | bytes) -> PackFault:
    (fault,) = faults_of(source)
    return fault


def with_member(path: Sequence[str], value: Any) -> dict[str, Any]:
    component: dict[str, Any] = yaml.safe_load(yaml.safe_dump(WORK_ORDER))
    place = component
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return component


def test_a_component_is_read_as_the_contract_writes_it() -> None:
    (definition,) = parse_pack(pack(WORK_ORDER))
    assert definition.model_dump(mode="json") == WORK_ORDER


def test_what_is_left_out_has_a_default() -> None:
    (definition,) = parse_pack(pack(SMALLEST))
    assert (definition.type, definition.http_method, definition.body_format) == ("REST", "GET", "json")
    assert (definition.timeout_seconds, definition.attempts, definition.idempotent) == (30.0, 4, False)
    assert definition.auth.type == "none"
    assert definition.version == "1.0"


@pytest.mark.parametrize(
    ("members", "approval"),
    [
        ({}, ApprovalPolicy.NONE),
        ({"http_method": "GET"}, ApprovalPolicy.NONE),
        ({"http_method": "POST"}, ApprovalPolicy.PLAN),
        ({"http_method": "DELETE"}, ApprovalPolicy.PLAN),
        ({"type": "GRAPHQL", "graphql": "mutation { close }"}, ApprovalPolicy.PLAN),
        ({"type": "GRAPHQL", "graphql": "{ wards }", "http_method": "POST"}, ApprovalPolicy.NONE),
        ({"type": "RPC", "rpc_method": "crews.send", "http_method": "GET"}, ApprovalPolicy.PLAN),
        ({"http_method": "GET", "approval": "step"}, ApprovalPolicy.STEP),
        ({"http_method": "POST", "approval": "none"}, ApprovalPolicy.NONE),
    ],
)
def test_only_what_reads_needs_no_approval_by_default(members: dict[str, str], approval: ApprovalPolicy) -> None:
    (definition,) = parse_pack(pack({**SMALLEST, **members}))
    assert definition.approval is approval


def test_a_path_parameter_is_required_whether_it_says_so_or_not() -> None:
    (definition,) = parse_pack(pack(with_member(["path_params"], {"area": {"type": "string"}})))
    assert definition.path_params == {"area": {"type": "string", "required": True}}


@pytest.mark.parametrize(
    "auth",
    [
        {"type": "none"},
        {"type": "api_key", "in": "header", "name": "X-Api-Key", "value": "env:KEY"},
        {"type": "api_key", "in": "query", "name": "key", "value": "env:KEY"},
        {"type": "api_key", "in": "body", "name": "api_key", "value": "env:KEY"},
        {"type": "bearer", "token": "env:TOKEN"},
        {"type": "basic", "username": "mudda", "password": "env:PASSWORD"},
        {
            "type": "oauth2",
            "token_url": "https://login.example/token",
            "client_id": "mudda",
            "client_secret": "env:SECRET",
            "refresh_token": None,
            "scope": "work",
            "audience": "https://api.example",
            "resource": "",
            "credentials_in": "body",
        },
    ],
)
def test_each_kind_of_auth_is_kept_as_written(auth: dict[str, str]) -> None:
    (definition,) = parse_pack(pack({**SMALLEST, "auth": auth}))
    assert definition.model_dump(mode="json")["auth"] == auth


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (["key"], "Work Orders", Definition.BAD_KEY),
        (["key"], "a" * 65, Definition.BAD_KEY),
        (["key"], "", Definition.BAD_KEY),
        (["key"], "a\n", Definition.BAD_KEY),
        (["key"], 7, Definition.WRONG_TYPE),
        (["name"], " ", Definition.BLANK),
        (["name"], "x" * 151, Definition.TOO_LONG),
        (["name"], "red\x1b[31m", Definition.CONTROL_CHARACTER),
        (["description"], "x" * 4_001, Definition.TOO_LONG),
        (["type"], "SOAP", Definition.NOT_ALLOWED),
        (["http_method"], "post", Definition.NOT_ALLOWED),
        (["approval"], "maybe", Definition.NOT_ALLOWED),
        (["body_format"], "xml", Definition.NOT_ALLOWED),
        (["content_type"], "text/xml", Definition.NOT_ALLOWED),
        (["content_type"], "application/json\r\nX: y", Definition.CONTROL_CHARACTER),
        (["response_headers"], ["Set Cookie"], Definition.BAD_HEADER),
        (["endpoint_url"], "ftp://works.example/{area}", Definition.URL_SCHEME),
        (["endpoint_url"], "works.example/{area}", Definition.URL_SCHEME),
        (["endpoint_url"], "file:///etc/{area}", Definition.URL_SCHEME),
        (["endpoint_url"], "https://user:pw@works.example/{area}", Definition.URL_USERINFO),
        (["endpoint_url"], "https://works.example/{area}#top", Definition.URL_FRAGMENT),
        (["endpoint_url"], "https://{area}.works.example/", Definition.PLACEHOLDER_OUTSIDE_PATH),
        (["endpoint_url"], "https://works.example/?area={area}", Definition.PLACEHOLDER_OUTSIDE_PATH),
        (["endpoint_url"], "https:///{area}", Definition.BAD_URL),
        (["endpoint_url"], "https://works.example/{area}/a b", Definition.BAD_URL),
        (["endpoint_url"], "https://works.example\\.evil.example/{area}", Definition.BAD_URL),
        (["endpoint_url"], "https://works.example:99999/{area}", Definition.BAD_URL),
        (["endpoint_url"], "https://[::1/{area}", Definition.BAD_URL),
        (["endpoint_url"], "https://works.example/{area}/{", Definition.BAD_URL),
        (["path_params"], {}, Definition.PLACEHOLDER_UNDECLARED),
        (["path_params", "gone"], {"type": "string"}, Definition.PATH_PARAM_UNUSED),
        (["path_params", "area", "required"], False, Definition.PATH_PARAM_OPTIONAL),
        (["path_params", "area", "required"], ["area"], Definition.WRONG_TYPE),
        (["path_params", "area", "type"], "strng", Definition.BAD_SCHEMA),
        (["query_params", "page"], {"minimum": "1"}, Definition.BAD_SCHEMA),
        (["query_params", "page"], "integer", Definition.WRONG_TYPE),
        (["headers", "X-Trace"], {"pattern": "("}, Definition.BAD_SCHEMA),
        (["headers", "X Trace"], {}, Definition.BAD_HEADER),
        (["headers", "authorization"], {}, Definition.RESERVED_HEADER),
        (["headers", "Host"], {}, Definition.RESERVED_HEADER),
        (["request_schema"], {"properties": {"title": 3}}, Definition.BAD_SCHEMA),
        (["request_schema"], {"$ref": "https://evil.example/schema"}, Definition.REMOTE_REFERENCE),
        (["response_schema"], {"properties": {"a": {"$ref": "#/$defs/a"}}}, Definition.DANGLING_REFERENCE),
        (
            ["response_schema"],
            {"required": ["a"], "items": {"$ref": "#/required/a"}},
            Definition.DANGLING_REFERENCE,
        ),
        (
            ["response_schema"],
            {"required": ["a"], "items": {"$ref": "#/required/0"}},
            Definition.DANGLING_REFERENCE,
        ),
        (["response_schema"], {"properties": {"a": {"$ref": "#/properties/a"}}}, Definition.CIRCULAR_REFERENCE),
        (["auth"], "bearer", Definition.WRONG_TYPE),
        (["auth"], {"token": "env:TOKEN"}, Definition.MISSING_MEMBER),
        (["auth"], {"type": "bearer"}, Definition.MISSING_MEMBER),
        (["auth", "type"], "digest", Definition.NOT_ALLOWED),
        (["auth", "token"], "xoxb-1234", Definition.LITERAL_SECRET),
        (["auth", "token"], "env:", Definition.LITERAL_SECRET),
        (["auth", "token"], "env:A B", Definition.LITERAL_SECRET),
        (["auth"], {"type": "basic", "username": "u", "password": "pw"}, Definition.LITERAL_SECRET),
        (["auth"], {"type": "api_key", "in": "header", "name": "K", "value": "k"}, Definition.LITERAL_SECRET),
        (["auth"], {"type": "api_key", "in": "cookie", "name": "K", "value": "env:K"}, Definition.NOT_ALLOWED),
        (["auth", "scope"], "all", Definition.UNKNOWN_MEMBER),
        (["timeout_seconds"], 0, Definition.OUT_OF_RANGE),
        (["timeout_seconds"], 301, Definition.OUT_OF_RANGE),
        (["timeout_seconds"], "30", Definition.WRONG_TYPE),
        (["attempts"], 0, Definition.OUT_OF_RANGE),
        (["attempts"], 11, Definition.OUT_OF_RANGE),
        (["attempts"], 1.5, Definition.WRONG_TYPE),
        (["idempotent"], 1, Definition.WRONG_TYPE),
        (["version"], 1.0, Definition.WRONG_TYPE),
        (["verison"], "1.0", Definition.UNKNOWN_MEMBER),
    ],
)
def test_a_fault_of_a_component_is_named(path: Sequence[str], value: Any, code: Definition) -> None:
    fault = only_fault(pack(with_member(path, value)))
    assert fault.code == code
    assert fault.member.startswith("components[0]." + path[0])


def test_a_secret_in_the_file_is_not_repeated() -> None:
    fault = only_fault(pack(with_member(["auth", "token"], "hunter2-hunter2")))
    assert "hunter2" not in sentence(fault) + repr(fault)


def test_a_word_in_data_is_no_reference() -> None:
    schema = {"properties": {"a": {"default": {"$ref": "elsewhere"}, "enum": [{"$ref": "x"}]}}}
    parse_pack(pack(with_member(["request_schema"], schema)))


def test_a_schema_may_refer_to_itself_where_that_ends() -> None:
    schema = {"$defs": {"tree": {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}}}}}
    parse_pack(pack(with_member(["response_schema"], {**schema, "$ref": "#/$defs/tree"})))


FAULTY = """\
components:
  - key: works.create
    name: Works
    description: Does it.
    type: SOAP
    endpoint_url: https://works.example/{area}/{block}
    path_params:
      area:
        type: strng
      street: {type: string}
    request_schema:
      type: object
      properties:
        title:
          type: text
    auth:
      type: bearer
      token: literal
    colour: blue
    timeout_seconds: 900
  - key: works.create
    name: Works again
  - just text
"""


def test_every_fault_is_named_at_once_with_its_line() -> None:
    found = [(fault.line, fault.member, str(fault.code)) for fault in faults_of(FAULTY)]
    assert found == [
        (5, "components[0].type", "not_allowed"),
        (7, "components[0].path_params", "placeholder_undeclared"),
        (9, "components[0].path_params.area.type", "bad_schema"),
        (10, "components[0].path_params.street", "path_param_unused"),
        (15, "components[0].request_schema.properties.title.type", "bad_schema"),
        (18, "components[0].auth.token", "literal_secret"),
        (19, "components[0].colour", "unknown_member"),
        (20, "components[0].timeout_seconds", "out_of_range"),
        (21, "components[1].description", "missing_member"),
        (21, "components[1].endpoint_url", "missing_member"),
        (21, "components[1].key", "duplicate_key"),
        (23, "components[2]", "wrong_type"),
    ]


def test_a_fault_says_which_component_it_is_in() -> None:
    assert [fault.component for fault in faults_of(FAULTY)] == ["works.create"] * 11 + [None]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", PackFaultCode.NOT_A_PACK),
        ("# nothing", PackFaultCode.NOT_A_PACK),
        ("- a", PackFaultCode.NOT_A_PACK),
        ("{}", Definition.MISSING_MEMBER),
        ("components: []", PackFaultCode.EMPTY_PACK),
        ("components: {}", Definition.WRONG_TYPE),
        ("components:", Definition.WRONG_TYPE),
        ("components: [1", YamlFaultCode.NOT_YAML),
        ("components: [*gone]", YamlFaultCode.NOT_YAML),
        ("components: []\n---\ncomponents: []", YamlFaultCode.NOT_YAML),
        ("components: &a [*a]", YamlFaultCode.RECURSIVE_ALIAS),
        ("a: !!python/object/apply:os.system [ls]", YamlFaultCode.UNKNOWN_TAG),
        ("a: 1\na: 2", YamlFaultCode.DUPLICATE_MEMBER),
        ("[1]: 2", YamlFaultCode.MEMBER_NOT_TEXT),
        ("a: 1e999", YamlFaultCode.BAD_NUMBER),
        ("a: " + "9" * 5_000, YamlFaultCode.BAD_NUMBER),
        ('a: "\\0"', YamlFaultCode.BAD_CHARACTER),
        ("a: \x01", YamlFaultCode.BAD_CHARACTER),
        (b"a: \xff", YamlFaultCode.NOT_UTF8),
        ("a: \ud800", YamlFaultCode.NOT_UTF8),
        ("[" * 100_000, YamlFaultCode.TOO_DEEP),
        ("- " * (MAX_DEPTH + 1) + "a", YamlFaultCode.TOO_DEEP),
        ("a: &a 1\nb: [" + "*a, " * (MAX_ALIASES + 1) + "]", YamlFaultCode.TOO_MANY_ALIASES),
        ("a" * (MAX_BYTES + 1), YamlFaultCode.FILE_TOO_LARGE),
    ],
)
def test_a_file_that_is_no_pack_is_refused(source: str | bytes, code: str) -> None:
    assert only_fault(source).code == code


def test_half_a_character_is_refused_by_whichever_parser_there_is() -> None:
    assert only_fault('a: "\\ud800"').code in (YamlFaultCode.BAD_CHARACTER, YamlFaultCode.NOT_YAML)


def test_aliases_of_aliases_are_refused_before_they_are_written_out() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    fault = only_fault("\n".join(lines))
    assert fault.code == YamlFaultCode.EXPANDS_TOO_FAR


def test_the_line_of_a_syntax_fault_is_right_behind_wide_characters() -> None:
    assert only_fault("a: 水道\nb: ü\nc: \x01\n\n\n").line == 3


def test_the_fault_of_a_shared_part_is_named_where_it_is_written() -> None:
    shared = "x: &auth {type: bearer, token: plain}\n"
    source = (
        "components:\n- {key: a, name: A, description: A., endpoint_url: 'http://a.example/',\n   auth: *auth}\n"
    )
    faults = faults_of(shared + source)
    assert [(fault.line, str(fault.code)) for fault in faults] == [(1, "literal_secret"), (1, "unknown_member")]


def test_words_are_read_as_yaml_1_2_has_them() -> None:
    source = "{a: no, b: on, c: 12:30:00, d: 2026-01-31, e: 017, f: true, g: ~, h: 1.5, i: '1', j: !!str 2}"
    assert read_yaml(source).plain() == {
        "a": "no",
        "b": "on",
        "c": "12:30:00",
        "d": "2026-01-31",
        "e": 17,
        "f": True,
        "g": None,
        "h": 1.5,
        "i": "1",
        "j": "2",
    }


def test_the_sandbox_pack_is_valid_and_points_at_the_town() -> None:
    definitions = parse_pack(sandbox_pack("http://127.0.0.1:4711/"))
    assert len(definitions) >= 12
    assert all(item.endpoint_url.startswith("http://127.0.0.1:4711/") for item in definitions)
    assert {item.approval for item in definitions} == set(ApprovalPolicy)
