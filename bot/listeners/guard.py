"""The boundary round every listener: log context, payload, ack, and what an error becomes.

In this order:
1. a payload that is not what it should be: acked, so that Slack does not send it again, logged, and answered if
   it says where;
2. what could not be kept, or a database that is down: 503, and Slack sends it again;
3. something that is not there any more: acked, the person is told so privately;
4. Slack refusing a call that had to be made before the ack (a modal): acked, the person is told;
5. anything else is a bug: logged with its traceback, answered with 500.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.deps import Deps
from bot.errors import IntakeUnavailable, MalformedPayload, SlackError
from bot.languages import Language, speaking
from bot.logs import log_context
from bot.readers import language_for
from bot.slack.dispatch import DEPS
from bot.slack.payloads import Click, Command, MessageShortcut, is_stranger, way_back
from bot.views.private.notes import Note
from db.errors import DATABASE_ERRORS
from services.errors import NotFound
from services.jobs import Tell

logger = logging.getLogger("mudda.guard")


class Request(Protocol):
    """What every request from Slack has."""

    @property
    def key(self) -> str:
        """Slack's own id of it."""

    @property
    def user(self) -> str:
        """Who did it."""

    @property
    def channel(self) -> str:
        """Where; empty where there is no channel."""


R = TypeVar("R", bound=Request)
Handler = Callable[[R, Deps, AsyncAck], Awaitable[None]]
Listener = Callable[[AsyncAck, Mapping[str, Any], AsyncBoltContext], Awaitable[BoltResponse | None]]


def guard(parse: Callable[[Mapping[str, Any]], R], handler: Handler[R], *, members_only: bool = False) -> Listener:
    """A Bolt listener that parses the payload, runs `handler`, and never lets an error out.

    What the handler works with is bound to the workspace that the payload is for: the dispatcher has found it.
    `members_only`: it changes what becomes of a plan or a run, or shows more of one than its card does. People of
    another organisation may not do that, unless they were named as approvers.
    """
    name = getattr(handler, "__name__", "listener")

    async def listener(ack: AsyncAck, body: Mapping[str, Any], context: AsyncBoltContext) -> BoltResponse | None:
        deps: Deps = context[DEPS]
        with log_context(listener=name):
            try:
                request = parse(body)
                with log_context(key=request.key, user=request.user):
                    if members_only and await _is_kept_out(body, request.user, deps):
                        logger.info("A person of another organisation may not decide here")
                        await _told(request, Note.STRANGER, deps)
                        await ack()
                    else:
                        with speaking(await _language(request, deps)):
                            await _handled(request, handler, deps, ack)
            except MalformedPayload as error:
                logger.warning("Ignored a payload: %s", error)
                await _answered(body, deps)
                await ack()
            except (IntakeUnavailable, *DATABASE_ERRORS) as error:
                logger.warning("Asked Slack to send it again: %s", type(error).__name__)
                return BoltResponse(status=503, body="")
            except Exception:
                logger.exception("A listener failed")
                return BoltResponse(status=500, body="")
            return None

    return listener


async def _is_kept_out(body: Mapping[str, Any], user: str, deps: Deps) -> bool:
    """Whether somebody is of another organisation, and nobody here has named them as an approver."""
    if not is_stranger(body, deps.workspace.team_id):
        return False
    async with deps.database.reading() as session:
        return user not in (await deps.approvals.settings(session, deps.workspace.id)).approvers


async def _language(request: Request, deps: Deps) -> Language:
    """The language of a form that may be opened now, or of what is wrong in one; all else is said by jobs."""
    speaks = getattr(request, "trigger_id", None) or request.key.startswith("view:")
    return await language_for(request.user if speaks else None, deps)


async def _handled(request: R, handler: Handler[R], deps: Deps, ack: AsyncAck) -> None:
    try:
        await handler(request, deps, ack)
    except NotFound as error:
        logger.info("Somebody asked for what is not there: %s", error)
        await _told(request, Note.NOT_FOUND, deps)
        await ack()
    except SlackError as error:
        logger.warning("Slack refused: %s", error)
        await _told(request, Note.NOT_OPENED, deps)
        await ack()


async def _answered(body: Mapping[str, Any], deps: Deps) -> None:
    """Say to whoever sent a payload that nothing was done, where there is a way. A lost word is no lost work."""
    if response_url := way_back(body):
        words = Tell(
            workspace=deps.workspace.id, channel="", user="", note=Note.MALFORMED, response_url=response_url
        )
        with suppress(IntakeUnavailable):
            await deps.intake.put(f"malformed:{uuid4()}", words)


async def _told(request: Request, note: Note, deps: Deps) -> None:
    response_url = request.response_url if isinstance(request, Command | Click | MessageShortcut) else None
    thread_ts = request.thread_ts if isinstance(request, Click) else None
    words = Tell(
        workspace=deps.workspace.id,
        channel=request.channel,
        user=request.user,
        note=note,
        thread_ts=thread_ts,
        response_url=response_url,
    )
    await deps.intake.put(request.key, words)
