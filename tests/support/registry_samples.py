"""Sample components as the registry shows them, with the forms and messages about them; and a hostile one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from bot.slack.messages import Message, View
from bot.views.registry import forms
from bot.views.registry.details import component_modal
from bot.views.registry.listing import registry_list
from bot.views.registry.origin import Origin
from bot.views.registry.told import changed_message, tried_message
from services.components.definitions import ComponentDefinition
from services.components.registry import ComponentChange, RegistryEntry
from services.components.search import FoundComponents
from services.components.specs import ApprovalPolicy
from services.connectors import Response
from services.health.hosts import KnownHost
from services.pages import Page
from services.queries.components import CallRecord, ComponentDetails, PlansThatUse, PlanThatUses
from services.states import PlanState, RunState
from services.workspaces.component_secrets import SecretLine
from tests.support import samples

ORIGIN = Origin(samples.CHANNEL, "https://hooks.slack.com/commands/T1/2/3")

FIND = ComponentDefinition.model_validate(
    {
        "key": "crews.find",
        "name": "Find a crew",
        "description": "Finds crews that are free in a district, the nearest first.",
        "category": "work",
        "endpoint_url": "https://works.springfield.example/crews/{district}",
        "path_params": {"district": {"type": "string", "description": "The number of the district."}},
        "query_params": {
            "kind": {"type": "string", "enum": ["water", "road", "light"]},
            "at_night": {"type": "boolean"},
        },
        "response_schema": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"crew_id": {"type": "string"}, "eta_minutes": {"type": "integer"}},
            },
        },
        "auth": {"type": "bearer", "token": "secret:WORKS_TOKEN"},
        "max_concurrent": 4,
        "owner_service": "Public works",
    }
)
CHANGE = ComponentChange(
    UUID(int=7),
    samples.DECIDER,
    samples.MADE_AT,
    {"timeout_seconds": 30.0, "approval": "none"},
    {"timeout_seconds": 60.0, "approval": "plan"},
)
PLANS = PlansThatUse(
    (
        PlanThatUses(18, "Streetlight out on Oak Street", PlanState.DRAFT, None, None),
        PlanThatUses(17, "Burst water main", PlanState.APPROVED, RunState.WAITING, None),
    ),
    3,
)
DETAILS = ComponentDetails(
    entry=RegistryEntry(UUID(int=1), FIND, active=True, stamp="2026-03-09T08:41:00+00:00"),
    record=CallRecord(1_204, 1_187, 0.31, 2.4),
    host=None,
    plans=PLANS,
    secrets=(SecretLine("crews.find", "WORKS_TOKEN", "0a1b2c3d", samples.DECIDER, samples.MADE_AT, opens=True),),
    sealed=("WORKS_TOKEN",),
    variables=(),
    can_keep=True,
    undoable=CHANGE,
)
AWAY = replace(
    DETAILS,
    entry=replace(DETAILS.entry, active=False),
    host=KnownHost(
        UUID(int=9),
        "works.springfield.example",
        9,
        samples.MADE_AT,
        "timeout",
        samples.MADE_AT + timedelta(minutes=2),
    ),
    secrets=(),
    record=CallRecord(),
    plans=PlansThatUse(),
)
_TEXT = samples.HOSTILE * 3
HOSTILE = replace(
    DETAILS,
    entry=replace(
        DETAILS.entry,
        definition=FIND.model_copy(
            update={
                "name": _TEXT[:150],
                "description": _TEXT,
                "category": _TEXT[:150],
                "owner_service": _TEXT[:150],
                "approval": ApprovalPolicy.STEP,
                "query_params": {
                    f"{samples.HOSTILE}{number}": {"type": "string", "description": _TEXT, "enum": [_TEXT, "a"]}
                    for number in range(60)
                },
                "response_schema": {"type": "object", "properties": {samples.HOSTILE: {"description": _TEXT}}},
            }
        ),
    ),
    plans=PlansThatUse((PlanThatUses(1, _TEXT, PlanState.DRAFT, None, None),), 1),
    undoable=replace(CHANGE, before={"name": _TEXT}, after={"name": _TEXT}),
)


def views(details: ComponentDetails) -> Mapping[str, View]:
    """All modals about a component."""
    return {
        "A component, as an admin sees it": component_modal(details, ORIGIN, is_admin=True),
        "A component, as a clerk sees it": component_modal(details, ORIGIN, is_admin=False),
        "The form of a component": forms.edit_modal(details, ORIGIN),
        "The form of a secret": forms.secret_modal(details, ORIGIN),
        "Switching a component off": forms.switch_modal(details, ORIGIN, details.plans, details.plans),
        "Taking a change back": forms.undo_modal(details, ORIGIN),
        "Trying a component": forms.try_modal(details, ORIGIN),
    }


def messages(details: ComponentDetails, words: str) -> Mapping[str, Message]:
    """All that is told of a component; `words` are what it answered."""
    request: dict[str, Any] = {
        "method": "GET",
        "url": f"https://works.springfield.example/crews/{words}",
        "query": [["kind", words]],
        "headers": {},
        "own_headers": ["X-Key"],
        "body": None,
    }
    answer = Response(200, "application/json", [{"crew_id": words, "eta_minutes": 25}], 0.31, 42)
    assert details.undoable is not None
    return {
        "A component was changed": changed_message(details.entry, details.undoable),
        "A component was tried": tried_message(details.entry, request, answer),
    }


_SPECS = tuple(samples.COMPONENTS.values())
VIEWS: Mapping[str, View] = views(DETAILS)
MESSAGES: Mapping[str, Message] = {
    "A list of components": registry_list(
        FoundComponents(Page(_SPECS, 1, 10, len(_SPECS)), "crew"),
        {spec.key: UUID(int=number) for number, spec in enumerate(_SPECS)},
        "crww",
    ),
    **messages(DETAILS, "C-7"),
}
