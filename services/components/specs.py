"""What agents and validator may know of a component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ApprovalPolicy(StrEnum):
    """Who has to agree before a component may be called."""

    NONE = "none"
    PLAN = "plan"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """What the agents, the validator and the card need to know of a component: no URL and no secret."""

    key: str
    name: str
    description: str = ""
    category: str = ""
    type: str = "REST"
    http_method: str = "GET"
    path_params: Mapping[str, Any] = field(default_factory=dict)
    query_params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    request_schema: Mapping[str, Any] = field(default_factory=dict)
    response_schema: Mapping[str, Any] = field(default_factory=dict)
    approval: ApprovalPolicy = ApprovalPolicy.NONE
    active: bool = True
