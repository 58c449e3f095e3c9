"""`/mudda ask <question>`: what is on record, answered privately."""

from __future__ import annotations

import re

from slack_bolt.async_app import AsyncAck

from bot.deps import Deps
from bot.languages import _
from bot.slack import payloads
from bot.views.messages.answer import LOOKING
from services.jobs import AnswerInquiry

_ASKS = re.compile(r"ask\s+(.+)", re.IGNORECASE | re.DOTALL)


def is_asking(text: str) -> bool:
    """Whether what stands behind `/mudda` asks something."""
    return _ASKS.fullmatch(text) is not None


async def ask(command: payloads.Command, deps: Deps, ack: AsyncAck) -> None:
    """The question, handed over: it is answered by the response URL, and "Looking…" is seen at once."""
    await deps.intake.put(command.key, _inquiry(command, deps))
    await ack(text=_(LOOKING))


def _inquiry(command: payloads.Command, deps: Deps) -> AnswerInquiry:
    inquiry, markup = _ASKS.fullmatch(command.text), _ASKS.fullmatch(command.markup)
    return AnswerInquiry(
        key=command.key,
        workspace=deps.workspace.id,
        user=command.user,
        channel=command.channel,
        inquiry=inquiry[1] if inquiry else command.text,
        markup=markup[1] if markup else None,
        response_url=command.response_url,
        is_stranger=False,
    )
