"""What is made of a body, of a Retry-After, and of every way in which a call can end."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.connectors import CallError, Outcome, Response, ResponseWarning, WarningCode, check_response, judge
from services.connectors.errors import (
    AddressRefused,
    MaybeSent,
    NotSent,
    RedirectRefused,
    SecretMissing,
    TokenRefused,
    UnresolvedReference,
)
from services.connectors.responses.response import MAX_RESPONSE_BYTES, read_body, retry_after

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
JSON = "application/json"


def codes(warnings: tuple[ResponseWarning, ...]) -> list[WarningCode]:
    return [warning.code for warning in warnings]


@pytest.mark.parametrize(
    ("data", "content_type", "value"),
    [
        (b'{"a": [1, 2.5, null]}', JSON, {"a": [1, 2.5, None]}),
        (b"5", JSON, 5),
        (b'"text"', JSON, "text"),
        (b"[]", "application/problem+json; charset=utf-8", []),
        (b"[]", "Text/JSON", []),
        ('{"a": "é"}'.encode("latin-1"), f"{JSON}; charset=ISO-8859-1", {"a": "é"}),
        (b"\xef\xbb\xbf{}", JSON, {}),
        ("{}".encode("utf-16"), f"{JSON}; charset=utf-16", {}),
        (b' {"a": 1}', "text/plain", {"a": 1}),
        (b"[1]", "text/html; charset=utf-8", [1]),
        (b"{}", "", {}),
        (b"{}", "application/octet-stream", {}),
        (b"{}", "nonsense", {}),
        (b"WO-1", "text/plain", "WO-1"),
        (b"WO-1", "", "WO-1"),
        (b"5", "text/plain", "5"),
        (b"{not json", "text/plain", "{not json"),
        (b"{}", "text/csv", {}),
        (b"{}", "application/xml", {}),
        (b"<a/>", "application/xml", {"a": None}),
        (b"<p>not <b>XML</p>", "text/html", "<p>not <b>XML</p>"),
        (b"x", "text/plain; charset=no-such-charset", "x"),
        (b"x", "text/plain; charset=hex", "x"),
        (b"x-", "text/plain; charset=punycode", "x-"),
        (b"\\x41", "text/plain; charset=unicode_escape", "\\x41"),
    ],
)
def test_a_body_is_what_its_type_says(data: bytes, content_type: str, value: Any) -> None:
    assert read_body(data, content_type=content_type) == (value, ())


@pytest.mark.parametrize("content_type", [JSON, "text/plain", "", "image/png"])
@pytest.mark.parametrize("data", [b"", b"  \r\n"])
def test_an_empty_body_is_nothing(data: bytes, content_type: str) -> None:
    assert read_body(data, content_type=content_type) == (None, ())


@pytest.mark.parametrize(
    ("data", "content_type", "value", "code"),
    [
        (b"<html>502</html>", JSON, "<html>502</html>", WarningCode.NOT_JSON),
        (b"{'a': 1}", JSON, "{'a': 1}", WarningCode.NOT_JSON),
        (b'{"a": NaN, "b": "NaN 007"}', JSON, {"a": None, "b": "NaN 007"}, WarningCode.NOT_STRICT),
        (b"[007, 0, -0.5, 10, 0.01]", JSON, ["007", 0, -0.5, 10, 0.01], WarningCode.NOT_STRICT),
        (b")]}',\n[1]", JSON, [1], WarningCode.NOT_STRICT),
        (b"[" * 5000, JSON, "[" * 5000, WarningCode.NOT_JSON),
        (b"caf\xe9", "text/plain", "caf\ufffd", WarningCode.BAD_TEXT),
        (b'{"a": "\xe9"}', JSON, {"a": "\ufffd"}, WarningCode.BAD_TEXT),
        (b"\x89PNG\r\n", "image/png", None, WarningCode.BINARY),
        (b"\x89PNG\r\n", "", None, WarningCode.BINARY),
    ],
)
def test_a_body_that_is_not_what_its_type_says_has_a_warning(
    data: bytes, content_type: str, value: Any, code: WarningCode
) -> None:
    assert read_body(data, content_type=content_type) == (value, (ResponseWarning(code),))


def test_what_can_not_be_stored_is_replaced() -> None:
    value, _ = read_body(
        b'{"a\\u0000": ["x\\u0000y", "\\ud800", {"b": "\\ud83d\\ude00"}], "n": 1}', content_type=JSON
    )
    assert value == {"a\ufffd": ["x\ufffdy", "\ufffd", {"b": "\U0001f600"}], "n": 1}
    assert read_body(b"a\0b", content_type="text/plain")[0] == "a\ufffdb"


def test_a_body_that_was_cut_is_a_text() -> None:
    text = "é" * (MAX_RESPONSE_BYTES // 2)
    value, warnings = read_body(f'"{text}'.encode()[:MAX_RESPONSE_BYTES], content_type=JSON, cut=True)
    assert value == f'"{text[:-1]}'
    assert codes(warnings) == [WarningCode.TOO_LARGE, WarningCode.NOT_JSON]


@given(some.binary(), some.text(), some.sampled_from(["", "gzip", "deflate", "br"]), some.booleans())
def test_whatever_comes_is_read(data: bytes, content_type: str, encoding: str, cut: bool) -> None:
    value, _ = read_body(data, content_type=content_type, content_encoding=encoding, cut=cut)
    assert "\\u0000" not in json.dumps(value)


@given(some.text(some.characters(exclude_categories=())), some.sampled_from([JSON, "text/plain", "text/csv"]))
def test_what_is_kept_can_be_stored(text: str, content_type: str) -> None:
    value, _ = read_body(json.dumps({"a": text}).encode(), content_type=content_type)
    json.dumps(value, ensure_ascii=False).replace("\\u0000", "\0").encode()
    assert "\0" not in (value["a"] if isinstance(value, dict) else value)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("-1", None),
        ("1e9", None),
        ("9" * 30, None),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 13:00:30 +0100", 30.0),
        ("Sunday, 01-Mar-26 12:00:30 GMT", 30.0),
        ("Sun Mar  1 12:00:30 2026", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("tomorrow", None),
        ("Sun, 99 Mar 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOON) == seconds


@given(some.text())
def test_no_retry_after_is_too_odd(header: str) -> None:
    found = retry_after(header, NOON)
    assert found is None or found >= 0


SCHEMA = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "items": {"type": "array", "items": {"type": "integer"}}},
}


def test_an_answer_that_fits_its_schema_has_no_warning() -> None:
    assert check_response(SCHEMA, {"id": "a", "items": [1], "more": None}) == ()
    assert check_response({}, "anything") == ()


def test_a_mismatch_is_a_warning_with_where_and_what() -> None:
    warnings = check_response(SCHEMA, {"items": [1, "two"]})
    assert [warning.to_dict() for warning in warnings] == [
        {"code": "mismatch", "at": "", "keyword": "required", "expected": '["id"]'},
        {"code": "mismatch", "at": "items[1]", "keyword": "type", "expected": '"integer"'},
    ]
    (nothing,) = check_response(SCHEMA, None)
    assert (nothing.at, nothing.keyword, nothing.expected) == ("", "type", '"object"')


def test_a_schema_that_can_not_be_judged_by_is_a_warning() -> None:
    assert codes(check_response({"type": "no-such-type"}, {})) == [WarningCode.UNJUDGED]


def answer(status: int, after: float | None = None) -> Response:
    return Response(status, JSON, None, 0.1, 0, (), after)


RETRY, FAIL, UNCERTAIN, DONE = Outcome.RETRY, Outcome.FAIL, Outcome.UNCERTAIN, Outcome.DONE


@pytest.mark.parametrize(
    ("result", "if_safe", "if_not"),
    [
        *((answer(status), DONE, DONE) for status in (200, 201, 202, 204, 299)),
        *((answer(status), FAIL, FAIL) for status in (101, 400, 401, 403, 404, 409, 410, 422, 499, 501, 505)),
        *((answer(status), RETRY, RETRY) for status in (429, 503)),
        *((answer(status), RETRY, UNCERTAIN) for status in (408, 425, 500, 502, 504, 507, 520, 599)),
        (NotSent("dns"), RETRY, RETRY),
        (MaybeSent("timeout"), RETRY, UNCERTAIN),
        (MaybeSent("connection", status=200), RETRY, UNCERTAIN),
        (RedirectRefused(status=302, host="a"), FAIL, UNCERTAIN),
        (AddressRefused("a", "private"), FAIL, FAIL),
        (SecretMissing("A"), FAIL, FAIL),
        (TokenRefused(status=401), FAIL, FAIL),
        (UnresolvedReference(reference="{{a.b}}", input="body.x"), FAIL, FAIL),
    ],
)
def test_each_end_of_a_call_has_its_outcome(
    result: Response | CallError, if_safe: Outcome, if_not: Outcome
) -> None:
    assert judge(result, safe=True).outcome is if_safe
    assert judge(result, safe=False).outcome is if_not


@pytest.mark.parametrize("result", [answer(429, 7.0), answer(503, 7.0), NotSent("token", retry_after=7.0)])
def test_what_the_other_side_asks_for_is_passed_on(result: Response | CallError) -> None:
    assert judge(result, safe=False).after == 7.0


def test_errors_are_facts_that_can_be_stored() -> None:
    assert MaybeSent("timeout", status=200).to_dict() == {"code": "maybe_sent", "reason": "timeout", "status": 200}
    assert SecretMissing("A").to_dict() == {"code": "secret_missing", "name": "A"}
    assert TokenRefused(status=401, error="e").to_dict() == {"code": "token_refused", "status": 401, "error": "e"}


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"+2D0-", "text/plain; charset=utf_7"),
        (b"+2D0-", "text/plain; charset=u7"),
        (rb"\ud83d", "text/plain; charset=raw_unicode_escape"),
        (rb"\ud83d", "text/plain; charset=raw unicode escape"),
        (b'["+2D0-"]', f"{JSON}; charset=utf_7"),
        (rb'["\ud83d", "\u0000"]', JSON),
        (b'"a\x00b"', "text/plain"),
        (b"{}", "text/plain; charset*=utf-8''a%00b"),
    ],
)
def test_whatever_the_charset_the_value_can_be_kept(data: bytes, content_type: str) -> None:
    value, _ = read_body(data, content_type=content_type)
    text = json.dumps(value, ensure_ascii=False)
    assert "\x00" not in text
    assert "\\u0000" not in text
    text.encode()  # which no half of a surrogate pair survives


@pytest.mark.parametrize("charset", ["utf_7", "u7", "UTF-7", "raw unicode escape", "a\0b", "\ud800", "rot13"])
def test_what_is_no_character_set_is_read_as_utf_8_by_whatever_name(charset: str) -> None:
    assert read_body(rb"+2D0- \ud83d", content_type=f'text/plain; charset="{charset}"')[0] == r"+2D0- \ud83d"


def test_whether_items_are_unique_is_not_judged() -> None:
    schema = {
        "type": "object",
        "properties": {"ids": {"type": "array", "uniqueItems": True, "items": {"type": "string"}}},
    }
    assert check_response(schema, {"ids": ["a", "a"]}) == ()
    assert codes(check_response(schema, {"ids": [1]})) == [WarningCode.MISMATCH]
