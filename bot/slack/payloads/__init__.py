"""Slack's dicts become frozen requests here; the only folder that indexes into bodies."""

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
from bot.slack.payloads.messages import Command, Mention, command, mention
from bot.slack.payloads.notifications import GateForm, NotificationsForm, gate_form, notifications

__all__ = [
    "AnswerForm",
    "ApprovalRulesForm",
    "Click",
    "Command",
    "GateForm",
    "Mention",
    "NewIssue",
    "NotificationsForm",
    "Reason",
    "answer",
    "approvals",
    "click",
    "command",
    "gate_form",
    "is_stranger",
    "mention",
    "new_issue",
    "notifications",
    "reason",
    "way_back",
]
