"""Slack's dicts become frozen requests here; the only folder that indexes into bodies."""

from bot.slack.payloads.agents import (
    DetailsRequested,
    FunctionExecuted,
    SessionStopped,
    details_requested,
    function_executed,
    session_stopped,
)
from bot.slack.payloads.clicks import Click, click, is_stranger, way_back
from bot.slack.payloads.components import (
    ComponentForm,
    SecretForm,
    component_click,
    component_form,
    secret_form,
)
from bot.slack.payloads.forms import (
    AnswerForm,
    ApprovalRulesForm,
    NewIssue,
    Reason,
    answer,
    approvals,
    new_issue,
    reason,
)
from bot.slack.payloads.hearing import Heard, heard, talk_of
from bot.slack.payloads.home import HomeOpened, SettingsForm, home_opened, settings
from bot.slack.payloads.importing import AddComponentsForm, Choices, add_components, choices
from bot.slack.payloads.messages import Command, command
from bot.slack.payloads.notifications import GateForm, NotificationsForm, gate_form, notifications
from bot.slack.payloads.people import UserChanged, user_changed
from bot.slack.payloads.shortcuts import (
    MessageShortcut,
    Reaction,
    Shortcut,
    message_shortcut,
    reaction,
    shortcut,
)

__all__ = [
    "AddComponentsForm",
    "AnswerForm",
    "ApprovalRulesForm",
    "Choices",
    "Click",
    "Command",
    "ComponentForm",
    "DetailsRequested",
    "FunctionExecuted",
    "GateForm",
    "Heard",
    "HomeOpened",
    "MessageShortcut",
    "NewIssue",
    "NotificationsForm",
    "Reaction",
    "Reason",
    "SecretForm",
    "SessionStopped",
    "SettingsForm",
    "Shortcut",
    "UserChanged",
    "add_components",
    "answer",
    "approvals",
    "choices",
    "click",
    "command",
    "component_click",
    "component_form",
    "details_requested",
    "function_executed",
    "gate_form",
    "heard",
    "home_opened",
    "is_stranger",
    "message_shortcut",
    "new_issue",
    "notifications",
    "reaction",
    "reason",
    "secret_form",
    "session_stopped",
    "settings",
    "shortcut",
    "talk_of",
    "user_changed",
    "way_back",
]
