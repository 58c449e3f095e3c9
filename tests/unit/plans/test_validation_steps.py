"""Ids, components, order and references: one test for each fault, and what must not be one."""

from __future__ import annotations

import pytest

from services.plans.model import Step
from services.plans.validation import Fault, FaultCode
from tests.support.builders import body, codes, component, given, only, report, step

ANSWERS = component(
    "answers",
    response_schema={
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "items": {
                "type": "array",
                "minItems": 8,
                "items": {"type": "object", "properties": {"code": {"type": "string"}}},
            },
            "pair": {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
            "free": {"type": "object"},
            "open": {"type": "object", "properties": {"a": {}}, "additionalProperties": True},
            "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"n": {}}}},
            "maybe": {"anyOf": [{"type": "object", "properties": {"x": {}}}, {"type": "null"}]},
            "either": {"oneOf": [{"properties": {"x": {}}}, {"description": "anything"}]},
            "both": {"allOf": [{"properties": {"x": {}}}, {"properties": {"y": {}}}, {"required": ["x"]}]},
            "place": {"$ref": "#/$defs/place"},
            "elsewhere": {"$ref": "https://example.org/place.json"},
            "pattern": {"properties": {"x": {}}, "patternProperties": {"^x-": {}}},
        },
        "$defs": {"place": {"properties": {"lat": {}, "within": {"$ref": "#/$defs/place"}}}},
    },
)


def taking(path: str, name: str = "ask") -> tuple[Step, ...]:
    """A step that answers, and one that takes the field at `path` of the answer."""
    return (step("ask", "answers"), step("use", "free", *body(x="{{" + f"{name}{path}" + "}}")))


def test_a_good_plan_has_no_fault() -> None:
    said = report(
        (
            step("find", "answers", *body(q="{{issue.text}}"), then=["open"]),
            step("open", "free", *body(code="{{find.items[0].code}}", by="{{issue.reporter}}")),
            step("tell", "free", *body(text="No {{open.id}} in {{issue.channel}}, {{run.id}}")),
        ),
        ANSWERS,
        selected=["answers", "free"],
    )
    assert said.ok
    assert (said.errors, said.warnings) == ((), ())


def test_no_steps() -> None:
    assert only(report(()).errors) == Fault(FaultCode.NO_STEPS, None, "steps")
    assert report(()).warnings == ()


def test_more_steps_than_the_limit() -> None:
    steps = tuple(step(f"s{number}") for number in range(4))
    assert only(report(steps, max_steps=3).errors) == Fault(
        FaultCode.TOO_MANY_STEPS, None, "steps", {"steps": 4, "limit": 3}
    )
    assert report(steps, max_steps=4).ok


def test_the_limit_is_200_unless_it_is_said() -> None:
    assert report(tuple(step(f"s{number}") for number in range(200))).ok
    assert codes(report(tuple(step(f"s{number}") for number in range(201))).errors) == [FaultCode.TOO_MANY_STEPS]


@pytest.mark.parametrize("step_id", ["", "1a", "a b", "a.b", "ä", "a\n", "-a", "a" * 65])
def test_a_malformed_step_id(step_id: str) -> None:
    found = only(report((step(step_id),)).errors)
    assert (found.code, found.field, found.detail) == (
        FaultCode.MALFORMED_STEP_ID,
        "step_id",
        {"reason": "pattern"},
    )


@pytest.mark.parametrize("step_id", ["issue", "run"])
def test_a_reserved_step_id(step_id: str) -> None:
    assert only(report((step(step_id),)).errors) == Fault(
        FaultCode.MALFORMED_STEP_ID, step_id, "step_id", {"reason": "reserved"}
    )


@pytest.mark.parametrize("step_id", ["a", "_", "A-1_b", "a" * 64, "issues", "runs"])
def test_a_good_step_id(step_id: str) -> None:
    assert report((step(step_id),)).ok


def test_a_malformed_step_id_is_still_known_to_next() -> None:
    assert codes(report((step("a", then=["b c"]), step("b c"))).errors) == [FaultCode.MALFORMED_STEP_ID]


def test_a_duplicate_step_id() -> None:
    assert only(report((step("a"), step("b"), step("a"), step("a"))).errors) == Fault(
        FaultCode.DUPLICATE_STEP_ID, "a", "step_id", {"times": 3}
    )


def test_an_unknown_component() -> None:
    assert only(report((step("a", "nobody"),)).errors) == Fault(
        FaultCode.UNKNOWN_COMPONENT, "a", "component_id", {"component": "nobody"}
    )


