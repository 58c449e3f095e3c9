"""The rules of policies: each kind broken and kept, gates set, citations judged, and large plans judged soon."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import pytest

from services.components.builtins import BUILTINS, WAIT_UNTIL
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.plans.model import Condition, Plan, Step
from services.plans.validation import FaultCode, Report, validate
from services.plans.validation.policies import gate_people, policy_faults, with_gates, with_known_citations
from services.policies.checks import Check
from services.policies.specs import NO_POLICIES, Citation, CitedPassage, Policies, Rule
from tests.support.builders import body, codes, component, only, plan, step

CITED = Citation("roads@2#3.1", UUID(int=1), "Road works", "3.1 Closures")
COMPONENTS = {
    spec.key: spec
    for spec in (
        component("free"),
        component("geo.lookup", category="map", http_method="GET"),
        component("roads.close", category="Works"),
        component("roads.open", category="works", approval=ApprovalPolicy.STEP),
        *BUILTINS.values(),
    )
}


def rule(**check: Any) -> Rule:
    return Rule(Check.model_validate({"passage": "3.1", **check}), CITED)


def policies(*rules: Rule) -> Policies:
    return Policies((CitedPassage(CITED, "text"),), rules)


def judged(made: Plan, *rules: Rule) -> Report:
    return validate(made, COMPONENTS, policies=policies(*rules))


def gated(made: Step) -> Step:
    return made.model_copy(update={"requires_approval": True})


CLOSE, LOOK = step("close", "roads.close"), step("look", "geo.lookup", then=["mid"])
GATE = {"component": "roads.close", "needs_gate": True}
BEFORE = {"category": "works", "needs_before": {"component": "geo.lookup"}}
HOURS = {"component": ["x", "roads.close"], "forbidden_hours": ["22:00-06:00", "12:00-13:00"]}
NOBODY = step("a", "nobody.knows")
POLL = step("poll", WAIT_UNTIL, *body(component="geo.lookup", field="x", equals="1"))

BROKEN: list[tuple[dict[str, Any], Plan, FaultCode]] = [
    ({"component": "roads.close", "forbidden": True}, plan(CLOSE), FaultCode.POLICY_FORBIDDEN),
    ({"category": "WORKS", "forbidden": True}, plan(CLOSE), FaultCode.POLICY_FORBIDDEN),
    ({"component": "geo.lookup", "forbidden": True}, plan(POLL), FaultCode.POLICY_FORBIDDEN),
    (
        {"component": "nobody.knows", "forbidden": True},
        plan(NOBODY),
        FaultCode.POLICY_FORBIDDEN,
    ),
    (GATE, plan(CLOSE), FaultCode.POLICY_NEEDS_GATE),
    (
        {**GATE, "needs_gate": {"people": ["U0MARCO001"]}},
        plan(CLOSE),
        FaultCode.POLICY_NEEDS_GATE,
    ),
    (BEFORE, plan(CLOSE), FaultCode.POLICY_NEEDS_BEFORE),
    (BEFORE, plan(LOOK, step("mid"), CLOSE), FaultCode.POLICY_NEEDS_BEFORE),
    (
        BEFORE,
        plan(step("c", "roads.close", then=["l"]), step("l", "geo.lookup")),
        FaultCode.POLICY_NEEDS_BEFORE,
    ),
    (HOURS, plan(CLOSE), FaultCode.POLICY_HOURS),
]
KEPT: list[tuple[dict[str, Any], Plan]] = [
    ({"component": "roads.open", "forbidden": True}, plan(CLOSE)),
    ({"category": "map", "forbidden": True}, plan(step("a", "nobody.knows"))),
    (GATE, plan(gated(CLOSE))),
    ({"category": "works", "needs_gate": True}, plan(step("open", "roads.open"))),
    (BEFORE, plan(LOOK, step("mid", then=["close"]), CLOSE)),
    (BEFORE, plan(step("look", "geo.lookup"), step("close", "roads.close", *body(x="{{look.id}}")))),
    (
        {"component": "roads.close", "needs_before": {"component": "x", "category": "MAP"}},
        plan(step("look", "geo.lookup", then=["close"]), CLOSE),
    ),
    (BEFORE, plan(step("free"))),
]


@pytest.mark.parametrize(("check", "made", "code"), BROKEN)
def test_a_broken_rule_is_named_with_its_passage(check: dict[str, Any], made: Plan, code: FaultCode) -> None:
    found = only(tuple(policy_faults(made, COMPONENTS, policies(rule(**check)))))
    assert found.code is code
    assert not found.is_warning
    assert found.step_id in {each.step_id for each in made.steps}
    told = {"policy": "Road works", "section": "3.1 Closures", "passage": "roads@2#3.1"}
    assert told.items() <= found.detail.items()
    assert code in codes(judged(made, rule(**check)).errors)


@pytest.mark.parametrize(("check", "made"), KEPT)
def test_a_rule_that_is_kept_is_not_named(check: dict[str, Any], made: Plan) -> None:
    assert list(policy_faults(made, COMPONENTS, policies(rule(**check)))) == []


def test_of_a_step_at_a_gate_whoever_agrees_is_told_the_hours() -> None:
    found = only(tuple(policy_faults(plan(gated(CLOSE)), COMPONENTS, policies(rule(**HOURS)))))
    assert (found.code, found.is_warning) == (FaultCode.POLICY_HOURS_AT_GATE, True)
    assert found.detail["hours"] == ["22:00-06:00", "12:00-13:00"]


def test_gates_are_set_where_rules_demand_one_and_the_passage_is_cited() -> None:
    made = plan(LOOK, step("mid"), CLOSE)
    changed = with_gates(made, COMPONENTS, policies(rule(**GATE), rule(**HOURS)))
    assert [each.requires_approval for each in changed.steps] == [False, False, True]
    assert [each.cites for each in changed.steps] == [(), (), ("roads@2#3.1",)]
    assert judged(changed, rule(**GATE), rule(**HOURS)).ok
    assert with_gates(changed, COMPONENTS, policies(rule(**GATE))) == changed
    assert with_gates(made, COMPONENTS, policies(rule(**BEFORE))) == made
    assert with_gates(made, COMPONENTS, NO_POLICIES) == made


def test_whom_rules_name_to_agree() -> None:
    one, two = "U0MARCO001", "U0DANA0001"
    both = rule(category="works", needs_gate={"people": [one, two]})
    single = rule(component="roads.close", needs_gate={"people": two})
    made = plan(LOOK, step("mid"), CLOSE, step("open", "roads.open"))
    assert gate_people(made, COMPONENTS, policies(both, single, rule(**GATE))) == {
        "close": (two,),
        "open": (one, two),
    }
    assert gate_people(made, COMPONENTS, policies(rule(**GATE))) == {}


def test_citations_of_what_there_is_not_are_warned_of_and_dropped() -> None:
    cites = ("roads@2#3.1", "made-up@1#2", "roads@2#3.1", "made-up@1#2")
    made = plan(step("free").model_copy(update={"cites": cites}))
    found = only(tuple(policy_faults(made, COMPONENTS, policies())))
    assert (found.code, found.is_warning) == (FaultCode.UNKNOWN_CITATION, True)
    assert found.detail == {"passage": "made-up@1#2"}
    assert with_known_citations(made, policies()).steps[0].cites == ("roads@2#3.1",)
    assert policies().cited(cites) == (CITED,)


def test_what_rules_demand_is_shown_too() -> None:
    chain = policies(rule(**BEFORE), rule(component="geo.lookup", needs_before={"category": "notify"}))
    assert chain.with_demanded(["roads.close"], COMPONENTS) == ("roads.close", "geo.lookup", "free")
    assert chain.with_demanded(["free"], COMPONENTS) == ("free",)
    circle = policies(rule(component="free", needs_before={"component": "free"}))
    assert circle.with_demanded(["free"], COMPONENTS) == ("free",)


def test_a_large_plan_under_many_rules_is_judged_soon() -> None:
    keys = [f"c{number}" for number in range(200)]
    known = {key: ComponentSpec(key, key, category=f"k{number % 20}") for number, key in enumerate(keys)}
    steps = [step(f"s{n}", keys[n % 200], then=[f"s{n + 1}"] if n < 9_999 else []) for n in range(10_000)]
    rules = [
        rule(**kind)
        for n in range(10)
        for kind in (
            {"category": f"k{n}", "needs_before": {"category": f"k{n + 1}"}},
            {"component": keys[n], "needs_gate": True},
        )
    ]
    started = time.process_time()
    found = list(policy_faults(plan(*steps), known, policies(*rules)))
    assert time.process_time() - started < 1
    assert {each.code for each in found} == {FaultCode.POLICY_NEEDS_BEFORE, FaultCode.POLICY_NEEDS_GATE}
    assert len([each for each in found if each.code is FaultCode.POLICY_NEEDS_GATE]) == 500


WANTED = Condition.model_validate({"tests": [{"value": "{{issue.urgency}}", "is": "present"}]})


def test_a_rule_may_ask_for_a_condition() -> None:
    asked = rule(component="roads.close", needs_when=True)
    found = only(judged(plan(CLOSE), asked).errors)
    assert (found.code, found.step_id, found.field) == (FaultCode.POLICY_NEEDS_WHEN, "close", "when")
    assert judged(plan(CLOSE.model_copy(update={"when": WANTED})), asked).errors == ()


def look(**more: Any) -> Step:
    return step("look", "geo.lookup", then=["close"]).model_copy(update=more)


def close(**more: Any) -> Step:
    return CLOSE.model_copy(update=more)


FREE, OTHER = step("free", "free", then=["close"]), step("other", "free", then=["close"])


@pytest.mark.parametrize(
    ("steps", "is_broken"),
    [
        ((look(), close()), False),
        ((look(when=WANTED), close()), False),
        ((look(), FREE, close(needs="any")), False),
        # What is skipped was not done, and who needs any of several may go on without it.
        ((look(when=WANTED), FREE, close(needs="any")), True),
        ((look(when=WANTED), look(step_id="again", when=WANTED), close(needs="any")), False),
        (
            (look(next=["free"], when=WANTED), FREE, step("other", "free", then=["close"]), close(needs="any")),
            True,
        ),
        ((look(next=["free"]), FREE, OTHER, close(needs="any")), False),
    ],
)
def test_what_may_be_skipped_is_not_surely_done_before(steps: tuple[Step, ...], is_broken: bool) -> None:
    found = codes(judged(plan(*steps), rule(**BEFORE)).errors)
    assert found == ([FaultCode.POLICY_NEEDS_BEFORE] if is_broken else [])
