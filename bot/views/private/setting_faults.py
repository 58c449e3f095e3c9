"""Why a setting of a workspace was not taken, in words: for an admin on their Home, and for the operator."""

from __future__ import annotations

from collections.abc import Mapping

from bot.languages import N_, Sentence, _
from services.workspaces.settings import SettingFault, SettingRefused

_SENTENCES: Mapping[SettingFault, Sentence] = {
    SettingFault.UNKNOWN: N_("{text} is no setting; there are {choices}."),
    SettingFault.ZONE: N_("{text} is not the name of a time zone, such as America/Chicago."),
    SettingFault.NUMBER: N_("{text} is not a whole number."),
    SettingFault.DAYS: N_("{text} must be from {least} to {most} days, or 0 to keep them for good."),
    SettingFault.TRUTH: N_("{text} must be true or false."),
    SettingFault.CHANNEL: N_("{text} is not the id of a channel, such as C0123ABCD."),
    SettingFault.MAY_PLAN: N_("{text} must be everybody, approvers or named."),
    SettingFault.EMOJI: N_("{text} is not the name of an emoji, such as {usual}, nor {off}."),
    SettingFault.LANGUAGE: N_("{text} must be one of {choices}."),
    SettingFault.PEOPLE: N_("{text} must be ids of people with commas between them, such as U0123ABCD,U0456EFGH."),
}


def setting_fault(error: SettingRefused) -> str:
    """The sentence, as plain text."""
    return _(_SENTENCES[error.fault], **error.facts)