def test_an_inactive_component() -> None:
    assert only(report((step("a", "old"),), component("old", active=False)).errors) == Fault(
        FaultCode.INACTIVE_COMPONENT, "a", "component_id", {"component": "old"}
    )


def test_a_dangling_next() -> None:
    assert only(report((step("a", then=["b", "gone", "gone"]), step("b"))).errors) == Fault(
        FaultCode.DANGLING_NEXT, "a", "next", {"next": "gone"}
    )


def test_a_cycle_is_named_in_the_order_of_the_work() -> None:
    said = report((step("a", then=["b"]), step("b", then=["c"]), step("c", then=["a"])))
    assert only(said.errors) == Fault(FaultCode.CYCLE, "a", None, {"cycle": ["a", "b", "c"]})


def test_a_cycle_of_references() -> None:
    said = report((step("a", "free", *body(x="{{b.id}}")), step("b", "free", *body(x="{{a.id}}"))))
    assert [(fault.code, fault.step_id) for fault in said.errors] == [
        (FaultCode.CYCLE, "a"),
        (FaultCode.NOT_UPSTREAM, "a"),
    ]


def test_a_step_after_itself_is_a_cycle() -> None:
    assert only(report((step("a", then=["a"]),)).errors) == Fault(FaultCode.CYCLE, "a", None, {"cycle": ["a"]})


def test_each_cyclic_part_is_named_once() -> None:
    said = report(
        (
            step("p", then=["q"]),
            step("q", then=["p", "r"]),
            step("a", then=["b", "c"]),
            step("b", then=["a"]),
            step("c", then=["a"]),
            step("r"),
        )
    )
    cycles = [fault.detail["cycle"] for fault in said.errors if fault.code is FaultCode.CYCLE]
    assert cycles == [["p", "q"], ["a", "b"]] or cycles == [["p", "q"], ["a", "c"]]


def test_a_step_behind_a_cycle_is_unreachable() -> None:
    said = report(
        (
            step("start", then=["a", "after"]),
            step("a", then=["b"]),
            step("b", then=["a"]),
            step("after", "free", *body(x="{{b.id}}")),
            step("last", "free", *body(x="{{after.id}}")),
            step("aside"),
        )
    )
    assert said.errors[1:] == (
        Fault(FaultCode.UNREACHABLE_STEP, "after", None, {"waits_for": ["b"]}),
        Fault(FaultCode.UNREACHABLE_STEP, "last", None, {"waits_for": ["after"]}),
    )
    assert codes(said.errors[:1]) == [FaultCode.CYCLE]


@pytest.mark.parametrize("text", ["{{ask.id", "{{}}", "{{ask.id | upper}}", "No {{1.id}}"])
def test_a_malformed_reference(text: str) -> None:
    found = only(report((step("ask"), step("use", "free", *body(x=text)))).errors)
    assert (found.code, found.step_id, found.field) == (FaultCode.MALFORMED_REFERENCE, "use", "body.x")
    assert found.detail["reference"] in text


def test_a_reference_to_an_unknown_step() -> None:
    assert only(report((step("a", "free", *body(x="{{gone.id}} {{gone.id}}")),)).errors) == Fault(
        FaultCode.UNKNOWN_STEP_REFERENCE, "a", "body.x", {"reference": "{{gone.id}}", "source": "gone"}
    )


def test_a_reference_to_itself() -> None:
    said = report((step("a", "free", *body(x="{{a.id}}")), step("b", "free", *body(x="{{a.id}}"))))
    assert only(said.errors) == Fault(FaultCode.SELF_REFERENCE, "a", "body.x", {"reference": "{{a.id}}"})


def test_a_reference_to_a_step_that_comes_later() -> None:
    said = report((step("a", "free", *body(x="{{c.id}}"), then=["b"]), step("b", then=["c"]), step("c")))
    assert said.errors == (
        Fault(FaultCode.CYCLE, "a", None, {"cycle": ["a", "b", "c"]}),
        Fault(FaultCode.NOT_UPSTREAM, "a", "body.x", {"reference": "{{c.id}}", "source": "c"}),
    )


def test_a_good_reference_on_a_cycle_is_not_blamed() -> None:
    said = report(
        (
            step("a", "free", *body(x="{{c.id}}"), then=["b"]),
            step("b", then=["c"]),
            step("c", "free", *body(x="{{a.id}} {{b.id}}")),
        )
    )
    assert [fault.step_id for fault in said.errors if fault.code is FaultCode.NOT_UPSTREAM] == ["a"]


def test_the_order_of_the_steps_in_the_plan_does_not_matter() -> None:
    said = report((step("c", "free", *body(x="{{b.id}}")), step("b", "free", *body(x="{{a.id}}")), step("a")))
    assert said.ok


