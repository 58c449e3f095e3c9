"""What a caller may do: have a plan drafted, as anybody may in Slack, or cancel a run. Deciding is for people."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from bot.api import documents
from bot.api.callers import Caller
from bot.api.problems import Problem, forbidden, unavailable
from bot.errors import RateLimited, SlackUnavailable
from bot.views.modals.new_issue import ISSUE_LENGTH, PLACE_LENGTH
from bot.views.plan.urgency import URGENCIES
from services.access import replies
from services.access.replies import Reply
from services.access.tokens import Right
from services.approvals import ApprovalRefused
from services.audit import Actor
from services.errors import MoveNotAllowed
from services.formats.storable import typed
from services.jobs import OpenPlan
from services.planners import MayNotPlan, check_may_plan
from services.queries import records

SOURCE = "api"

_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(typed)]


def _urgency(text: str) -> str:
    if text not in URGENCIES:
        raise ValueError(f"not one of {', '.join(URGENCIES)}")
    return text


class DraftRequest(BaseModel):
    """An issue that is to be planned. `channel` is Slack's id of where its card is shown."""

    model_config = ConfigDict(extra="forbid", strict=True)

    issue: Annotated[_Words, Field(max_length=ISSUE_LENGTH)]
    place: Annotated[_Words, Field(max_length=PLACE_LENGTH)] | None = None
    urgency: Annotated[str, AfterValidator(_urgency)] | None = None
    channel: Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]{2,30}$")] | None = None


class CancelRequest(BaseModel):
    """Nothing: which run it is stands in the path."""

    model_config = ConfigDict(extra="forbid")


async def draft(caller: Caller, wanted: DraftRequest, key: str | None = None, mark: str = "") -> Reply:
    """Write an issue down, and have it drafted; with a key once only. Raises Problem."""
    caller.needs(Right.DRAFT)
    deps, user = caller.deps, _person(caller)
    channel = await _channel(caller, wanted.channel)
    workspace_id = deps.workspace.id
    request = OpenPlan(
        key=f"api:{caller.token.id}:{key}" if caller.token and key else f"api:{uuid4()}",
        workspace=workspace_id,
        source=SOURCE,
        channel=channel,
        reporter=user,
        text=wanted.issue,
        place=wanted.place,
        urgency=wanted.urgency,
    )
    try:
        async with deps.database.transaction() as session:
            if (known := await _known(session, caller, key, mark)) is not None:
                return known
            await check_may_plan(session, workspace_id, user, deps.approvals)
            plan_id = await deps.workflows.open_plan(session, request)
            number = await records.plan_number(session, workspace_id, plan_id)
            url = f"/workflows/{number}"
            reply = Reply(202, {"number": number, "state": "DRAFTING", "url": url}, url)
            if caller.token and key:
                await replies.keep(session, caller.token.id, key, reply)
    except MayNotPlan:
        raise forbidden("The person of this token may not have plans drafted here.", "may_not_plan") from None
    return reply


async def cancel(caller: Caller, run_id: UUID, key: str | None = None, mark: str = "") -> Reply:
    """Stop what has not started of a run, as the person of the token may. Raises Problem or NotFound."""
    caller.needs(Right.CANCEL)
    deps, user = caller.deps, _person(caller)
    workspace_id = deps.workspace.id
    actor = Actor(user, press=f"api:{caller.token.id}" if caller.token else None)
    try:
        async with deps.database.transaction() as session:
            if (known := await _known(session, caller, key, mark)) is not None:
                return known
            eyes = await caller.eyes(session)
            await records.run(session, workspace_id, eyes, run_id)
            await deps.runs.cancel(session, workspace_id, run_id, actor, deps.now())
            session.expire_all()
            reply = Reply(200, documents.run(await records.run(session, workspace_id, eyes, run_id)))
            if caller.token and key:
                await replies.keep(session, caller.token.id, key, reply)
    except ApprovalRefused:
        raise forbidden("The person of this token may not cancel this run.", "not_an_approver") from None
    except MoveNotAllowed as error:
        raise Problem(409, "not_running", "This run is not under way.", state=error.state) from None
    return reply


async def _known(session: AsyncSession, caller: Caller, key: str | None, mark: str) -> Reply | None:
    """What was answered under the key before; None if this is the first time, or there is no key."""
    if key is None or caller.token is None:
        return None
    try:
        return await replies.begin(session, caller.deps.workspace.id, caller.token.id, key, mark)
    except replies.KeyTaken:
        detail = "Another request was made under this Idempotency-Key."
        raise Problem(422, "idempotency_key_taken", detail) from None


def _person(caller: Caller) -> str:
    if caller.user is None:
        raise forbidden("This token acts in nobody's name.", "missing_right")
    return caller.user


async def _channel(caller: Caller, wanted: str | None) -> str:
    """Where the card is to be: in a channel that the caller may see, else where it usually is."""
    usual = caller.deps.workspace.settings.get("default_channel")
    channel = wanted or usual
    if not channel:
        raise Problem(422, "no_channel", "Name a channel: this workspace has none in which plans usually are.")
    if not caller.sees_private and (wanted or caller.token is not None):
        try:
            kind = await caller.deps.slack.channel_kind(channel)
        except (RateLimited, SlackUnavailable):
            raise unavailable() from None
        if kind.is_private:
            raise Problem(422, "private_channel", "This is not a public channel that Mudda can see.")
    return channel
