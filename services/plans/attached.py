"""The pictures that came with an issue: known by their ids in Slack, and never kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.jobs import AnswerFile
from services.pictures.unseen import Unseen

MAX_KNOWN = 100
"""So many are known of an issue; what comes after is left out without a word."""


@dataclass(frozen=True, slots=True)
class AttachedPicture:
    """What was sent as a picture. `unseen` says why the last draft was made without it, if it was."""

    id: str
    name: str
    unseen: Unseen | None = None

    def to_dict(self) -> dict[str, Any]:
        """For the database."""
        return {"id": self.id, "name": self.name, "unseen": None if self.unseen is None else self.unseen.value}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> AttachedPicture:
        """From the database."""
        unseen = document["unseen"]
        return cls(document["id"], document["name"], None if unseen is None else Unseen(unseen))


def pictures_among(files: Iterable[AnswerFile]) -> tuple[AttachedPicture, ...]:
    """Those files that are said to be pictures, or not said to be anything. Whether they are is seen later."""
    found = (file for file in files if not file.mimetype or file.mimetype.startswith("image/"))
    # Of what comes from another organisation Slack may tell no more than an id, and that says nothing to people.
    named = (AttachedPicture(file.id, "a file" if file.name == file.id else file.name) for file in found)
    return tuple(named)[:MAX_KNOWN]


def with_new(known: Sequence[dict[str, Any]], files: Iterable[AnswerFile]) -> list[dict[str, Any]]:
    """What is known of an issue's pictures, with those that were sent later: these are looked at first."""
    new = [picture.to_dict() for picture in pictures_among(files)]
    ids = {picture["id"] for picture in new}
    return [*new, *(picture for picture in known if picture["id"] not in ids)][:MAX_KNOWN]
