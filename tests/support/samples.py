"""Sample snapshots, one for each thing that a card can show, and some that mean it harm.

The tests of the views draw them all; the gallery in docs/ shows those in GALLERY.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.ai.usage import STAND_IN_MODEL
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.pages import Page
from services.pictures.unseen import Unseen
from services.plans.attached import AttachedPicture
from services.plans.forecast import Forecast
from services.plans.model import Condition, Issue, Plan, Step, StepInput
from services.plans.validation import Fault, FaultCode
from services.policies.specs import Citation
from services.queries.snapshots import PlanLine, PlanSnapshot, VersionSnapshot
from services.states import FailureCode, Phase, PlanState
from services.workflows.drafts import Failure

PLAN_ID = UUID("6f1c2b8e-3d7a-4c55-9a37-0d6a2f1e8b01")
CARD_ID = UUID("a9d0f6c4-58e1-4b0e-8c4f-7b1d2e3f4a02")
MADE_AT = datetime(2026, 3, 9, 8, 41, tzinfo=UTC)
REPORTER = "U0LEELA01"
DECIDER = "U0FRYJ002"
CHANNEL = "C0WORKS01"

HOSTILE = (
    "<!channel> <@U0LEELA01> <#C0WORKS01> <https://evil.example|here> *bold* _it_ ~no~ `code` :tada: &lt;!here&gt;"
)
"""What would ring, link or format if it were ever parsed."""

SCRIPTS = (
    "вода на дороге ",
    "道路から水が出ています。",
    "الماء يخرج من الطريق ",
    "🚰💦",
    "<!channel>&amp;",
    'a"b\\c\n',
)

ISSUE = Issue(
    text="Water is coming up through the road at 5th and Main. It has been running since about six this morning.",
    place="5th and Main",
    urgency="Emergency",
    reporter=REPORTER,
    channel=CHANNEL,
)

COMPONENTS = {
    spec.key: spec
    for spec in (
        ComponentSpec("geo.lookup", "Look up an address", category="map", description="Area and crew district."),
        ComponentSpec(
            "workorders.create",
            "Create a work order",
            category="work",
            description="Opens a work order with the works department.",
            http_method="POST",
            approval=ApprovalPolicy.PLAN,
        ),
        ComponentSpec(
            "crews.assign", "Assign a crew", category="work", http_method="POST", approval=ApprovalPolicy.PLAN
        ),
        ComponentSpec(
            "notify.residents",
            "Text the residents of an area",
            category="notify",
            http_method="POST",
            approval=ApprovalPolicy.STEP,
        ),
        ComponentSpec("notify.reporter", "Write to the reporter", category="notify", http_method="POST"),
        ComponentSpec("open311.create_request", "File a public request", category="open311", http_method="POST"),
    )
}


def value(name: str, text: str) -> StepInput:
    """An input that goes into the body."""
    return StepInput(location="body", name=name, value=text)


STEPS = (
    Step(
        step_id="locate",
        component_id="geo.lookup",
        description="Look up the area of 5th and Main",
        inputs=(value("address", "5th and Main"),),
        outputs=("area", "district"),
        next=("order", "file"),
    ),
    Step(
        step_id="order",
        component_id="workorders.create",
        description="Open a work order for a burst main. It is marked urgent, since water is on the carriageway.",
        inputs=(
            value("title", "Burst water main at 5th and Main"),
            value("area", "{{locate.area}}"),
            value("details", "{{issue.text}}"),
        ),
        outputs=("work_order_id",),
        next=("assign",),
    ),
    Step(
        step_id="file",
        component_id="open311.create_request",
        description="File a public request, so that others see it is known",
        inputs=(value("address_string", "5th and Main"), value("description", "{{issue.text}}")),
        outputs=("service_request_id",),
    ),
    Step(
        step_id="assign",
        component_id="crews.assign",
        description="Send the water crew of the district",
        inputs=(value("order", "{{order.work_order_id}}"), value("district", "{{locate.district}}")),
        outputs=("crew", "eta_minutes"),
        next=("residents",),
    ),
    Step(
        step_id="residents",
        component_id="notify.residents",
        description="Warn the residents that the water may be off",
        inputs=(value("area", "{{locate.area}}"), value("text", "Water may be off for some hours.")),
    ),
    Step(
        step_id="tell",
        component_id="notify.reporter",
        description="Tell the reporter which crew is coming",
        inputs=(
            value("to", "{{issue.reporter}}"),
            value("text", "Thank you. Crew {{assign.crew}} is on its way ({{file.service_request_id}})."),
        ),
    ),
)

VERSION = VersionSnapshot(
    version=1,
    plan=Plan(
        workflow_name="Burst water main at 5th and Main",
        description="A water main has burst under the carriageway; a crew has to shut the valve and repair it.",
        steps=STEPS,
    ),
    components=COMPONENTS,
    selected=tuple(COMPONENTS),
    warnings=(),
    model="gemini-3.8-flash",
    tokens=3412,
    seconds=4.27,
)

DRAFT = PlanSnapshot(
    id=PLAN_ID,
    number=12,
    revision=2,
    state=PlanState.DRAFT,
    issue=ISSUE,
    channel_id=CHANNEL,
    created_at=MADE_AT,
    version=VERSION,
)

FORECAST = Forecast(usual_seconds=38.2, long_seconds=171.0, chance=0.843, approvals=1, tokens=VERSION.tokens)

WARNINGS = (
    Fault(FaultCode.UNUSED_SELECTION, detail={"component": "open311.create_request"}),
    Fault(
        FaultCode.UNLISTED_INPUT,
        "order",
        "body.colour",
        {"component": "workorders.create", "in": "body", "name": "colour"},
    ),
    Fault(FaultCode.REPORTER_NOT_TOLD),
)

FAULTS = (
    Fault(FaultCode.CYCLE, "order", "next", {"cycle": ["order", "assign", "residents"]}),
    Fault(FaultCode.UNKNOWN_COMPONENT, "fly", "component_id", {"component": "helicopters.send"}),
    Fault(
        FaultCode.MISSING_INPUT,
        "order",
        "body.title",
        {"component": "workorders.create", "in": "body", "name": "title"},
    ),
    Fault(
        FaultCode.INVALID_LITERAL,
        "assign",
        "body.crew_size",
        {"in": "body", "name": "crew_size", "value": "many", "at": "", "keyword": "type", "expected": "integer"},
    ),
)


def drafting(phase: Phase, **facts: Any) -> PlanSnapshot:
    """A plan on its way."""
    return replace(DRAFT, revision=1, state=PlanState.DRAFTING, version=None, phase=phase, phase_facts=facts)


def draft(**changes: Any) -> PlanSnapshot:
    """The draft, its version changed."""
    return replace(DRAFT, version=replace(VERSION, **changes))


CITATIONS = (
    Citation("road-works@2#3.1", UUID(int=31), "Road works", "3.1 Closures"),
    Citation("road-works@2#4", UUID(int=4), "Road works", "4 Telling residents"),
    Citation("reports@1#answers", UUID(int=7), "Reports of residents", "Answers › Within a day"),
)
CITES = {"order": (0,), "residents": (0, 1), "tell": (2,)}
"""Which of the passages the steps of STEPS cite."""


def cited() -> PlanSnapshot:
    """A plan whose steps follow policies."""
    steps = [
        step.model_copy(update={"cites": tuple(CITATIONS[place].id for place in CITES.get(step.step_id, ()))})
        for step in STEPS
    ]
    plan = VERSION.plan.model_copy(update={"steps": tuple(steps)})
    warning = Fault(
        FaultCode.POLICY_HOURS_AT_GATE,
        "residents",
        "requires_approval",
        {
            "component": "notify.residents",
            "policy": "Road works",
            "section": "4 Telling residents",
            "passage": "road-works@2#4",
            "hours": ["22:00-06:00"],
        },
    )
    return draft(plan=plan, citations=CITATIONS, warnings=(warning,))


def failed(code: FailureCode, faults: Sequence[Fault] = ()) -> PlanSnapshot:
    """A plan that could not be drafted."""
    return replace(DRAFT, state=PlanState.FAILED, version=None, failure=Failure(code, tuple(faults)))


def decided(state: PlanState) -> PlanSnapshot:
    """A plan that somebody has decided about."""
    return replace(DRAFT, revision=3, state=state, decided_by=DECIDER, decided_at=MADE_AT + timedelta(minutes=7))


def long_plan(steps: int, *, words: int = 6, warnings: int = 0) -> PlanSnapshot:
    """A plan of so many steps, in rows of three that wait for the row before."""
    made = tuple(
        Step(
            step_id=f"s{index}",
            component_id=list(COMPONENTS)[index % len(COMPONENTS)],
            description=f"Inspect valve {index} " + " ".join(f"word{word}" for word in range(words)),
            inputs=(value("before", f"{{{{s{index - 3}.report_id}}}}"),) if index >= 3 else (),
            requires_approval=index % 10 == 9,
        )
        for index in range(steps)
    )
    plan = Plan(workflow_name="Inspect the valves of the old town", description="Every valve, once.", steps=made)
    return draft(plan=plan, warnings=WARNINGS * warnings)


def hostile_plan(text: str = HOSTILE, *, steps: int = 6, warnings: int = 200) -> PlanSnapshot:
    """A plan in which everything that somebody else wrote is `text`."""
    components = {text: ComponentSpec(text, text, text, text, type=text, http_method=text)}
    made = tuple(
        Step(
            step_id=f"s{index}",
            component_id=text,
            description=text,
            inputs=(StepInput(location="body", name=text, value=f"{text} {{{{s{index - 1}.{'x' * 90}}}}}"),),
            requires_approval=True,
            cites=(text,),
        )
        for index in range(steps)
    )
    faults = tuple(Fault(code, text, f"body.{text}", _any_detail(text)) for code in FaultCode) * (
        warnings // 20 + 1
    )
    version = VersionSnapshot(
        version=1,
        plan=Plan(workflow_name=text, description=text, steps=made),
        components=components,
        selected=(text,),
        warnings=faults[:warnings],
        model=text,
        tokens=10**9,
        seconds=1e6,
        citations=tuple(Citation(text, UUID(int=number), text, text) for number in range(20)),
    )
    attached = tuple(AttachedPicture(text, text, why) for why in Unseen)
    issue = Issue(text, place=text, urgency=text, reporter=text, channel=text, permalink=text, attached=attached)
    return replace(DRAFT, issue=issue, channel_id=text, version=version, decided_by=text)


def from_message() -> PlanSnapshot:
    """A plan for somebody's message, two of whose pictures could not be looked at."""
    sent = {"tap.jpg": None, "IMG_2041.heic": Unseen.OTHER_KIND, "street.png": Unseen.TOO_LARGE}
    attached = tuple(AttachedPicture(name, name, why) for name, why in sent.items())
    link = "https://springfield.slack.com/archives/C0WORKS01/p1773045660000100"
    return replace(DRAFT, issue=replace(ISSUE, permalink=link, attached=attached), requester=DECIDER)


