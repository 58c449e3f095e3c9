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
from bot.slack.payloads.home import HomeOpened, SettingsForm, home_opened, settings
from bot.slack.payloads.messages import Command, Mention, command, mention

__all__ = [
    "AnswerForm",
    "ApprovalRulesForm",
    "Click",
    "Command",
    "HomeOpened",
    "Mention",
    "NewIssue",
    "Reason",
    "SettingsForm",
    "answer",
    "approvals",
    "click",
    "command",
    "home_opened",
    "is_stranger",
    "mention",
    "new_issue",
    "reason",
    "settings",
    "way_back",
]
