"""Components of a small town, as tests of the agents need them: ordinary ones, and ones with odd schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.components.specs import ApprovalPolicy, ComponentSpec

STRING: Mapping[str, Any] = {"type": "string"}
NUMBER: Mapping[str, Any] = {"type": "number"}


def body(required: Iterable[str] = (), /, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def listed(member: str, /, **properties: Any) -> dict[str, Any]:
    return body(**{member: {"type": "array", "minItems": 1, "items": body(**properties)}})


REQUEST = {"service_request_id": STRING, "status": STRING, "address": STRING}

TOWN = (
    ComponentSpec(
        key="open311.list_services",
        name="List service types",
        description="Lists the kinds of requests that the city takes.",
        category="requests",
        response_schema={"type": "array", "items": body(service_code=STRING, service_name=STRING)},
    ),
    ComponentSpec(
        key="open311.find_nearby",
        name="Find nearby requests",
        description="Looks for open requests near a place, to avoid duplicates.",
        category="requests",
        query_params={"address": STRING, "status": {"type": "string", "enum": ["open", "closed"]}},
        response_schema={"type": "array", "items": body(**REQUEST)},
    ),
    ComponentSpec(
        key="open311.get_request",
        name="Look up a service request",
        description="Returns one request by its id.",
        category="requests",
        path_params={"service_request_id": {"type": "string", "required": True}},
        response_schema={"type": "array", "items": body(**REQUEST)},
    ),
    ComponentSpec(
        key="open311.create_request",
        name="Create a service request",
        description="Puts the issue on the public record.",
        category="requests",
        http_method="POST",
        request_schema=body(
            ["service_code", "description", "address_string"],
            service_code={"type": "string", "enum": ["pothole", "water_main_break", "graffiti", "other"]},
            description={"type": "string", "maxLength": 4000},
            address_string=STRING,
            lat=NUMBER,
            long=NUMBER,
        ),
        response_schema={"type": "array", "minItems": 1, "items": body(service_request_id=STRING)},
        approval=ApprovalPolicy.PLAN,
    ),
    ComponentSpec(
        key="workorders.create",
        name="Create a work order",
        description="Opens a work order with the works department.",
        category="work",
        http_method="POST",
        path_params={"area": {"type": "string", "required": True}},
        request_schema=body(
            ["title", "priority"],
            title={"type": "string", "maxLength": 80},
            details=STRING,
            priority={"type": "string", "enum": ["low", "normal", "high"]},
            service_request_id=STRING,
            location=body(["address"], address=STRING, lat=NUMBER),
        ),
        response_schema=body(work_order_id=STRING, url=STRING),
        approval=ApprovalPolicy.PLAN,
    ),
    ComponentSpec(
        key="crews.available",
        name="List available crews",
        description="Lists the crews that are free now.",
        category="crews",
        response_schema=listed("crews", crew_id=STRING, name=STRING),
    ),
    ComponentSpec(
        key="crews.assign",
        name="Assign a crew",
        description="Sends a crew to a work order.",
        category="crews",
        http_method="POST",
        path_params={"work_order_id": {"type": "string", "required": True}},
        request_schema=body(["crew_id"], crew_id=STRING, note=STRING),
        response_schema=body(assignment_id=STRING, eta_minutes={"type": "integer"}),
        approval=ApprovalPolicy.STEP,
    ),
    ComponentSpec(
        key="roads.close",
        name="Request a road closure",
        description="Asks traffic control to close a stretch of road.",
        category="roads",
        http_method="POST",
        request_schema=body(
            ["street", "hours"],
            street=STRING,
            hours={"type": "integer", "minimum": 1, "maximum": 72},
            reason=STRING,
        ),
        response_schema=body(closure_id=STRING),
        approval=ApprovalPolicy.PLAN,
    ),
    ComponentSpec(
        key="notify.residents",
        name="Notify residents",
        description="Sends a message to the residents of an area.",
        category="notifications",
        http_method="POST",
        request_schema=body(
            ["message", "channels"],
            message={"type": "string", "maxLength": 300},
            area=STRING,
            channels={"type": "array", "minItems": 1, "items": {"type": "string", "enum": ["sms", "email"]}},
        ),
        response_schema=body(sent={"type": "integer"}),
        approval=ApprovalPolicy.PLAN,
    ),
    ComponentSpec(
        key="notify.reporter",
        name="Reply to the reporter",
        description="Tells whoever reported an issue what is being done.",
        category="notifications",
        http_method="POST",
        request_schema=body(["recipient", "message"], recipient=STRING, message=STRING),
        response_schema=body(message_id=STRING),
        approval=ApprovalPolicy.PLAN,
    ),
    ComponentSpec(
        key="streetlights.report",
        name="Report a streetlight outage",
        description="Tells the power company about a dark street lamp.",
        category="lighting",
        http_method="POST",
        request_schema=body(["pole_number"], pole_number=STRING),
        response_schema=body(ticket=STRING),
        approval=ApprovalPolicy.PLAN,
    ),
    ComponentSpec(
        key="trees.inspect",
        name="Book a tree inspection",
        description="Books an inspection of a tree in a park.",
        category="parks",
        http_method="POST",
        request_schema=body(["where"], where=STRING),
        response_schema=body(inspection_id=STRING),
        approval=ApprovalPolicy.PLAN,
    ),
)

COMPONENTS: Mapping[str, ComponentSpec] = {component.key: component for component in TOWN}
