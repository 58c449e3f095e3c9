"""What the bot suggests to write to it: what is read, and the message that is sent when it is pressed."""

from __future__ import annotations

Prompt = tuple[str, str]

MAX_PROMPTS = 4

WHAT_CAN_YOU_DO: Prompt = ("What can Mudda do?", "help")
MY_REPORTS: Prompt = ("How do my reports stand?", "How do the plans for what I reported stand?")
OPEN: Prompt = ("What is going on?", "Which plans are open?")
FAILURES: Prompt = ("What failed lately?", "Which components failed most often in the last 30 days?")


def prompts(*, waiting: int, is_admin: bool) -> tuple[Prompt, ...]:
    """For a person for whom so many things wait: what they are awaited for comes first."""
    found = [_waiting(waiting)] if waiting else []
    found += [FAILURES, OPEN, MY_REPORTS] if is_admin else [MY_REPORTS, OPEN]
    return (*found[: MAX_PROMPTS - 1], WHAT_CAN_YOU_DO)


def _waiting(count: int) -> Prompt:
    title = "What waits for me?" if count == 1 else f"What are the {count:,} things that wait for me?"
    return title, "What waits for me?"
