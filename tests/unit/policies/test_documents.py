"""Policies are read whole, or refused with every fault and its line."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views.private.policies import _SENTENCES as SENTENCES
from bot.views.private.policies import policy_faults, sentence
from services.formats.storable import typed
from services.formats.strict_yaml import YamlFaultCode
from services.policies.documents import (
    MAX_BYTES,
    PolicyDocument,
    PolicyFault,
    PolicyFaultCode,
    PolicyFaults,
    parse_policy,
)
from services.policies.sections import MAX_PASSAGE_CHARACTERS

ROADS = """\
---
name: Road works
effective_from: 2026-01-01
effective_until: 2026-12-31
---
# Rules for roads

Read them first.

## 1 Closures ##

A road is closed only after a person has agreed.

```text
# no heading, this
```

### 1.1 At night

Nobody is written to at night.

```yaml checks
- component: roads.close
  needs_gate: true
- component: [notify.residents, notify.all]
  forbidden_hours: 22:00-06:00
```

## Look-ups

Look up the address first.

## Look-ups

Twice is once too often.
"""


def read(text: str, checks: str | None = None, stem: str = "road-works") -> PolicyDocument:
    return parse_policy(text.encode(), stem, None if checks is None else checks.encode())


def faults(text: str | bytes, checks: str | None = None, stem: str = "roads") -> tuple[PolicyFault, ...]:
    source = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(PolicyFaults) as caught:
        parse_policy(source, stem, None if checks is None else checks.encode())
    return caught.value.faults


def test_headings_make_passages() -> None:
    policy = read(ROADS)
    assert (policy.key, policy.name) == ("road-works", "Road works")
    assert (policy.effective_from, policy.effective_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert [(each.anchor, each.heading, each.line) for each in policy.passages] == [
        ("rules-for-roads", "Rules for roads", 6),
        ("1", "1 Closures", 10),
        ("1.1", "1 Closures › 1.1 At night", 18),
        ("look-ups", "Look-ups", 29),
        ("look-ups-2", "Look-ups", 33),
    ]
    assert "# no heading, this" in policy.passages[1].text
    assert policy.passages[2].text == "Nobody is written to at night."


def test_checks_are_about_the_passage_that_they_stand_in() -> None:
    checks = read(ROADS).checks
    assert [(each.check.passage, each.line) for each in checks] == [("1.1", 23), ("1.1", 25)]
    assert checks[0].check.needs_gate is not None
    assert checks[1].check.component == ("notify.residents", "notify.all")


def test_a_file_of_checks_names_the_passages() -> None:
    policy = read(ROADS, "checks:\n  - {passage: look-ups, category: works, needs_before: {category: geo}}\n")
    placed = policy.checks[-1]
    assert (placed.check.passage, placed.line, placed.in_checks) == ("look-ups", 2, True)
    assert placed.check.needs_before is not None
    assert placed.check.needs_before.category == ("geo",)


NUMBERED = """\
Notice to all

§ 1 Scope
All roads.

Section 2.1 Cones
1. red
2. white

