"""How soon an issue has to be seen to, in the words of the form."""

from __future__ import annotations

from bot.languages import N_, _

URGENCIES = (N_("Emergency"), N_("Today"), N_("This week"), N_("When you can"))
"""How soon it has to be seen to. What is chosen is kept in English, as the plan is made from it."""


def urgency_words(urgency: str | None) -> str:
    """The urgency of an issue as people read it; what somebody wrote themselves stays as it is."""
    return _(urgency) if urgency in URGENCIES else urgency or ""
