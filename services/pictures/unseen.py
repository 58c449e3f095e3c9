"""Why a picture that somebody sent could not be looked at."""

from __future__ import annotations

from enum import StrEnum


class Unseen(StrEnum):
    """The reasons, as they are kept."""

    NO_PICTURE = "no_picture"
    OTHER_KIND = "other_kind"
    TOO_LARGE = "too_large"
    GONE = "gone"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    TOO_MANY = "too_many"


class PictureRefused(Exception):
    """A picture that can't be looked at; `why` says for which reason."""

    def __init__(self, why: Unseen) -> None:
        super().__init__(why.value)
        self.why = why
