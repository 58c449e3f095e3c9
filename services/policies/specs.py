"""What agents, validator and card know of policies: passages, citations of them, and the rules that are held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from services.policies.checks import Check


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage as it is cited. `id` is what a plan cites it by ("road-works@2#3.1"), `passage` that of its row.

    `policy` is the policy's name, `heading` the way to the passage in it.
    """

    id: str
    passage: UUID
    policy: str
    heading: str

    def to_dict(self) -> dict[str, str]:
        """For the database."""
        return {"id": self.id, "passage": str(self.passage), "policy": self.policy, "heading": self.heading}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """From the database."""
        return cls(document["id"], UUID(document["passage"]), document["policy"], document["heading"])


@dataclass(frozen=True, slots=True)
class CitedPassage:
    """A passage that fits an issue, to be shown to the plan maker."""

    citation: Citation
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A hard rule, and the passage that it is a rule of."""

    check: Check
    citation: Citation


@dataclass(frozen=True, slots=True)
class Policies:
    """What is in force for one issue: the passages that fit it, and all rules."""

    passages: tuple[CitedPassage, ...] = ()
    rules: tuple[Rule, ...] = ()

    def citations(self) -> dict[str, Citation]:
        """All that a plan may cite, by the ids."""
        cited = [*(each.citation for each in self.passages), *(rule.citation for rule in self.rules)]
        return {citation.id: citation for citation in cited}

    def cited(self, ids: Iterable[str]) -> tuple[Citation, ...]:
        """Those of the ids that there are, each once."""
        known = self.citations()
        return tuple(known[each] for each in dict.fromkeys(ids) if each in known)


NO_POLICIES = Policies()


def citation_id(key: str, version: int, anchor: str) -> str:
    """What a passage is cited by: the same in every plan, for every version has its own."""
    return f"{key}@{version}#{anchor}"
