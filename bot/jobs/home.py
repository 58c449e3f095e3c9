"""Homes are opened and redrawn, and what admins set there is kept."""

from __future__ import annotations

import hashlib
import json
import logging

from bot.deps import Deps
from bot.errors import HomeOvertaken, RateLimited, SlackError, SlackUnavailable
from bot.jobs.registry import Handler, Lane
from bot.jobs.runs.gates import redraw_awaiting
from bot.languages import N_, _
from bot.slack.client import Person
from bot.slack.messages import Message, View
from bot.views.home import home_view
from bot.views.private.notes import Note
from services import homes
from services.audit import Actor
from services.jobs import DrawHome, JobDeferral, OpenHome, RefreshHomes, SaveSettings, TurnHome
from services.queries import home
from services.workspaces import settings as workspace_settings
from services.workspaces.settings import SettingRefused

logger = logging.getLogger("mudda.home")

_HERE = N_("Plans that were begun in no channel will be shown here.")
NOT_A_MEMBER = "user_not_in_channel"
"""Slack's word where the bot may post, and whoever is to be told there is not in the channel."""


async def open_home(job: OpenHome, deps: Deps) -> None:
    """Remember who looks, ask Slack who that is if it has not been asked lately, and have their Home drawn."""
    async with deps.database.reading() as session:
        is_known = await homes.is_known(session, job.workspace, job.user, deps.now())
    person = None if is_known else await _person(job.user, deps)
    async with deps.database.transaction() as session:
        await homes.opened(
            session,
            job.workspace,
            job.user,
            job.view_hash,
            deps.now(),
            is_admin=None if person is None else person.is_admin,
            is_stranger=person is not None and person.is_stranger,
        )


async def refresh_homes(job: RefreshHomes, deps: Deps) -> None:
    """Ask for redraws of the Homes that were opened lately."""
    async with deps.database.transaction() as session:
        await homes.refresh(session, job.workspace)


async def draw_home(job: DrawHome, deps: Deps) -> None:
    """Show the person what there is now, if that is not what they see."""
    async with deps.database.transaction() as session:
        turn = await homes.begin_draw(session, job.workspace, job.user, deps.now())
    if isinstance(turn, JobDeferral):
        raise turn
    if turn is None:
        return
    async with deps.database.searching() as session:
        snapshot = await home.read(session, job.workspace, job.user, deps.now())
    view = home_view(snapshot, deps.defaults)
    digest = _digest(view)
    if digest == turn.digest:
        return
    try:
        view_hash = await deps.slack.publish_home(job.user, view, turn.view_hash)
    except HomeOvertaken:
        async with deps.database.transaction() as session:
            await homes.overtaken(session, job.workspace, turn)
        return
    async with deps.database.transaction() as session:
        await homes.drawn(session, job.workspace, turn, view_hash, digest, deps.now())


async def turn_home(job: TurnHome, deps: Deps) -> None:
    """Turn a list to another page."""
    async with deps.database.transaction() as session:
        await homes.turn_page(session, job.workspace, job.user, job.listing, job.page)


async def save_settings(job: SaveSettings, deps: Deps) -> None:
    """Keep what an admin set, on record; or tell whoever tried why nothing was changed."""
    note = await _refusal(job, deps) or await _saved(job, deps)
    async with deps.database.transaction() as session:
        await homes.tell(session, job.workspace, job.user, note)


async def give_up_settings(job: SaveSettings, deps: Deps) -> None:
    """The settings are as they were, for a reason of ours."""
    async with deps.database.transaction() as session:
        await homes.tell(session, job.workspace, job.user, Note.BUSY)


async def _refusal(job: SaveSettings, deps: Deps) -> Note | None:
    """Why the settings are not kept: who wants it may not, or plans could not be shown in the channel."""
    async with deps.database.reading() as session:
        approvers = (await deps.approvals.settings(session, job.workspace)).approvers
        now = await workspace_settings.current(session, job.workspace)
    if job.user not in approvers and not (await deps.slack.person(job.user)).is_admin:
        return Note.SETTINGS_CLOSED
    channel = job.settings["default_channel"]
    if channel in ("", now.get("default_channel")):
        return None
    return None if await _may_post(channel, job.user, deps) else Note.CHANNEL_NOT_SET


async def _may_post(channel: str, user: str, deps: Deps) -> bool:
    """Whether plans can be shown in a channel; who sets that is told so there."""
    try:
        await deps.slack.tell(channel, user, Message(_(_HERE), []))
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        return error.code == NOT_A_MEMBER
    return True


async def _saved(job: SaveSettings, deps: Deps) -> Note:
    actor = Actor(job.user, press=job.key)
    rules = {"self_approval": job.self_approval, "remind_after_minutes": job.remind_after_minutes}
    try:
        async with deps.database.transaction() as session:
            await workspace_settings.change(session, job.workspace, job.settings, actor)
            if await deps.approvals.change(session, job.workspace, actor, rules, is_admin=True):
                await redraw_awaiting(session, job.workspace, deps)
            await homes.request_all(session, job.workspace)
    except (SettingRefused, ValueError):
        return Note.SETTINGS_REFUSED
    return Note.SETTINGS_SAVED


async def _person(user: str, deps: Deps) -> Person:
    """Who somebody is; whoever Slack does not show to the bot is no member of this workspace."""
    try:
        return await deps.slack.person(user)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Slack does not say who somebody is: %s", error)
        return Person(is_admin=False, is_stranger=error.code in ("user_not_found", "user_not_visible"))


def _digest(view: View) -> str:
    return hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()


HANDLERS = (
    Handler(OpenHome, Lane.QUICK, open_home),
    Handler(RefreshHomes, Lane.QUICK, refresh_homes),
    Handler(DrawHome, Lane.QUICK, draw_home),
    Handler(TurnHome, Lane.QUICK, turn_home),
    Handler(SaveSettings, Lane.QUICK, save_settings, give_up_settings),
)
