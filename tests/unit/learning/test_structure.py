"""A plan as an example: all of its structure, and nothing that anybody wrote."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given as examples_of
from hypothesis import strategies as st

from services.components.builtins import WAIT_UNTIL
from services.learning.structure import MAX_STEPS, structure
from services.plans.model import Plan, Step, StepInput
from tests.support.builders import body, given, plan, step
from tests.support.pack import STRING
from tests.support.pack import body as schema

SPECS: dict[str, dict[str, Any]] = {
    "crews.list": {"key": "crews.list", "query_params": {"district": STRING}},
    "crews.assign": {
        "key": "crews.assign",
        "path_params": {"work_order_id": STRING},
        "request_schema": schema(["crew_id"], crew_id=STRING, note=STRING, at=schema(lat=STRING)),
    },
}


def test_the_whole_structure_is_kept() -> None:
    made = plan(
        step("find_crews_for_mrs_miller", "crews.list", given("query", "district", "North 12"), then=["assign"]),
        Step(
            step_id="assign",
            component_id="crews.assign",
            description="Call Mrs Miller, 555-0101",
            inputs=(
                given("path", "work_order_id", "WO-77"),
                *body(crew_id="{{find_crews_for_mrs_miller.crews[0].crew_id}}"),
                *body(note="For {{issue.reporter}}: {{find_crews_for_mrs_miller.crews}} at 5 Elm Street"),
                given("body", "at.lat", "{{issue.place}}"),
                given("body", "miller", "Mrs Miller"),
            ),
            requires_approval=True,
        ),
    )
    found = structure(made, SPECS)
    assert found is not None
    assert found.components == {"crews.list", "crews.assign"}
    assert found.steps == (
        {"step": "s1", "component": "crews.list", "after": [], "inputs": {"query.district": "given"}},
        {
            "step": "s2",
            "component": "crews.assign",
            "after": ["s1"],
            "inputs": {
                "path.work_order_id": "given",
                "body.crew_id": "{{s1.crews[0].crew_id}}",
                "body.note": "given, with {{issue.reporter}} {{s1.crews}}",
                "body.at.lat": "{{issue.place}}",
            },
            "gate": True,
        },
    )


def test_what_is_polled_counts_as_used() -> None:
    wait = step("wait", WAIT_UNTIL, *body(component="crews.list", field="status"))
    found = structure(plan(wait), SPECS)
    assert found is not None
    assert "crews.list" in found.components


def test_what_is_no_example() -> None:
    assert structure(plan(), SPECS) is None
    assert structure(plan(step("a"), step("a")), SPECS) is None
    assert structure(plan(*(step(f"s{n}") for n in range(MAX_STEPS + 1))), SPECS) is None


SECRET = "Marco Rossi"
PERSONAL = st.sampled_from(
    [
        SECRET,
        f"{{{{a.{SECRET.replace(' ', '_')}_5550101}}}}",
        f'{{{{a["{SECRET}"].id}}}}',
        f"{{{{issue.text}}}} {SECRET}",
        json.dumps({"who": SECRET, "as": "{{a.crew_id}}", SECRET: 1}),
        f"{{{{ {SECRET}",
        "</data>" + SECRET,
    ]
)


@examples_of(st.data())
def test_nothing_that_anybody_wrote_is_in_it(data: st.DataObject) -> None:
    def value() -> str:
        return data.draw(PERSONAL)

    made = Plan(
        workflow_name=value(),
        description=value(),
        steps=(
            step("a", "crews.list", given("query", "district", value())),
            Step(
                step_id=data.draw(st.sampled_from(["Marco_Rossi", "b"])),
                component_id="crews.assign",
                description=value(),
                inputs=(
                    StepInput(location="body", name="note", value=value()),
                    StepInput(location="body", name=value(), value=value()),
                    StepInput(location="body", name=f"at.{value()}", value=value()),
                ),
                outputs=(value(),),
            ),
        ),
    )
    found = structure(made, SPECS)
    assert found is not None
    told = json.dumps(found.steps)
    assert "Marco" not in told
    assert "Rossi" not in told
    assert "</data>" not in told
