from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.formats.strict_json import Path, PathPart, render_path
from services.plans.references import (
    STEP_ID,
    Flaw,
    MalformedReference,
    Reference,
    is_whole,
    parse,
    readable_part,
    scan,
    walk,
)

names = st.from_regex(r"[\w$@#:/-]{1,12}", fullmatch=True)
paths = st.lists(names | st.integers(0, 999_999), max_size=5).map(tuple)
step_ids = st.from_regex(STEP_ID, fullmatch=True)
plain = st.text(max_size=20).filter(lambda text: "{" not in text and "}" not in text)


def written(source: str, path: Path, space: str = "") -> str:
    tail = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "{{" + space + source + tail + space + "}}"


@pytest.mark.parametrize(
    ("text", "source", "path"),
    [
        ("{{issue.text}}", "issue", ("text",)),
        ("{{run.id}}", "run", ("id",)),
        ("{{ticket}}", "ticket", ()),
        ("{{ticket.path.to[0].field}}", "ticket", ("path", "to", 0, "field")),
        ("{{ticket[0][12]}}", "ticket", (0, 12)),
        ("{{ ticket.id\t}}", "ticket", ("id",)),
        ("{{look-up_2.straße}}", "look-up_2", ("straße",)),
        ("{{ticket.311.service-code}}", "ticket", ("311", "service-code")),
        ('{{rates["exchange rate"]}}', "rates", ("exchange rate",)),
        ("{{rates['a.b'].c[0]}}", "rates", ("a.b", "c", 0)),
        ('{{rates["a"]["b c"]}}', "rates", ("a", "b c")),
        ('{{rates["it\'s"]}}', "rates", ("it's",)),
        ('{{rates["say \\"x\\""]}}', "rates", ('say "x"',)),
    ],
)
def test_a_whole_reference(text: str, source: str, path: Path) -> None:
    assert parse(text) == (Reference(source, path, whole=True, text=text),)
    assert is_whole(text)


def test_references_inside_a_longer_text() -> None:
    assert parse("No {{a.id}}/{{b}}!") == (
        "No ",
        Reference("a", ("id",), whole=False, text="{{a.id}}"),
        "/",
        Reference("b", (), whole=False, text="{{b}}"),
        "!",
    )
    assert not is_whole("{{a.id}} ")
    assert not is_whole("{{a.id}}{{a.id}}")


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("{{", Flaw.UNCLOSED),
        ("{{a.id", Flaw.UNCLOSED),
        ("{{a.id}", Flaw.UNCLOSED),
        ("{{a.id {{b.id", Flaw.UNCLOSED),
        ("{{}}", Flaw.EMPTY),
        ("{{  }}", Flaw.EMPTY),
        ("{{.id}}", Flaw.BAD_SOURCE),
        ("{{1a.id}}", Flaw.BAD_SOURCE),
        ("{{{a.id}}", Flaw.BAD_SOURCE),
        ("{{a.}}", Flaw.BAD_PATH),
        ("{{a..id}}", Flaw.BAD_PATH),
        ("{{a.id|upper}}", Flaw.BAD_PATH),
        ("{{a.id + 1}}", Flaw.BAD_PATH),
        ("{{a . id}}", Flaw.BAD_PATH),
        ("{{a[x]}}", Flaw.BAD_PATH),
        ("{{a[-1]}}", Flaw.BAD_PATH),
        ("{{a[]}}", Flaw.BAD_PATH),
        ("{{a[0}}", Flaw.BAD_PATH),
        ("{{a[١]}}", Flaw.BAD_PATH),
        ("{{a[99999999999999999999]}}", Flaw.BAD_PATH),
        ("{{a.i\x00d}}", Flaw.BAD_PATH),
        ("{{" + "a" * 65 + ".id}}", Flaw.BAD_PATH),
    ],
)
def test_malformed(text: str, flaw: Flaw) -> None:
    assert parse(text) == (MalformedReference(text, flaw),)


def test_the_braces_that_close_belong_to_the_nearest_that_open() -> None:
    assert parse("{{{{{a.x}}}") == (
        MalformedReference("{{{", Flaw.UNCLOSED),
        Reference("a", ("x",), whole=False, text="{{a.x}}"),
        "}",
    )


def test_an_unclosed_one_does_not_swallow_the_next() -> None:
    assert parse("{{a.x {{b.y}} c") == (
        MalformedReference("{{a.x ", Flaw.UNCLOSED),
        Reference("b", ("y",), whole=False, text="{{b.y}}"),
        " c",
    )


@pytest.mark.parametrize("text", ["", "plain", "{a}", "}}", "a }} b", '{"a": {"b": {}}}', "} {"])
def test_text_without_references(text: str) -> None:
    assert list(scan(text)) == []


def test_references_in_nested_values_are_whole_in_their_own_string() -> None:
    text = json.dumps({"where": {"lat": "{{geo.lat}}", "note": "at {{issue.text}}"}, "{{run.id}}": [["{{a[0]}}"]]})
    assert list(scan(text)) == [
        Reference("geo", ("lat",), whole=True, text="{{geo.lat}}"),
        Reference("issue", ("text",), whole=False, text="{{issue.text}}"),
        Reference("run", ("id",), whole=True, text="{{run.id}}"),
        Reference("a", (0,), whole=True, text="{{a[0]}}"),
    ]


