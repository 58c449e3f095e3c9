"""Built-in components: what the validator says of them, what they are given, and whose their keys are."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cli.components import sentence
from bot.sandbox.gemini import rules
from bot.sandbox.gemini.reading import read
from services.ai import prompts
from services.components.builtins import ASK_PERSON, BUILTINS, NOTIFY, RESERVED_PREFIXES, WAIT_FOR, WAIT_UNTIL
from services.components.definitions import KEY, ComponentDefinition
from services.components.packs import PackFaults, parse_pack
from services.components.refusals import DefinitionFaultCode
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.connectors.errors import InputMisfit, NotPollable, RequestRefused, UnresolvedReference
from services.formats.schemas import schema_problems
from services.mentions import parts_of, readable
from services.plans.model import Issue, Plan, Step
from services.plans.polls import component_keys
from services.plans.validation import Fault, FaultCode, validate
from services.steps.calls import prepare_builtin
from services.steps.resolving import Values
from tests.support.stand_in_plans import NOW, ancestors, sandbox_components

REPORTER = "U0FRYJ002"
VALUES = Values(
    outputs={"order": {"id": "WO-1", "minutes": 5, "text": "<!channel>", "nobody": "nobody"}},
    issue_text="A leak",
    issue_reporter=REPORTER,
    issue_channel="C0WORKS001",
    run_id="r1",
)
CHOICE = {"person": "reporter", "question": "Which?", "kind": "choice"}
POLL = {"component": "orders.get", "path.order": "{{order.id}}", "field": "status"}

ORDERS = ComponentDefinition.model_validate(
    {
        "key": "orders.get",
        "name": "Look up an order",
        "description": "Looks an order up.",
        "endpoint_url": "https://works.example/orders/{order}",
        "path_params": {"order": {"type": "string"}},
        "query_params": {"full": {"type": "boolean"}},
        "response_schema": {"type": "object", "properties": {"status": {}, "crews": {"type": "array"}}},
    }
)


def spec(definition: ComponentDefinition) -> ComponentSpec:
    shared = set(ComponentSpec.__dataclass_fields__) & set(ComponentDefinition.model_fields)
    return ComponentSpec(**{name: getattr(definition, name) for name in shared})


def builtin(key: str, **inputs: str) -> Step:
    return step_of(key, inputs)


def step_of(key: str, inputs: dict[str, str]) -> Step:
    wire = [{"in": "body", "name": name, "value": value} for name, value in inputs.items()]
    return Step.model_validate({"step_id": "own", "component_id": key, "inputs": wire})


def errors(step: Step, *components: ComponentSpec) -> tuple[Fault, ...]:
    order = Step.model_validate({"step_id": "order", "component_id": "orders.make", "next": ["own"]})
    known = {each.key: each for each in (*components, *BUILTINS.values(), ComponentSpec("orders.make", "Make"))}
    return validate(Plan(workflow_name="w", steps=(order, step)), known).errors


def codes(step: Step, *components: ComponentSpec) -> set[FaultCode]:
    return {fault.code for fault in errors(step, *components)}


def refused(step: Step) -> tuple[str, str]:
    with pytest.raises((RequestRefused, InputMisfit)) as error:
        prepare_builtin(step, VALUES)
    found = error.value
    assert isinstance(found, RequestRefused | InputMisfit)
    return found.name, found.reason if isinstance(found, RequestRefused) else "unfit"


def test_their_keys_and_schemas_are_ordinary_ones() -> None:
    for key, own in BUILTINS.items():
        assert KEY.fullmatch(key)
        assert key.startswith(RESERVED_PREFIXES)
        assert list(schema_problems(dict(own.request_schema))) == []
        assert list(schema_problems(dict(own.response_schema))) == []
        assert own.approval is not ApprovalPolicy.STEP


@pytest.mark.parametrize(
    ("key", "inputs"),
    [
        (NOTIFY, {"to": "reporter", "message": "Hello"}),
        (NOTIFY, {"to": "<#C0WORKS001|works>", "message": "{{issue.text}}"}),
        (NOTIFY, {"to": "{{issue.channel}}", "message": "Order {{order.id}}"}),
        (ASK_PERSON, {"person": "<@U0FRYJ003>", "question": "Why?", "kind": "note"}),
        (ASK_PERSON, {**CHOICE, "options": '["one", "two"]'}),
        (ASK_PERSON, {"person": "S0WATERCRW, <@U0FRYJ003>", "question": "Where?", "kind": "photo"}),
        (WAIT_FOR, {"minutes": "0.5"}),
        (WAIT_FOR, {"minutes": "{{order.minutes}}"}),
        (WAIT_UNTIL, POLL),
        (WAIT_UNTIL, {**POLL, "query.full": "true", "every_minutes": "2", "field": "crews[0].name"}),
        (WAIT_UNTIL, {"component": "orders.get", "path": '{"order": "{{order.id}}"}', "field": "status"}),
    ],
)
def test_what_is_right_is_valid(key: str, inputs: dict[str, str]) -> None:
    assert errors(step_of(key, inputs), spec(ORDERS)) == ()


@pytest.mark.parametrize(
    ("key", "inputs", "code"),
    [
        (NOTIFY, {"to": "reporter"}, FaultCode.MISSING_INPUT),
        (NOTIFY, {"to": "everybody", "message": "Hello"}, FaultCode.INVALID_LITERAL),
        (NOTIFY, {"to": "reporter", "message": "Hello", "blocks": "[]"}, FaultCode.UNKNOWN_INPUT),
        (ASK_PERSON, {**CHOICE, "kind": "film"}, FaultCode.INVALID_LITERAL),
        (ASK_PERSON, {**CHOICE, "kind": "text", "person": "the water crew"}, FaultCode.INVALID_LITERAL),
        (ASK_PERSON, CHOICE, FaultCode.MISSING_INPUT),
        (ASK_PERSON, {**CHOICE, "options": '["one"]'}, FaultCode.INVALID_LITERAL),
        (WAIT_FOR, {"minutes": "0"}, FaultCode.INVALID_LITERAL),
        (WAIT_FOR, {"minutes": "43201"}, FaultCode.INVALID_LITERAL),
        (WAIT_FOR, {"minutes": "soon"}, FaultCode.INVALID_LITERAL),
        (WAIT_UNTIL, {**POLL, "component": "orders.gone"}, FaultCode.UNKNOWN_COMPONENT),
        (WAIT_UNTIL, {**POLL, "component": "{{order.id}}"}, FaultCode.UNKNOWN_COMPONENT),
        (WAIT_UNTIL, {**POLL, "component": WAIT_FOR}, FaultCode.NOT_POLLABLE),
        (WAIT_UNTIL, {"component": "orders.get", "field": "status"}, FaultCode.MISSING_INPUT),
        (WAIT_UNTIL, {**POLL, "path": "{{order.id}}"}, FaultCode.INVALID_LITERAL),
        (WAIT_UNTIL, {**POLL, "query.full": "perhaps"}, FaultCode.INVALID_LITERAL),
        (WAIT_UNTIL, {**POLL, "field": "a b"}, FaultCode.MALFORMED_REFERENCE),
        (WAIT_UNTIL, {**POLL, "field": "a}}x"}, FaultCode.MALFORMED_REFERENCE),
        (WAIT_UNTIL, {**POLL, "field": "state"}, FaultCode.UNDECLARED_FIELD),
    ],
)
def test_what_is_wrong_is_named(key: str, inputs: dict[str, str], code: FaultCode) -> None:
    assert code in codes(step_of(key, inputs), spec(ORDERS))


@pytest.mark.parametrize("change", [{"http_method": "POST"}, {"approval": ApprovalPolicy.STEP}])
def test_nothing_is_polled_that_writes_or_asks(change: dict[str, Any]) -> None:
    changed = ORDERS.model_copy(update=change)
    assert codes(step_of(WAIT_UNTIL, POLL), spec(changed)) == {FaultCode.NOT_POLLABLE}
    with pytest.raises(NotPollable):
        prepare_builtin(step_of(WAIT_UNTIL, POLL), VALUES, changed)


def test_a_fault_of_a_poll_is_named_as_the_step_has_it() -> None:
    [missing] = errors(step_of(WAIT_UNTIL, {"component": "orders.get", "field": "status"}), spec(ORDERS))
    assert missing.field == "body.path.order"
    assert (missing.detail["in"], missing.detail["name"]) == ("body", "path.order")


def test_later_steps_may_refer_to_the_files_of_a_photo() -> None:
    asking = builtin(ASK_PERSON, person="reporter", question="Where?", kind="photo")
    ask = asking.model_copy(update={"step_id": "ask", "next": ("own",)})
    for field, is_there in (("permalink", True), ("name", True), ("url_private", False)):
        tell = builtin(NOTIFY, to="reporter", message=f"{{{{ask.files[0].{field}}}}}")
        errors = validate(Plan(workflow_name="w", steps=(ask, tell)), BUILTINS).errors
        assert {fault.code for fault in errors} == (set() if is_there else {FaultCode.UNDECLARED_FIELD})


def test_a_poll_is_the_call_that_the_component_asks_for() -> None:
    call = prepare_builtin(step_of(WAIT_UNTIL, {**POLL, "query": '{"full": true}'}), VALUES, ORDERS)
    assert call.poll is not None
    assert (call.poll.call.request.url, call.poll.call.request.query) == (
        "https://works.example/orders/WO-1",
        (("full", "true"),),
    )
    assert call.poll.field.path == ("status",)


def test_what_is_polled_is_one_of_the_plans_components() -> None:
    plan = Plan(workflow_name="w", steps=(step_of(WAIT_UNTIL, POLL), step_of(WAIT_FOR, {"minutes": "1"})))
    assert component_keys(plan) == {WAIT_UNTIL, WAIT_FOR, "orders.get"}
    report = validate(plan, {**BUILTINS, "orders.get": spec(ORDERS)}, selected=("orders.get",))
    assert FaultCode.UNUSED_SELECTION not in {fault.code for fault in report.warnings}


def test_values_of_earlier_answers_are_read_as_what_is_asked_for() -> None:
    assert prepare_builtin(builtin(NOTIFY, to="reporter", message="{{order.minutes}}"), VALUES).inputs == {
        "to": "reporter",
        "message": "5",
    }
    answered = Values(outputs={"ask": {"answer": " 30 "}}, issue_reporter=REPORTER)
    assert prepare_builtin(builtin(WAIT_FOR, minutes="{{ask.answer}}"), answered).inputs == {"minutes": 30.0}


@pytest.mark.parametrize(
    ("to", "person", "channel"),
    [
        ("reporter", REPORTER, None),
        ("{{issue.reporter}}", REPORTER, None),
        ("{{issue.channel}}", None, "C0WORKS001"),
        ("<#C0OTHER01|other>", None, "C0OTHER01"),
    ],
)
def test_who_is_told(to: str, person: str | None, channel: str | None) -> None:
    call = prepare_builtin(builtin(NOTIFY, to=to, message="Hello"), VALUES)
    assert (call.person, call.channel) == (person, channel)


@pytest.mark.parametrize(
    ("person", "people", "groups"),
    [
        ("reporter", (REPORTER,), ()),
        (f"<@{REPORTER}>", (REPORTER,), ()),
        ("{{issue.reporter}}", (REPORTER,), ()),
        (f"<@{REPORTER}|priya>", (REPORTER,), ()),
        (f"<@U0FRYJ003|a <U0FRYJ009, reporter> <@{REPORTER}>", ("U0FRYJ003", REPORTER), ()),
        (f"reporter, {REPORTER} U0FRYJ003,<@{REPORTER}>", (REPORTER, "U0FRYJ003"), ()),
        ("<!subteam^S0WATERCRW|@water-crew>", (), ("S0WATERCRW",)),
        ("<!subteam^S0WATERCRW>", (), ("S0WATERCRW",)),
        ("S0WATERCRW, reporter", (REPORTER,), ("S0WATERCRW",)),
    ],
)
def test_who_is_asked(person: str, people: tuple[str, ...], groups: tuple[str, ...]) -> None:
    call = prepare_builtin(builtin(ASK_PERSON, person=person, question="?", kind="photo"), VALUES)
    assert (call.people, call.groups) == (people, groups)


def test_what_turns_out_not_to_fit_is_refused_before_anything_is_done() -> None:
    assert refused(builtin(NOTIFY, to="{{order.nobody}}", message="Hello")) == ("body.to", "unfit")
    assert refused(builtin(NOTIFY, to="U0FRYJ003", message="Hello")) == ("body.to", "unfit")
    assert refused(builtin(WAIT_FOR, minutes="{{order.text}}")) == ("body.minutes", "unfit")
    assert refused(step_of(ASK_PERSON, {**CHOICE, "kind": "{{order.id}}"})) == ("body.kind", "unfit")
    for person in ("{{order.text}}", "{{order.nobody}}", f"{REPORTER}; {REPORTER}", "C0WORKS001"):
        asking = builtin(ASK_PERSON, person=person, question="?", kind="text")
        assert refused(asking) == ("body.person", "unfit")
    with pytest.raises(UnresolvedReference):
        prepare_builtin(builtin(NOTIFY, to="reporter", message="{{order.gone}}"), VALUES)


@pytest.mark.parametrize("key", ["slack.post", "wait.long"])
def test_no_pack_takes_their_keys(key: str) -> None:
    pack = f"components:\n  - {{key: {key}, name: A, description: B, endpoint_url: 'https://a.example/'}}\n"
    with pytest.raises(PackFaults) as error:
        parse_pack(pack)
    [fault] = error.value.faults
    assert fault.code is DefinitionFaultCode.RESERVED_KEY
    assert "Mudda's own components" in sentence(fault)


def drafted(text: str, components: dict[str, ComponentSpec]) -> Plan:
    parts = parts_of(text, {"U0MARCO001": "marco", "U0DANA0001": "dana", "S0WATERCRW": "water-crew"})
    issue = Issue(readable(parts), reporter=REPORTER, parts=parts)
    chosen = rules.select(*read(prompts.selector_prompt(issue, components.values()))[:2])
    offered = {key: components[key] for key in chosen}
    report, tools, _ = read(prompts.planner_prompt(issue, offered.values(), 200))
    plan = Plan.model_validate(rules.plan(report, tools, NOW))
    assert validate(plan, components, selected=chosen).errors == ()
    return plan


def used(plan: Plan) -> set[str]:
    return {step.component_id for step in plan.steps}


def test_the_stand_in_plans_as_before_where_nothing_calls_for_them() -> None:
    text = "Water is coming up through the road at 5th and Main"
    without = drafted(text, sandbox_components())
    assert drafted(text, {**sandbox_components(), **BUILTINS}) == without


def test_the_stand_in_uses_them_where_the_issue_says_so() -> None:
    text = (
        "A street lamp is out at 5th and Main. Please ask me which lamp it is, and wait 2 hours before you answer."
    )
    plan = drafted(text, {**sandbox_components(), **BUILTINS})
    assert {ASK_PERSON, WAIT_FOR} <= used(plan)
    assert {ASK_PERSON, WAIT_FOR} <= ancestors(plan)["notifications.reply_to_reporter"]
    sent = {(step.component_id, each.name): each.value for step in plan.steps for each in step.inputs}
    assert sent[WAIT_FOR, "minutes"] == "120"
    assert sent[ASK_PERSON, "person"] == "reporter"
    assert not used(plan) & {NOTIFY, WAIT_UNTIL}


@pytest.mark.parametrize(
    ("asks", "person", "question", "kind"),
    [
        ("<!subteam^S0WATERCRW> for a photo of it", "S0WATERCRW", "Please send a photo of it", "photo"),
        (
            "<@U0MARCO001> and <@U0DANA0001> which it is",
            "U0MARCO001, U0DANA0001",
            "Please say which it is",
            "note",
        ),
        ("me for some pictures", "reporter", "Please send some pictures", "photo"),
    ],
)
def test_the_stand_in_asks_whom_the_issue_names(asks: str, person: str, question: str, kind: str) -> None:
    plan = drafted(f"A street lamp is out at 5th and Main. Ask {asks}.", {**sandbox_components(), **BUILTINS})
    [step] = [step for step in plan.steps if step.component_id == ASK_PERSON]
    assert {each.name: each.value for each in step.inputs} == {
        "person": person,
        "question": question,
        "kind": kind,
    }


def test_the_stand_in_tells_the_reporter_itself_where_no_component_does() -> None:
    components = {key: each for key, each in sandbox_components().items() if not key.startswith("notifications.")}
    plan = drafted("The street lamp outside the school is out", {**components, **BUILTINS})
    assert NOTIFY in used(plan)
    report = validate(plan, {**components, **BUILTINS})
    assert FaultCode.REPORTER_NOT_TOLD not in {fault.code for fault in report.warnings}
