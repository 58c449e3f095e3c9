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

__all__ = [
    "AnswerForm",
    "ApprovalRulesForm",
    "Click",
    "Command",
    "Mention",
    "NewIssue",
    "Reason",
    "answer",
    "approvals",
    "click",
    "command",
    "is_stranger",
    "mention",
    "new_issue",
    "reason",
    "way_back",
]