def test_nested_values_are_read_with_their_escapes() -> None:
    assert list(scan(r'["\u007b{a.id}}"]')) == [Reference("a", ("id",), whole=True, text="{{a.id}}")]


@pytest.mark.parametrize("text", ['{"lat": {{geo.lat}}}', "[{{geo.lat}}", "[" * 100_000 + "{{geo.lat}}"])
def test_references_in_what_only_looks_like_json_are_found(text: str) -> None:
    assert list(scan(text)) == [Reference("geo", ("lat",), whole=False, text="{{geo.lat}}")]


def test_a_deep_value_is_walked_without_recursion() -> None:
    value: object = "{{a.id}}"
    for _ in range(50_000):
        value = [value]
    assert [found.text for found in walk(value)] == ["{{a.id}}"]


@pytest.mark.parametrize(
    ("before", "repeated", "after"),
    [
        ("", "{{", ""),
        ("", "{", ""),
        ("", "{{a.b", "}}"),
        ("{{a", ".b", "}}"),
        ("{{a", "[0]", "!}}"),
        ("{{", " ", "}}"),
        ("", " ", "{{"),
        ("", "{{a.b}}", ""),
        ("", "}} {{", ""),
        ("", '["{{a.b}}",', ""),
    ],
)
def test_a_long_text_takes_time_in_proportion(before: str, repeated: str, after: str) -> None:
    def best(length: int) -> float:
        text = before + repeated * (length // len(repeated)) + after
        times = []
        for _ in range(3):
            start = time.process_time()
            list(scan(text))
            times.append(time.process_time() - start)
        return min(times)

    # Eight times the text takes eight times as long, and sixty-four times if the time grows with its square.
    # Shorter ones than these are kept.
    assert best(200_000) < 24 * max(best(25_000), 0.0005)


@given(source=step_ids, path=paths, space=st.sampled_from(["", " ", "\n  "]))
def test_what_is_written_is_what_is_read(source: str, path: tuple[PathPart, ...], space: str) -> None:
    text = written(source, path, space)
    assert parse(text) == (Reference(source, path, whole=True, text=text),)
    assert written(source, path) == "{{" + source + ("" if not path or path[0].__class__ is int else ".") + (
        render_path(path) + "}}"
    )


@given(st.lists(plain | st.tuples(step_ids, paths), max_size=8))
def test_exactly_what_was_put_in_is_found(parts: list[str | tuple[str, tuple[PathPart, ...]]]) -> None:
    texts = [part if isinstance(part, str) else written(*part) for part in parts]
    found = [part for part in parse("".join(texts)) if not isinstance(part, str)]
    put_in = [part for part in parts if not isinstance(part, str)]
    assert [(part.source, part.path) for part in found if isinstance(part, Reference)] == put_in
    assert len(found) == len(put_in)


json_values = st.recursive(
    plain.map(lambda text: (text, [])) | st.tuples(step_ids, paths).map(lambda part: (written(*part), [part])),
    lambda inner: st.lists(inner, max_size=4).map(
        lambda items: ([value for value, _ in items], [part for _, parts in items for part in parts])
    ),
    max_leaves=8,
)


@given(json_values.filter(lambda pair: isinstance(pair[0], list)))
def test_exactly_what_was_put_into_a_nested_value_is_found(pair: tuple[object, list[object]]) -> None:
    value, put_in = pair
    found = list(scan(json.dumps(value)))
    assert [(part.source, part.path, part.whole) for part in found if isinstance(part, Reference)] == [
        (*part, True) for part in put_in if isinstance(part, tuple)
    ]


@settings(max_examples=200)
@given(st.text(st.sampled_from('{}ab.[]01 \n|\\"')) | st.text())
def test_nothing_is_lost_whatever_the_text(text: str) -> None:
    parts = parse(text)
    assert "".join(part if isinstance(part, str) else part.text for part in parts) == text
    assert all(not isinstance(part, str) or "{{" not in part for part in parts)
    list(scan(text))


@pytest.mark.parametrize(
    "text",
    ['{{a["}}', "{{a['b\"]}}", '{{a[""]}}', "{{a[b c]}}", '{{a["b" ]}}', '{{a."b"}}', '{{a["b]}}', "{{a[']}}"],
)
def test_quotes_that_do_not_fit_are_a_bad_path(text: str) -> None:
    [found, *_] = parse(text)
    assert isinstance(found, MalformedReference)


any_names = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="{}"), min_size=1, max_size=8
)


@given(st.lists(any_names, max_size=3))
def test_any_name_can_be_written(names: list[str]) -> None:
    tail = render_path(tuple(names))
    text = "{{a" + ("" if not tail or tail.startswith("[") else ".") + tail + "}}"
    assert parse(text) == (Reference("a", tuple(names), whole=True, text=text),)


@pytest.mark.parametrize(
    ("text", "legal", "position"),
    [
        ("{{ask.id|upper}}", "{{ask.id}}", 8),
        ("{{ ask.id | upper }}", "{{ask.id}}", 9),
        ("{{ask.the crew}}", "{{ask.the}}", 9),
        ("{{ask.items[x].id}}", "{{ask.items}}", 11),
        ("{{ask.}}", "{{ask}}", 5),
        ("{{ask.id", "{{ask.id}}", 8),
        ("{{1st.id}}", "", 2),
        ("{{}}", "", 2),
    ],
)
def test_how_far_what_is_malformed_can_be_read(text: str, legal: str, position: int) -> None:
    assert readable_part(text) == (legal, position)