@pytest.mark.parametrize(
    "path",
    [
        ".nope",
        ".id.deeper",
        ".id[0]",
        "[0]",
        ".items.code",
        ".items[0].nope",
        ".pair[1]",
        ".map.any.nope",
        ".maybe.nope",
        ".both.nope",
        ".place.nope",
        ".place.within.within.nope",
    ],
)
def test_a_reference_to_a_field_that_is_not_declared(path: str) -> None:
    found = only(report(taking(path), ANSWERS).errors)
    assert (found.code, found.step_id, found.field) == (FaultCode.UNDECLARED_FIELD, "use", "body.x")
    assert (found.detail["source"], found.detail["path"], found.detail["component"]) == (
        "ask",
        path.removeprefix("."),
        "answers",
    )


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".id",
        ".items[7].code",
        ".pair[0]",
        ".free.anything[0].at.all",
        ".open.b",
        ".map.any.n",
        ".maybe.x",
        ".either.x",
        ".either.y",
        ".both.x",
        ".both.y",
        ".place.lat",
        ".place.within.within.lat",
        ".elsewhere.lat",
        ".pattern.x-y",
    ],
)
def test_a_reference_to_a_field_that_is_declared_or_can_not_be_ruled_out(path: str) -> None:
    said = report(taking(path), ANSWERS)
    assert (said.errors, said.warnings) == ((), ())


def test_the_names_that_are_declared_are_given_as_a_hint() -> None:
    assert only(report(taking(".items[0].cod"), ANSWERS).errors).detail["declared"] == ["code"]


@pytest.mark.parametrize("reference", ["issue", "issue.colour", "issue.text.en", "issue[0]", "run", "run.text"])
def test_a_reference_to_what_the_issue_or_the_run_does_not_hold(reference: str) -> None:
    found = only(report((step("a", "free", *body(x="{{" + reference + "}}")),)).errors)
    assert (found.code, found.detail["source"]) == (
        FaultCode.UNDECLARED_FIELD,
        reference.partition(".")[0].partition("[")[0],
    )


@pytest.mark.parametrize("schema", [{}, True, {"type": "object"}, {"description": "whatever comes"}])
def test_where_the_schema_is_silent_there_is_no_fault(schema: object) -> None:
    said = report(taking(".any[0].thing"), component("answers", response_schema=schema))
    assert (said.errors, said.warnings) == ((), ())


def test_every_fault_is_named_at_once() -> None:
    strict = component(
        "strict",
        path_params={"area": {"type": "string", "required": True}},
        request_schema={"type": "object", "required": ["title"], "properties": {"n": {"type": "integer"}}},
        active=False,
    )
    said = report(
        (
            step("a", "strict", *body(n="many", x="{{gone.id}} {{a.id}} {{"), then=["nowhere", "b"]),
            step("b", "nobody", *body(x="{{ask.nope}}"), then=["a"]),
            step("a b", "free", *body(x="1"), given("body", "x", "2")),
            step("ask", "answers"),
            step("ask", "answers"),
        ),
        strict,
        ANSWERS,
        selected=["unused"],
        max_steps=2,
    )
    assert sorted(codes(said.errors)) == sorted(
        [
            FaultCode.TOO_MANY_STEPS,
            FaultCode.MALFORMED_STEP_ID,
            FaultCode.DUPLICATE_STEP_ID,
            FaultCode.INACTIVE_COMPONENT,
            FaultCode.UNKNOWN_COMPONENT,
            FaultCode.DANGLING_NEXT,
            FaultCode.CYCLE,
            FaultCode.MALFORMED_REFERENCE,
            FaultCode.UNKNOWN_STEP_REFERENCE,
            FaultCode.SELF_REFERENCE,
            FaultCode.MISSING_INPUT,
            FaultCode.MISSING_INPUT,
            FaultCode.INVALID_LITERAL,
            FaultCode.DUPLICATE_INPUT,
        ]
    )
    assert codes(said.warnings) == [FaultCode.UNLISTED_INPUT, FaultCode.UNUSED_SELECTION]


@pytest.mark.parametrize("name", ["place", "urgency"])
def test_what_the_issue_does_not_say_can_not_be_taken_from_it(name: str) -> None:
    steps = (step("only", "free", *body(text=f"{{{{issue.{name}}}}}")),)
    assert report(steps).ok
    fault = only(report(steps, not_said=[name]).errors)
    assert fault.code is FaultCode.UNDECLARED_FIELD
    assert name not in fault.detail["declared"]
