"""Plans over the components of six kinds of towns, as data: good ones, and some that make no sense."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from services.components.builtins import BUILTINS
from services.components.packs import parse_pack
from services.components.specs import ComponentSpec
from services.plans.model import Condition, Plan, Step, StepInput
from tests.support.stand_in_plans import MEMBERS

DATA = Path(__file__).parent.parent / "unit" / "plans" / "data" / "towns"
_PLACES: tuple[Literal["path", "query", "header", "body", "variable"], ...] = (
    "path",
    "query",
    "header",
    "body",
    "variable",
)


@dataclass(frozen=True)
class TownPlan:
    """A plan, the components it is over, and what is to be found in it: fault codes with the step of each."""

    town: str
    plan: Plan
    components: Mapping[str, ComponentSpec]
    faults: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.town}: {self.plan.workflow_name}"


def good_plans() -> Iterator[TownPlan]:
    """The plans of every town that are as they should be."""
    for path in sorted(DATA.glob("*.yaml")):
        for each in _read(path)["plans"]:
            yield TownPlan(path.stem, _plan(each), _components(path.stem))


def senseless_plans() -> Iterator[TownPlan]:
    """Plans that can be carried out and make no sense, each over the components of one of the towns."""
    for each in _read(DATA.parent / "senseless.yaml"):
        found = tuple((code, step) for code, step in each["finds"].items())
        yield TownPlan(each["town"], _plan(each), _components(each["town"]), found)


@cache
def _read(path: Path) -> Any:
    # Read by every process that collects tests: in Python it takes ten times as long.
    return yaml.load(path.read_bytes(), yaml.CSafeLoader)


@cache
def _components(town: str) -> dict[str, ComponentSpec]:
    """As a pack is read by `mudda components load`, so that they are no better than real ones."""
    listed = _read(DATA / f"{town}.yaml")["components"]
    pack = parse_pack(json.dumps({"components": listed}, ensure_ascii=False))
    own = {
        each.key: ComponentSpec(type=each.type, **{name: getattr(each, name) for name in MEMBERS}) for each in pack
    }
    return {**own, **BUILTINS}


def _plan(document: Mapping[str, Any]) -> Plan:
    return Plan(workflow_name=document["name"], steps=tuple(map(_step, document["steps"])))


def _step(document: Mapping[str, Any]) -> Step:
    """`use` is the component, `does` the description, `out` the outputs, `then` what comes next, and
    `when` a value that has to be there."""
    inputs = [
        StepInput(location=place, name=name, value=value if isinstance(value, str) else json.dumps(value))
        for place in _PLACES
        for name, value in document.get(place, {}).items()
    ]
    return Step(
        step_id=document["id"],
        component_id=document["use"],
        description=document.get("does", ""),
        inputs=tuple(inputs),
        outputs=tuple(document.get("out", ())),
        next=tuple(document.get("then", ())),
        requires_approval=document.get("gate", False),
        when=_present(document["when"]) if "when" in document else None,
    )


def _present(reference: str) -> Condition:
    return Condition.model_validate({"tests": [{"value": reference, "is": "present"}]})
