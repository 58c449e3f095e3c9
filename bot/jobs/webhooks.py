"""Webhooks are told what has happened, at least once each."""

from __future__ import annotations

import logging

from bot.deps import Deps
from bot.jobs.registry import Handler, Lane
from services.jobs.webhooks import DeliverWebhook
from services.webhooks.sending import Outcome

logger = logging.getLogger("mudda.webhooks")


async def deliver(job: DeliverWebhook, deps: Deps) -> None:
    """Make one attempt. Whoever dies between sending and writing that down sends it again, under the same id."""
    async with deps.database.reading() as session:
        outgoing = await deps.webhooks.outgoing(session, job)
    if outgoing is None:
        return
    outcome = await deps.webhooks.send(outgoing, deps.now())
    if not outcome.is_delivered:
        logger.warning("A webhook was not told of an event (attempt %d): %s", job.attempt, outcome.code)
    async with deps.database.transaction() as session:
        await deps.webhooks.settle(session, job, outcome, deps.now())


async def give_up_delivery(job: DeliverWebhook, deps: Deps) -> None:
    """It has failed in a way that nobody foresaw: that is an attempt, too."""
    async with deps.database.transaction() as session:
        await deps.webhooks.settle(session, job, Outcome("internal"), deps.now())


HANDLERS = (Handler(DeliverWebhook, Lane.STEPS, deliver, give_up_delivery, of_removed=True),)