def _any_detail(text: str) -> Mapping[str, Any]:
    named = (
        *("component", "name", "next", "reference", "source", "path", "other", "value", "at", "keyword", "part"),
        *("policy", "section", "passage"),
    )
    lists = {name: [text] * 30 for name in ("cycle", "waits_for", "declared", "expected", "before", "hours")}
    return {**dict.fromkeys(named, text), **lists, "in": "body", "times": 2, "steps": 300, "limit": 200}


def in_state(snapshot: PlanSnapshot, state: PlanState) -> PlanSnapshot:
    """The same in another state; a failure has the faults that the version warns of."""
    faults = snapshot.version.warnings if snapshot.version else ()
    return replace(
        snapshot,
        state=state,
        phase=Phase.REPAIRING,
        failure=Failure(FailureCode.REJECTED, faults),
        decided_at=MADE_AT,
    )


def component_page(
    items: int, *, text: str = "", page: int = 1, size: int = 10, total: int = 0
) -> Page[ComponentSpec]:
    """A page of components, all their texts `text` if one is given."""
    specs = tuple(
        ComponentSpec(
            text or f"crews.job{index}", text or f"Crew job {index}", text or "What a crew does.", text or "work"
        )
        for index in range(items)
    )
    return Page(specs, page, size, total or items)