3 of them are too few.
"""


def test_numbers_make_passages_where_there_are_no_headings() -> None:
    assert [(each.anchor, each.text) for each in read(NUMBERED).passages] == [
        ("text", "Notice to all"),
        ("1", "All roads."),
        ("2.1", "1. red\n2. white\n\n3 of them are too few."),
    ]


def test_a_text_without_sections_is_one_passage() -> None:
    [passage] = read("Be kind.\n\nAlways.", stem="Kindness").passages
    assert (passage.anchor, passage.text) == ("text", "Be kind.\n\nAlways.")


def test_names_in_any_script_are_anchors() -> None:
    assert [each.anchor for each in read("# 停水\n\na\n\n# Água & luz\n\nb").passages] == ["停水", "água-luz"]


def test_a_long_section_is_cut_between_paragraphs() -> None:
    paragraphs = [f"Paragraph {number}: " + "word " * 120 for number in range(8)]
    passages = read("# 4 Long\n\n" + "\n\n".join(paragraphs)).passages
    assert len(passages) == 3
    assert [each.anchor for each in passages] == ["4", "4-2", "4-3"]
    assert all(len(each.text) <= MAX_PASSAGE_CHARACTERS for each in passages)
    assert all(each.text.startswith("Paragraph") for each in passages)
    together = " ".join(" ".join(each.text for each in passages).split())
    assert together == " ".join(" ".join(paragraphs).split())


@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_no_text_is_lost(text: str) -> None:
    body = text.replace("#", "").replace("`", "").replace("~", "")
    words = "".join(typed(body).split())
    if words:
        passages = read(f"# Title\n\n{body}", stem="a").passages
        assert "".join("".join(each.text.split()) for each in passages) == words
    else:
        assert [fault.code for fault in faults(f"# Title\n\n{body}")] == [PolicyFaultCode.EMPTY]


FAULTY = [
    (b"\xff\xfe", [(1, "not_utf8")]),
    (b"a\nb \xff", [(2, "not_utf8")]),
    (b"x" * (MAX_BYTES + 1), [(1, "too_large")]),
    (b"", [(1, "empty")]),
    (b"# Only\n\n## headings\n", [(1, "empty")]),
    (b"\n" * 60_000, [(50_001, "too_many_lines")]),
    (b"# a\nb\n" * 501, [(1_001, "too_many_passages")]),
    (b"---\nname: a\n", [(1, "open_front_matter"), (1, "empty")]),
    (b"---\nkey: A b\nowner: me\n---\ntext", [(2, "bad_key"), (3, "unknown_member")]),
    (b"---\nname: [a]\n---\ntext", [(2, "wrong_type")]),
    (b"---\nname: a\nname: b\n---\ntext", [(3, "duplicate_member")]),
    (b"---\n- a\n---\ntext", [(2, "wrong_type")]),
    (b"---\neffective_from: soon\neffective_until: 2026-02-30\n---\nt", [(2, "bad_date"), (3, "bad_date")]),
    (b"---\neffective_from: 2026-02-02\neffective_until: 2026-02-01\n---\nt", [(3, "ends_first")]),
    (b"t\n```yaml checks\n- component: a\n```\n", [(3, "no_requirement")]),
    (b"t\n```yaml checks\n- {component: a, needs_gate: true, forbidden: true}\n```", [(3, "no_requirement")]),
    (b"t\n```yaml checks\n- needs_gate: true\n```\n", [(3, "no_target")]),
    (b"t\n```yaml checks\n- {component: 5, forbidden: 1}\n```\n", [(3, "wrong_type"), (3, "wrong_type")]),
    (b"t\n```yaml checks\n- component: a\n  forbidden_hours: 6-8\n```\n", [(4, "bad_hours")]),
    (b"t\n```yaml checks\n- component: a\n  forbidden_hours: 08:00-08:00\n```\n", [(4, "bad_hours")]),
    (b"t\n```yaml checks\n- component: a\n  needs_gate: {people: [marco]}\n```\n", [(4, "bad_person")]),
    (b"t\n```yaml checks\n- component: a\n  needs_gate: false\n```\n", [(4, "wrong_type")]),
    (b"t\n```yaml checks\n- {component: a, forbidden: true, because: x}\n```\n", [(3, "unknown_member")]),
    (b"t\n```yaml checks\n- component: ''\n  forbidden: true\n```\n", [(3, "bad_text")]),
    (b"t\n```yaml checks\n- {component: a, forbidden: true, passage: '7'}\n```\n", [(3, "unknown_passage")]),
    (b"t\n```yaml checks\ncomponent: a\n```\n", [(3, "wrong_type")]),
    (b"t\n```yaml checks\n- component: a: b\n```\n", [(3, "not_yaml")]),
    (b"t\n```yaml checks\n" + b"- a\n" * 201 + b"```\n", [(3, "too_many_checks")]),
    (b"t\n```yaml checks\n" + b"# long\n" * 20_000, [(3, "too_large")]),
]


@pytest.mark.parametrize(("source", "found"), FAULTY)
def test_a_faulty_document_is_refused(source: bytes, found: list[tuple[int, str]]) -> None:
    assert [(fault.line, fault.code.value) for fault in faults(source)] == found


@pytest.mark.parametrize(
    ("checks", "found"),
    [
        ("", (1, "wrong_type")),
        ("- a", (1, "wrong_type")),
        ("rules: []\nchecks: []", (1, "unknown_member")),
        ("checks:\n  - {component: a, forbidden: true}", (2, "no_passage")),
        (
            "checks:\n  - {passage: text, component: a, forbidden: true}\n  - {passage: other, component: a, "
            "forbidden: true}",
            (3, "unknown_passage"),
        ),
    ],
)
def test_a_faulty_file_of_checks_is_refused(checks: str, found: tuple[int, str]) -> None:
    fault = faults("text", checks)[0]
    assert (fault.line, fault.code.value, fault.in_checks) == (*found, True)


CONTRADICTIONS = [
    (
        ["{component: a, needs_before: {component: b}}", "{component: b, forbidden: true}"],
        [(2, "demands_forbidden", "b")],
    ),
    (
        ["{component: b, forbidden: true}", "{component: a, needs_before: {component: [b, c]}}"],
        [],
    ),
    (
        ["{category: Geo, forbidden: true}", "{component: a, needs_before: {category: geo}}"],
        [(3, "demands_forbidden", "geo")],
    ),
    (["{component: a, needs_before: {component: a}}"], [(2, "circle", "a")]),
    (
        [
            "{component: a, needs_before: {component: b}}",
            "{component: b, needs_before: {component: c}}",
            "{component: c, needs_before: {component: a}}",
        ],
        [(2, "circle", "a")],
    ),
    (
        ["{component: a, needs_gate: {people: U0A000001}}", "{component: a, needs_gate: {people: [U0B000001]}}"],
        [(2, "nobody_may_agree", "a")],
    ),
    (
        [
            "{category: a, needs_gate: {people: [U0A000001, U0B000001]}}",
            "{category: a, needs_gate: {people: [U0B000001]}}",
            "{category: a, needs_gate: true}",
        ],
        [],
    ),
    (["{component: a, forbidden: true}", "{component: a, needs_gate: true}"], []),
    (["{component: a, needs_before: {component: b}}", "{component: b, needs_before: {component: [a, c]}}"], []),
]


@pytest.mark.parametrize(("checks", "found"), CONTRADICTIONS)
def test_rules_that_contradict_each_other_are_named(checks: list[str], found: list[tuple[int, str, str]]) -> None:
    text = "checks:\n" + "".join(f"  - {{passage: text, {check[1:]}\n" for check in checks)
    if not found:
        assert len(read("text", text).checks) == len(checks)
        return
    told = faults("text", text)
    assert [fault.code.value for fault in told] == [code for _, code, _ in found]
    assert [fault.detail["name"] for fault in told if fault.code is PolicyFaultCode.DEMANDS_FORBIDDEN] == [
        name for _, code, name in found if code == "demands_forbidden"
    ]


@pytest.mark.parametrize(
    "source",
    [
        b"#" + b" " * 1_000_000 + b"x",
        b"```" + b" " * 1_000_000 + b"`",
        b"# " + b"T" * 500_000 + b"\n" + b"## a\nx\n" * 20_000,
        b"\n1 a\n" * 20_000,
        b"word " * 200_000,
        b"w" * 1_000_000,
        b"---\n" + b"a: &a [*a, *a]\n" * 40 + b"---\ntext",
        b"text\n```yaml checks\n" + b"- {component: a, needs_gate: true}\n" * 3_000,
        b"x" * 5_000_000,
    ],
    ids=lambda source: repr(source[:12]),
)
def test_nothing_takes_long(source: bytes) -> None:
    started = time.process_time()
    try:
        parse_policy(source, "a")
    except PolicyFaults as error:
        assert error.faults  # noqa: PT017 - either is right, as long as it is soon
    assert time.process_time() - started < 4


def test_every_fault_has_its_sentence() -> None:
    assert set(SENTENCES) == {*PolicyFaultCode, *YamlFaultCode}


@pytest.mark.parametrize(("source", "_"), FAULTY)
def test_sentences(source: bytes, _: object) -> None:
    for fault in faults(source):
        said = sentence(fault)
        assert said
        assert said.isprintable()
        assert not said.endswith(".")


def test_each_fault_is_told_with_its_file_and_line() -> None:
    found = faults("---\nkey: A b\n---\ntext", "checks:\n  - {passage: x, component: a, forbidden: true}")
    told = policy_faults(found, "roads.md", "roads.checks.yaml")
    assert told[0].startswith("roads.md:2: A policy's key is 1 to 64 of a-z")
    assert told[1] == "roads.checks.yaml:2: The policy has no passage “x” with words of its own"
    assert policy_faults(found * 30, "a", "b")[-1] == "…and 20 more"


def test_a_contradiction_is_told_with_the_other_rule() -> None:
    checks = "checks:\n" + "".join(f"  - {{passage: text, {check[1:]}\n" for check in CONTRADICTIONS[0][0])
    assert [sentence(fault) for fault in faults("text", checks)] == [
        "“b” is demanded by one rule and forbidden by another: this one, and passage text"
    ]
