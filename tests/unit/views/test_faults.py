import re

import pytest

from bot.views.plan.failures import HINTS, SENTENCES
from bot.views.plan.faults import SENTENCES as FAULT_SENTENCES
from bot.views.plan.faults import Names, explain_fault, sentence
from services.plans.validation import Fault, FaultCode
from services.plans.validation.faults import fault
from services.states import FailureCode

NOBODY = Names()
NAMES = Names(steps={"order": "step 2 (Open a work order)"}, components={"crews.assign": "Assign a crew"})


def test_every_fault_and_every_failure_has_its_words() -> None:
    assert set(FAULT_SENTENCES) == set(FaultCode)
    assert set(SENTENCES) == set(HINTS) == set(FailureCode)


@pytest.mark.parametrize("text", [*FAULT_SENTENCES.values(), *SENTENCES.values(), *HINTS.values()])
def test_sentences_are_sentences_and_speak_no_jargon(text: str) -> None:
    assert text.endswith(".")
    jargon = r"\b(DAG|graph|node|validat\w+|schema|JSON|API|null|boolean|string|upstream|LLM|token|payload)\b"
    assert re.search(jargon, text, re.IGNORECASE) is None


EXAMPLES = [
    (
        fault(FaultCode.REPORTER_TOLD_EARLY, "order"),
        "Step 2 (Open a work order) tells whoever reported this before any work is done, and no later step does.",
    ),
    (
        fault(FaultCode.REPEATED_WRITE, "b", component="crews.assign", source="order"),
        "Step “b” does the same as step 2 (Open a work order) once more.",
    ),
    (
        fault(FaultCode.UNUSED_LOOK_UP, "a", component="crews.find"),
        "Step “a” looks something up that no later step uses and nobody is asked to read.",
    ),
    (
        fault(FaultCode.LATE_SEARCH, "a", component="crews.find", source="order"),
        "Step “a” looks whether there is one already, and should come before step 2 (Open a work order).",
    ),
    (
        fault(FaultCode.UNUSED_OUTPUT, "a", "outputs", component="crews.find", outputs=["crew_id", "phone"]),
        "Step “a” names “crew_id” and “phone” as its result, which no later step uses.",
    ),
    (
        fault(FaultCode.MISNAMED_STEP, "a", "description", component="crews.find", named="crews.assign"),
        "Step “a” is described as what “Assign a crew” does, but it uses “crews.find”.",
    ),
    (fault(FaultCode.NO_STEPS, None, "steps"), "The plan had no steps."),
    (
        fault(FaultCode.TOO_MANY_STEPS, None, "steps", steps=1_300, limit=200),
        "The plan had 1,300 steps; at most 200 are allowed.",
    ),
    (
        fault(FaultCode.MALFORMED_STEP_ID, "a b", "step_id", reason="pattern"),
        "Step “a b” has a name that can't be used.",
    ),
    (
        fault(FaultCode.MALFORMED_STEP_ID, "issue", "step_id", reason="reserved"),
        "Step “issue” has a name that is kept for something else.",
    ),
    (
        fault(FaultCode.DUPLICATE_STEP_ID, "order", "step_id", times=3),
        "3 steps have the same name: step 2 (Open a work order).",
    ),
    (
        fault(FaultCode.INACTIVE_COMPONENT, "order", "component_id", component="crews.assign"),
        "Step 2 (Open a work order) uses a component that is switched off: “Assign a crew”.",
    ),
    (
        fault(FaultCode.DANGLING_NEXT, "a", "next", next="b"),
        "Step “a” is followed by a step that does not exist: “b”.",
    ),
    (
        fault(FaultCode.CYCLE, "a", "next", cycle=["a", "b"]),
        "These steps wait for each other in a circle, so none of them could start: step “a” and step “b”.",
    ),
    (
        fault(FaultCode.UNREACHABLE_STEP, "c", "step_id", waits_for=["a", "order"]),
        "Step “c” could never start: it waits for step “a” and step 2 (Open a work order).",
    ),
    (
        fault(FaultCode.MALFORMED_REFERENCE, "a", "body.title", reference="{{x|y}}", flaw="bad_path"),
        "Step “a” takes “title” from somewhere that can't be read: “{{x|y}}”.",
    ),
    (
        fault(FaultCode.UNKNOWN_STEP_REFERENCE, "a", "body.where.lat", reference="{{x.y}}", source="x"),
        "Step “a” takes “where.lat” from a step that does not exist: “x”.",
    ),
    (
        fault(FaultCode.NOT_UPSTREAM, "a", "body.title", reference="{{order.y}}", source="order"),
        "Step “a” takes “title” from step 2 (Open a work order), which comes only after it.",
    ),
    (
        fault(FaultCode.UNDECLARED_FIELD, "a", "body.t", reference="{{issue.mood}}", source="issue", path="mood"),
        "Step “a” takes “mood” from the report, where there is no such thing.",
    ),
    (
        fault(FaultCode.DUPLICATE_INPUT, "a", "body.at.lat", **{"in": "body", "name": "at.lat", "other": "at"}),
        "Step “a” gives the same thing twice: as “at.lat” and as “at”.",
    ),
    (
        fault(
            FaultCode.INVALID_LITERAL,
            "a",
            "body.level",
            **{"in": "body", "name": "level", "value": "huge", "keyword": "enum", "expected": ["low", "high", 3]},
        ),
        "Step “a” gives “level” a value that does not fit: “huge”; it must be “low”, “high” or “3”.",
    ),
    (
        fault(
            FaultCode.INVALID_LITERAL,
            "a",
            "body.n",
            **{"in": "body", "name": "n", "value": "x", "keyword": "type", "expected": ["integer", "null"]},
        ),
        "Step “a” gives “n” a value that does not fit: “x”; it must be a whole number or nothing.",
    ),
    (
        fault(
            FaultCode.INVALID_LITERAL,
            "a",
            "body.n",
            **{"in": "body", "name": "n", "value": "x", "keyword": "pattern", "expected": "^[0-9]+$"},
        ),
        "Step “a” gives “n” a value that does not fit: “x”.",
    ),
    (
        fault(
            FaultCode.INVALID_LITERAL,
            "a",
            "body.day",
            **{"in": "body", "name": "day", "value": "x", "keyword": "format", "expected": "date"},
        ),
        "Step “a” gives “day” a value that does not fit: “x”; it must be a day, such as 2026-11-25.",
    ),
    (
        fault(
            FaultCode.FLOW_MISFIT,
            "a",
            "body.title",
            name="title",
            reference="{{issue.text}}",
            source="issue",
            at="[0].id",
            gives=["string"],
            takes=["boolean", "integer", "number"],
        ),
        "Step “a” takes “title” from the report, which gives a text (at “[0].id”); it must be true or false or a "
        "number.",
    ),
    (
        fault(
            FaultCode.FORBIDDEN_ORIGIN,
            "a",
            "body.to",
            component="crews.assign",
            name="to",
            origins=["model", "component"],
            allowed=["person", "registry"],
            **{"in": "body"},
        ),
        "Step “a” takes “to” from the plan maker and the answer of another component; “Assign a crew” takes it "
        "only from a person or its own list of values.",
    ),
    (
        fault(FaultCode.UNKNOWN_COMPONENT, "a", "component_id", component="crew.assign", nearest=["crews.assign"]),
        "Step “a” uses a component that does not exist: “crew.assign”; perhaps “crews.assign” is meant.",
    ),
    (
        fault(FaultCode.POLICY_FORBIDDEN, "a", component="crews.assign", policy="Roads", section="3.1 Night"),
        "Step “a” may not be done: “Roads”, 3.1 Night forbids “Assign a crew”.",
    ),
    (
        fault(FaultCode.POLICY_NEEDS_GATE, "order", policy="Roads", section="3.1 Night"),
        "Step 2 (Open a work order) needs approval just before it: so says “Roads”, 3.1 Night.",
    ),
    (
        fault(FaultCode.POLICY_NEEDS_BEFORE, "a", before=["crews.assign", "map"], policy="Roads", section="2"),
        "Step “a” needs “Assign a crew” or “map” done before it: so says “Roads”, 2.",
    ),
    (
        fault(FaultCode.POLICY_NEEDS_WHEN, "a", "when", policy="Roads", section="2"),
        "Step “a” may only be done under a condition, and has none: so says “Roads”, 2.",
    ),
    (
        fault(FaultCode.POLICY_HOURS, "a", hours=["22:00-06:00", "12:00-13:00"], policy="Roads", section="2"),
        "Step “a” may not begin at 22:00-06:00 or 12:00-13:00, and nobody would be asked first: so says “Roads”, "
        "2.",
    ),
    (
        fault(FaultCode.POLICY_HOURS_AT_GATE, "a", hours=["22:00-06:00"], policy="Roads", section="2"),
        "Step “a” may not begin at 22:00-06:00: so says “Roads”, 2. Approve it at other hours.",
    ),
    (
        fault(FaultCode.UNKNOWN_CITATION, "a", "cites", passage="made-up@1#2"),
        "Step “a” claims to follow a rule of the town that there is not: “made-up@1#2”.",
    ),
    (
        fault(FaultCode.MALFORMED_REFERENCE, "a", "body.title", reference="{{x|y}}", legal="{{x}}", position=3),
        "Step “a” takes “title” from somewhere that can't be read: “{{x|y}}”; it could be “{{x}}”.",
    ),
    (
        fault(FaultCode.LEFTOVER_PLACEHOLDER, "a", "body.to", name="to", placeholder="<email of reporter>"),
        "Step “a” gives “to” with a blank that nobody has filled in: “<email of reporter>”.",
    ),
    (
        fault(
            FaultCode.INVALID_CONDITION, "a", "when", reason="never", value="{{b.x}}", to=["c"], **{"is": "one_of"}
        ),
        "Step “a” has a condition that can never hold: “b.x one of c”.",
    ),
    (
        fault(FaultCode.UNGUARDED_REFERENCE, "a", "body.id", name="id", source="b", reason="list"),
        "Step “a” takes “id” from step “b”, which may give none: the list may be empty.",
    ),
    (
        fault(FaultCode.INVALID_LITERAL, "a", "path.id", name="id", value="..", keyword="dot_segment"),
        "Step “a” gives “id” a value that does not fit: “..”; it would lead to another address.",
    ),
    (
        fault(FaultCode.UNJUDGED, "a", component="crews.assign", part="request_schema"),
        "The plan could not be checked fully: “Assign a crew” does not say clearly what it takes.",
    ),
]


@pytest.mark.parametrize(("found", "said"), EXAMPLES, ids=lambda value: getattr(value, "code", ""))
def test_sentence(found: Fault, said: str) -> None:
    assert sentence(found, NAMES) == said


@pytest.mark.parametrize("code", FaultCode)
def test_a_fault_whose_facts_are_missing_still_has_a_sentence(code: FaultCode) -> None:
    said = sentence(Fault(code), NOBODY)
    assert said == said[0].upper() + said[1:]
    assert "{" not in said


def test_the_first_faults_are_told_and_the_rest_counted() -> None:
    told = explain_fault([Fault(FaultCode.NO_STEPS)] * 10, 3, limit=300, names=NOBODY)
    assert told == ["The plan had no steps."] * 3 + ["…and 7 more"]
    assert explain_fault([], 3, limit=300, names=NOBODY) == []


def test_a_name_in_braces_is_not_filled_in_again() -> None:
    found = fault(FaultCode.DANGLING_NEXT, "{component}", "next", next="{step!r}")
    assert sentence(found, NOBODY) == "Step “{component}” is followed by a step that does not exist: “{step!r}”."
