"""What is asked about an issue before it is planned: types, and what an answer in words means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from db.models import WorkflowPlan
from services.errors import MuddaError

MAX_ANSWER = 300
"""Characters of an answer."""

MAX_CHOICES = 5
"""So many places are offered; with more than that, people say it in words."""


class Lack(StrEnum):
    """What an issue does not say."""

    PLACE = "place"
    TIME = "time"
    WHAT = "what"
    CREW = "crew"


class Settled(StrEnum):
    """How it ended. GONE: the open plan that it was the same as was over by then."""

    ANSWERED = "answered"
    ANYWAY = "anyway"
    UNANSWERED = "unanswered"
    SAME = "same"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Another plan that may be about the same: what people need to know to tell. `link` leads to its card.

    Of one that is not to be seen there is no title.
    """

    id: UUID
    number: int
    title: str
    reporter: str
    at: datetime
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about an issue before it is planned.

    `lacks` is what it does not say, `choices` the places that may be meant, `look_alike` an open plan that may be
    about the same, and `place_found` the one place that a geocoder knows. `is_wide`: whoever sees its card may see
    what is shown in public channels.
    """

    lacks: tuple[Lack, ...] = ()
    choices: tuple[str, ...] = ()
    look_alike: UUID | None = None
    is_wide: bool = False
    place_found: str | None = None

    @property
    def is_to_ask(self) -> bool:
        """Whether people have to be asked."""
        return bool(self.lacks or self.choices or self.look_alike)


@dataclass(frozen=True, slots=True)
class Clarification:
    """What was asked, and how that ended. `due` is when it is planned anyway."""

    lacks: tuple[Lack, ...]
    choices: tuple[str, ...]
    at: datetime
    due: datetime
    look_alike: UUID | None = None
    outcome: Settled | None = None
    by: str | None = None
    answer: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.outcome is None


def clarification_of(document: Mapping[str, Any] | None) -> Clarification | None:
    """From the database."""
    if document is None:
        return None
    look_alike = document.get("look_alike")
    return Clarification(
        lacks=tuple(map(Lack, document["lacks"])),
        choices=tuple(document["choices"]),
        at=datetime.fromisoformat(document["at"]),
        due=datetime.fromisoformat(document["due"]),
        look_alike=UUID(look_alike) if look_alike else None,
        outcome=Settled(document["outcome"]) if "outcome" in document else None,
        by=document.get("by"),
        answer=document.get("answer", ""),
    )


def is_asking(plan: WorkflowPlan) -> bool:
    """Whether a plan that is to be drafted waits for an answer."""
    return plan.clarification is not None and "outcome" not in plan.clarification


class NotAsked(MuddaError):
    """It is for others to answer: for `people`."""

    def __init__(self, people: tuple[str, ...]) -> None:
        super().__init__("only who reported it, or asked for the plan, can answer")
        self.people = people


class AnsweredBefore(MuddaError):
    """It is settled already; `by` is who did it, if a person did. `state` is that of the plan."""

    def __init__(self, by: str | None, state: str) -> None:
        super().__init__(f"settled by {by}")
        self.by = by
        self.state = state


_ANYWAY = re.compile(
    r"(i )?(don'?t know|dunno|no idea|not sure|plan (it )?anyway|(just )?go ahead|skip( it)?|keine ahnung"
    r"|weiß (ich )?nicht|egal|trotzdem planen|पता नहीं|मालूम नहीं)[.! ]*",
    re.IGNORECASE,
)
_SAME = re.compile(r"(yes|yep|same( issue| one)?|it'?s the same|ja|gleiche?s?|हाँ|वही)[.! ]*", re.IGNORECASE)
_NEW = re.compile(r"(no|nope|new( plan| one)?|different|nein|neu|नहीं|नया)[.! ]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody answers: by a button, in the form, or in words.

    `choice` is the number of a place, from 0. `given` are texts by what was lacking; `words` are for whatever was
    asked.
    """

    is_anyway: bool = False
    is_same: bool = False
    choice: int | None = None
    given: Mapping[Lack, str] | None = None
    words: str = ""

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is said by it."""
        return not (self.is_plain or self.given or self.words)

    @property
    def is_plain(self) -> bool:
        """Whether it is one of what was offered."""
        return self.is_anyway or self.is_same or self.choice is not None


def reply_in_words(asked: Clarification, text: str) -> Reply:
    """What a reply in the thread answers."""
    said = " ".join(text.split())[:MAX_ANSWER]
    if asked.look_alike is not None and _SAME.fullmatch(said):
        return Reply(is_same=True)
    if _ANYWAY.fullmatch(said) or (asked.look_alike is not None and _NEW.fullmatch(said)):
        return Reply(is_anyway=True)
    if said.isdecimal() and 1 <= int(said[:3]) <= len(asked.choices):
        return Reply(choice=int(said) - 1)
    folded = said.casefold()
    if folded and len(hits := [i for i, each in enumerate(asked.choices) if folded in each.casefold()]) == 1:
        return Reply(choice=hits[0])
    return Reply(words=said)
