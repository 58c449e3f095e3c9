"""All tables; importing this package is what makes the metadata complete."""

from db.models.access import ApiRequest, ApiToken
from db.models.agents import AnswerStream, FunctionExecution
from db.models.ai_calls import AICall
from db.models.approvals import ApprovalRulesRow, StepGate
from db.models.audit import AuditEvent
from db.models.base import Base
from db.models.calls import ComponentSecret, ComponentTurns, HostFault, RenewedToken
from db.models.cards import Card
from db.models.components import Component
from db.models.conversations import Conversation, HeardMessage
from db.models.homes import Home
from db.models.imports import ComponentImport
from db.models.inbox import InboxEntry
from db.models.notes import PlanningNoteRow
from db.models.notifications import Notification, NotificationPreference
from db.models.open311 import Open311Endpoint
from db.models.plans import PlanVersion, WorkflowPlan
from db.models.policies import Policy, PolicyPassage
from db.models.runs import Decision, Run, StepAttempt, StepRun
from db.models.webhooks import Webhook, WebhookDelivery
from db.models.workspaces import Installation, Workspace

__all__ = [
    "AICall",
    "AnswerStream",
    "ApiRequest",
    "ApiToken",
    "ApprovalRulesRow",
    "AuditEvent",
    "Base",
    "Card",
    "Component",
    "ComponentImport",
    "ComponentSecret",
    "ComponentTurns",
    "Conversation",
    "Decision",
    "FunctionExecution",
    "HeardMessage",
    "Home",
    "HostFault",
    "InboxEntry",
    "Installation",
    "Notification",
    "NotificationPreference",
    "Open311Endpoint",
    "PlanVersion",
    "PlanningNoteRow",
    "Policy",
    "PolicyPassage",
    "RenewedToken",
    "Run",
    "StepAttempt",
    "StepGate",
    "StepRun",
    "Webhook",
    "WebhookDelivery",
    "WorkflowPlan",
    "Workspace",
]
