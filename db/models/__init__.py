"""All tables; importing this package is what makes the metadata complete."""

from db.models.base import Base
from db.models.components import Component
from db.models.inbox import InboxEntry
from db.models.plans import AICall, AuditEvent, Card, PlanVersion, WorkflowPlan
from db.models.workspaces import Workspace

__all__ = [
    "AICall",
    "AuditEvent",
    "Base",
    "Card",
    "Component",
    "InboxEntry",
    "PlanVersion",
    "WorkflowPlan",
    "Workspace",
]
