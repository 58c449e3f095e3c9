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
from bot.slack.payloads.messages import Command, command
from bot.slack.payloads.notifications import GateForm, NotificationsForm, gate_form, notifications

__all__ = [
    "AnswerForm",
    "ApprovalRulesForm",
    "Click",
    "Command",
    "DetailsRequested",
    "FunctionExecuted",
    "GateForm",
    "Heard",
    "HomeOpened",
    "NewIssue",
    "NotificationsForm",
    "Reason",
    "SessionStopped",
    "SettingsForm",
    "answer",
    "approvals",
    "click",
    "command",
    "details_requested",
    "function_executed",
    "gate_form",
    "heard",
    "home_opened",
    "is_stranger",
    "new_issue",
    "notifications",
    "reason",
    "session_stopped",
    "settings",
    "talk_of",
    "way_back",
]
