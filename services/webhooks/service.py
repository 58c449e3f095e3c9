"""WebhookService: who is told of what, the deliveries, and when one that failed is tried again."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Run, Webhook, WebhookDelivery, WorkflowPlan, Workspace
from db.queue import enqueue
from services import audit
from services.connectors.network.transport import Transport
from services.errors import MoveNotAllowed, MuddaError, NotFound
from services.jobs.webhooks import DeliverWebhook
from services.webhooks.sending import Outcome, Outgoing, send
from services.workspaces.secrets import SealBroken, SecretBox

EVENTS = (
    "plan.drafted",
    "plan.approved",
    "plan.discarded",
    "plan.failed",
    "run.started",
    "gate.opened",
    "step.failed",
    "step.uncertain",
    "run.ended",
)
"""What there is to be told of; migration 0028 says which entry of the audit trail is which."""

PENDING, DELIVERED, DEAD = "pending", "delivered", "dead"

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 30, 120, 360, 720))
"""Between the attempts: the last is made twenty hours after the first."""

PURPOSE = "webhook_secret"
MAX_LISTED = 100


class WebhookExists(MuddaError):
    """The workspace has a webhook of this URL already."""


class WebhookService:
    """Webhooks. Every method that takes a session leaves the commit to its caller.

    Without a `box` none can be added, and none is sent to: what signs is sealed at rest.
    """

    def __init__(self, box: SecretBox | None, transport: Transport | None = None) -> None:
        self._box = box
        self._transport = transport

    async def add(self, session: AsyncSession, workspace_id: UUID, url: str, events: Collection[str]) -> str:
        """Have a URL told of events; the secret that signs, which is not shown again. Raises WebhookExists."""
        if self._box is None:
            raise SealBroken("there is no key")
        webhook_id, secret = uuid4(), f"whsec_{secrets.token_urlsafe(32)}"
        made = await session.scalar(
            insert(Webhook)
            .values(
                id=webhook_id,
                workspace_id=workspace_id,
                url=url,
                events=sorted(events),
                secret=self._box.seal(secret, owner=str(webhook_id), purpose=PURPOSE),
            )
            .on_conflict_do_nothing(index_elements=["workspace_id", "url"])
            .returning(Webhook.id)
        )
        if made is None:
            raise WebhookExists
        await audit.record(
            session,
            workspace_id,
            subject=webhook_id,
            actor=audit.OPERATOR,
            action="webhook.added",
            events=sorted(events),
        )
        return secret

    async def remove(self, session: AsyncSession, workspace_id: UUID, url: str) -> None:
        """Tell a URL of nothing more, and forget its deliveries. Raises NotFound."""
        row = await session.scalar(select(Webhook).where(Webhook.workspace_id == workspace_id, Webhook.url == url))
        if row is None:
            raise NotFound("webhook", url)
        await session.delete(row)
        await audit.record(session, workspace_id, subject=row.id, actor=audit.OPERATOR, action="webhook.removed")

    async def listed(self, session: AsyncSession, workspace_id: UUID) -> Sequence[Webhook]:
        """The webhooks of a workspace."""
        query = select(Webhook).where(Webhook.workspace_id == workspace_id).order_by(Webhook.created_at)
        return (await session.scalars(query)).all()

    async def deliveries(
        self, session: AsyncSession, workspace_id: UUID, state: str | None = None
    ) -> Sequence[tuple[WebhookDelivery, str]]:
        """The last deliveries with the URLs that they are for, the last first."""
        query = (
            select(WebhookDelivery, Webhook.url)
            .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
            .where(WebhookDelivery.workspace_id == workspace_id)
            .order_by(WebhookDelivery.created_at.desc())
            .limit(MAX_LISTED)
        )
        if state is not None:
            query = query.where(WebhookDelivery.state == state)
        return [(row[0], row[1]) for row in await session.execute(query)]

    async def retry(self, session: AsyncSession, workspace_id: UUID, delivery_id: UUID) -> None:
        """Deliver what is dead once more, from the first attempt. Raises NotFound or MoveNotAllowed."""
        row = await self._locked(session, workspace_id, delivery_id)
        if row is None:
            raise NotFound("delivery", delivery_id)
        if row.state != DEAD:
            raise MoveNotAllowed(state=row.state, wanted=PENDING)
        row.state, row.attempts, row.outcome, row.ended_at = PENDING, 0, None, None
        await self._enqueue(session, row)

    async def outgoing(self, session: AsyncSession, job: DeliverWebhook) -> Outgoing | None:
        """What a job is to send; None if that is done, or nobody wants it any more."""
        found = (
            await session.execute(
                select(WebhookDelivery, Webhook, Workspace.team_id)
                .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
                .join(Workspace, Workspace.id == WebhookDelivery.workspace_id)
                .where(WebhookDelivery.workspace_id == job.workspace, WebhookDelivery.id == job.delivery)
            )
        ).one_or_none()
        if found is None or not _is_due(found[0], job):
            return None
        row, webhook, team = found
        document = {
            "id": str(row.event_id),
            "type": row.event,
            "at": row.happened_at.isoformat(),
            "workspace": team,
            "data": {**await _subject(session, row), **row.facts},
        }
        return Outgoing(row.event_id, row.event, webhook.url, self._opened(webhook), document)

    async def send(self, outgoing: Outgoing, now: datetime) -> Outcome:
        """Send it. No session may be open meanwhile."""
        assert self._transport is not None  # noqa: S101 - only commands do without one, and they send nothing
        return await send(self._transport, outgoing, int(now.timestamp()))

    async def settle(self, session: AsyncSession, job: DeliverWebhook, outcome: Outcome, now: datetime) -> None:
        """Keep what came of an attempt; the next one comes after a pause, if there is one."""
        row = await self._locked(session, job.workspace, job.delivery)
        if row is None or not _is_due(row, job):
            return
        row.attempts, row.outcome = job.attempt, outcome.code
        if outcome.is_delivered:
            row.state, row.ended_at = DELIVERED, now
        elif row.attempts > len(PAUSES):
            row.state, row.ended_at = DEAD, now
        else:
            await self._enqueue(session, row, after=PAUSES[row.attempts - 1])

    async def reseal(self, session: AsyncSession) -> int:
        """Seal every secret with the first key; how many there are. Raises SealBroken."""
        rows = (await session.scalars(select(Webhook))).all()
        for row in rows:
            if self._box is not None:
                row.secret = self._box.reseal(row.secret)
        return len(rows)

    def _opened(self, webhook: Webhook) -> str | None:
        try:
            return self._box.open(webhook.secret, owner=str(webhook.id), purpose=PURPOSE) if self._box else None
        except SealBroken:
            return None

    async def _enqueue(self, session: AsyncSession, row: WebhookDelivery, after: timedelta | None = None) -> None:
        job = DeliverWebhook(workspace=row.workspace_id, delivery=row.id, attempt=row.attempts + 1)
        await session.flush()
        await enqueue(session, job, after=after, key=f"webhook:{row.id}:{job.attempt}")

    async def _locked(
        self, session: AsyncSession, workspace_id: UUID, delivery_id: UUID
    ) -> WebhookDelivery | None:
        return await session.scalar(
            select(WebhookDelivery)
            .where(WebhookDelivery.workspace_id == workspace_id, WebhookDelivery.id == delivery_id)
            .with_for_update()
        )


def _is_due(row: WebhookDelivery, job: DeliverWebhook) -> bool:
    """Whether an attempt is still to be made: a job may be run twice."""
    return row.state == PENDING and row.attempts == job.attempt - 1


async def _subject(session: AsyncSession, row: WebhookDelivery) -> Mapping[str, Any]:
    """What it is about, by the numbers and ids that the API has: no text, which not everybody may see."""
    if row.event.startswith("plan."):
        plan = select(WorkflowPlan.number).where(
            WorkflowPlan.workspace_id == row.workspace_id, WorkflowPlan.id == row.subject_id
        )
        return {"workflow": await session.scalar(plan)}
    run = (
        select(WorkflowPlan.number, Run.number)
        .join(Run, Run.plan_id == WorkflowPlan.id)
        .where(Run.workspace_id == row.workspace_id, Run.id == row.subject_id)
    )
    found = (await session.execute(run)).one_or_none()
    numbers = {} if found is None else {"workflow": found[0], "run": found[1]}
    return {**numbers, "execution": str(row.subject_id)}
