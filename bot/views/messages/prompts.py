"""What the bot suggests to write to it: what is read, and the message that is sent when it is pressed."""

from __future__ import annotations

from bot.languages import N_, _, ngettext

Prompt = tuple[str, str]

MAX_PROMPTS = 4

WHAT_CAN_YOU_DO: Prompt = (N_("What can Mudda do?"), "help")
MY_REPORTS: Prompt = (N_("How do my reports stand?"), N_("How do the plans for what I reported stand?"))
OPEN: Prompt = (N_("What is going on?"), N_("Which plans are open?"))
FAILURES: Prompt = (
    N_("What failed lately?"),
    N_("Which components failed most often in the last 30 days?"),
)


def prompts(*, waiting: int, is_admin: bool) -> tuple[Prompt, ...]:
    """For a person for whom so many things wait: what they are awaited for comes first."""
    others = [FAILURES, OPEN, MY_REPORTS] if is_admin else [MY_REPORTS, OPEN]
    found = [_waiting(waiting)] if waiting else []
    found += [(_(title), _(message)) for title, message in others]
    title, message = WHAT_CAN_YOU_DO
    return (*found[: MAX_PROMPTS - 1], (_(title), message))


def _waiting(count: int) -> Prompt:
    title = ngettext("What waits for me?", "What are the {count} things that wait for me?", count)
    return title, _("What waits for me?")