def plan_page(items: int, *, text: str = "", page: int = 1, size: int = 10, total: int = 0) -> Page[PlanLine]:
    """A page of plans in every state, all their texts `text` if one is given."""
    states = list(PlanState)
    lines = tuple(
        PlanLine(
            id=UUID(int=index),
            number=items - index,
            state=states[index % len(states)],
            title=text or f"Burst water main, no. {items - index}",
            reporter_id=text or REPORTER,
            channel_id=text or CHANNEL,
            created_at=MADE_AT,
            steps=None if index % len(states) == 0 else 6,
        )
        for index in range(items)
    )
    return Page(lines, page, size, total or items)


KNOWN = "{{locate.report_id}}"


def asking_first(snapshot: PlanSnapshot) -> PlanSnapshot:
    """The same plan, in which a report is filed only where there is none yet."""
    assert snapshot.version is not None
    condition = Condition.model_validate({"tests": [{"value": KNOWN, "is": "empty"}]})
    steps = tuple(
        each.model_copy(update={"when": condition}) if each.step_id == "file" else each
        for each in snapshot.version.plan.steps
    )
    plan = snapshot.version.plan.model_copy(update={"steps": steps})
    return replace(snapshot, version=replace(snapshot.version, plan=plan))


GALLERY: Mapping[str, PlanSnapshot] = {
    "Waiting": drafting(Phase.WAITING),
    "Choosing components": drafting(Phase.SELECTING, offered=24),
    "Arranging the steps": drafting(Phase.PLANNING, offered=24, selected=6),
    "Checking": drafting(Phase.CHECKING, offered=24, selected=6, repairs=0),
    "Mending": drafting(Phase.REPAIRING, offered=24, selected=6, repairs=1, faults=3),
    "Trying other plans": drafting(Phase.SAMPLING, offered=24, selected=6, repairs=1, samples=2, faults=3),
    "Drafted": DRAFT,
    "Drafted, with a forecast": replace(DRAFT, forecast=FORECAST),
    "Drafted from a message": from_message(),
    "Drafted, with a condition": asking_first(DRAFT),
    "Drafted, with warnings": draft(warnings=WARNINGS),
    "Drafted, by policies": cited(),
    "Drafted by the stand-in": draft(model=STAND_IN_MODEL, tokens=812, seconds=0.04),
    "Drafted, 51 steps": long_plan(51, words=0),
    "Drafted, text that means harm": hostile_plan(warnings=3),
    "No components": failed(FailureCode.NO_COMPONENTS),
    "Gemini not reached": failed(FailureCode.GEMINI_UNAVAILABLE),
    "Plan rejected": failed(FailureCode.REJECTED, FAULTS),
    "Discarded": decided(PlanState.DISCARDED),
    "Discarded before there was a plan": replace(decided(PlanState.DISCARDED), version=None),
    "Approved": decided(PlanState.APPROVED),
}
"""The states of a card, by what the gallery calls them."""
