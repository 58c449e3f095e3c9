"""Jobs about pictures of plans and reports of runs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from services.jobs.requests import Act


class PictureKind(StrEnum):
    """What is made: the graph of a plan or a run, or the report of a run."""

    GRAPH = "graph"
    REPORT = "report"


class MakePicture(Act):
    """Draw it and bring it to Slack. `run` is the run that is shown; without one it is the plan as it is now.

    `key` is Slack's own id of the press: what was made under it is not made again.
    """

    entrypoint: ClassVar[str] = "make_picture"

    key: str
    picture: PictureKind
    plan: UUID | None = None
    run: UUID | None = None
    thread_ts: str | None = None
    response_url: str | None = None


class SharePicture(Act):
    """Show a file that Slack has already in the thread of the card. It was brought there at `since`."""

    entrypoint: ClassVar[str] = "share_picture"

    key: str
    picture: PictureKind
    plan: UUID
    number: int
    file: str
    title: str
    since: datetime
    thread_ts: str | None = None
    response_url: str | None = None
