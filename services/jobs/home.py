"""Jobs about App Homes, what is set there, and where cards are shown."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from db.queue import Job
from services.jobs.requests import Act, Request

HomeList = Literal["waiting", "running", "reports"]


class OpenHome(Job):
    """Somebody opened their Home. `view_hash` is Slack's name of what they see there, if there is anything yet."""

    entrypoint: ClassVar[str] = "open_home"

    user: str
    view_hash: str | None = None


class RefreshHomes(Job):
    """Ask for redraws of the Homes of the workspace that were opened lately."""

    entrypoint: ClassVar[str] = "refresh_homes"


class DrawHome(Job):
    """Redraw the Home of a person, unless nothing of it has changed."""

    entrypoint: ClassVar[str] = "draw_home"

    user: str


class TurnHome(Job):
    """Turn a list on a person's Home to another page, which counts from 1."""

    entrypoint: ClassVar[str] = "turn_home"

    user: str
    listing: HomeList
    page: int


class SaveSettings(Request):
    """What a person set for the workspace; `settings` are texts, as `mudda workspaces set` takes them."""

    entrypoint: ClassVar[str] = "save_settings"

    key: str
    user: str
    settings: dict[str, str]
    self_approval: bool
    remind_after_minutes: float


class MoveCard(Act):
    """Have the card of a plan shown in the channel `to`, for whoever may see it."""

    entrypoint: ClassVar[str] = "move_card"

    key: str
    plan: UUID
    to: str
    response_url: str | None = None


class FoldCard(Job):
    """Say at the message at which a card was where it is now, once it is there."""

    entrypoint: ClassVar[str] = "fold_card"

    plan: UUID
    from_channel: str
    from_ts: str
