"""What agents, validator and card know of policies: passages, citations of them, and the rules that are held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from services.components.specs import ComponentSpec
from services.policies.checks import Check

MAX_DEMANDED = 10
"""Of the components of a category, so many are shown where one of them is demanded."""


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
class PassageSnapshot:
    """A passage to be read, with what is known of its policy. `latest` is the newest version there is."""

    policy: str
    version: int
    latest: int
    effective_from: date | None
    effective_until: date | None
    removed_at: datetime | None
    heading: str
    text: str


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

    def with_demanded(self, keys: Iterable[str], components: Mapping[str, ComponentSpec]) -> tuple[str, ...]:
        """The keys, and those of the components that rules about them demand: a plan is not possible without."""
        found = list(dict.fromkeys(keys))
        demands = [rule.check for rule in self.rules if rule.check.needs_before is not None]
        # The list grows while it is gone through: what is demanded may itself demand something.
        for key in found:
            for check in (check for check in demands if check.covers(key, components.get(key))):
                found += [other for other in _demanded(check, components) if other not in found]
        return tuple(found)


def _demanded(check: Check, components: Mapping[str, ComponentSpec]) -> list[str]:
    before = check.needs_before
    return [key for key, spec in components.items() if before and before.covers(key, spec)][:MAX_DEMANDED]


NO_POLICIES = Policies()


def citation_id(key: str, version: int, anchor: str) -> str:
    """What a passage is cited by: the same in every plan, for every version has its own."""
    return f"{key}@{version}#{anchor}"
