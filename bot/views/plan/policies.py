"""The policies that a plan follows: what each step cites, and the menu by which a passage is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.languages import _
from bot.slack.ids import ACTION_POLICY_READ, Ref
from bot.slack.messages import Block
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, join, one_line
from services.policies.specs import Citation

MAX_READ = 100
"""Passages in one menu (Slack: 100 options in a group)."""

_NAME = 60


def name(citation: Citation) -> str:
    """A passage as it is said: "Road works, 3.1 Closures"."""
    heading = clip(one_line(citation.heading), _NAME)
    policy = clip(one_line(citation.policy), _NAME)
    return f"{policy}, {heading}" if heading and heading != policy else policy


def following(follows: Sequence[str]) -> str:
    """The sentence of a step that cites passages: "Follows: Road works, 3.1 Closures."; empty for the others."""
    return _("Follows: {passages}.", passages=join(follows, most=3)) if follows else ""


def reading(citations: Sequence[Citation], most: int = MAX_READ) -> list[Block]:
    """A menu of the cited passages by policy, each of which it shows; nothing where nothing is cited."""
    shown = citations[:most]
    groups = [(policy, _options(shown, policy)) for policy in dict.fromkeys(each.policy for each in shown)]
    return [kit.actions(kit.menu(_("Read what it follows"), ACTION_POLICY_READ, groups))] if groups else []


def _options(citations: Iterable[Citation], policy: str) -> list[tuple[str, str]]:
    return [
        (one_line(each.heading) or one_line(policy), Ref(each.passage, 0).encode())
        for each in citations
        if each.policy == policy
    ]
