"""ConversationService: the threads that the bot has a part in, and what it has heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Card, Conversation, HeardMessage, WorkflowPlan
from db.queue import enqueue, enqueue_all
from services.ai.intents import Intent
from services.conversations.errors import AlreadySettled, NotTheWriter
from services.errors import NotFound
from services.jobs import AnswerFile, Hear, Lacking, LockReply

BY_MODEL, BY_RULES = "model", "rules"

DECIDED = "decided"
"""As what a decision in words is settled once the plan is decided about by a button."""

ANSWER = "answer"
"""In place of an intent, where somebody has said what they were asked about their issue."""

POLICY = "policy"
"""In place of an intent, where somebody has sent a policy."""

PICTURE = "picture"
"""In place of an intent, where somebody has sent pictures without a word: they go along with what is said next."""

TAKEN = "taken"
"""As what such pictures are settled once something was said with which they go along."""

PICTURE_WAITS = timedelta(minutes=15)
"""For so long what is said next is taken for being about them."""

DOCUMENT = "document"
"""In place of an intent, where somebody has sent a document of components."""

TOO_MUCH = "too_much"
"""In place of an intent, where somebody has said more than is listened to."""


@dataclass(frozen=True, slots=True)
class Meant:
    """What something was taken for. `lacking`: why the model could not be asked, where it should have been."""

    intent: str
    judged_by: str
    lacking: Lacking | None = None
    about_plan: int = 0
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanOfThread:
    """The plan that a thread is about."""

    id: UUID
    number: int
    title: str
    state: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply to what was heard: where it goes. `begun_at`: an earlier try may have posted it; `ts`: one has."""

    key: str
    user: str
    channel: str
    thread_ts: str | None
    begun_at: datetime | None
    ts: str | None


class ConversationService:
    """Conversations by workspace. Every method takes a session and leaves the commit to its caller."""

    async def is_owned(self, session: AsyncSession, workspace_id: UUID, channel: str, thread_ts: str) -> bool:
        """Whether a thread is a card's, or one that was begun with the bot."""
        of_card = exists().where(*_of_card(workspace_id, channel, thread_ts))
        begun = exists().where(
            Conversation.workspace_id == workspace_id,
            Conversation.channel_id == channel,
            Conversation.thread_ts == thread_ts,
        )
        return bool(await session.scalar(select(or_(of_card, begun))))

    async def plan_of(
        self, session: AsyncSession, workspace_id: UUID, channel: str, thread_ts: str
    ) -> PlanOfThread | None:
        """The plan of a thread, the newest of several; None: it has none."""
        plan = await session.scalar(
            select(WorkflowPlan)
            .join(Card, Card.plan_id == WorkflowPlan.id)
            .where(*_of_card(workspace_id, channel, thread_ts))
            .order_by(WorkflowPlan.number.desc())
            .limit(1)
        )
        return None if plan is None else _plan(plan)

    async def plan_by_number(self, session: AsyncSession, workspace_id: UUID, number: int) -> PlanOfThread | None:
        """The plan that people call `#number`; None: there is none."""
        plan = await session.scalar(
            select(WorkflowPlan).where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.number == number)
        )
        return None if plan is None else _plan(plan)

    async def plan(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> PlanOfThread:
        """A plan by its id. Raises NotFound."""
        plan = await session.scalar(
            select(WorkflowPlan).where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.id == plan_id)
        )
        if plan is None:
            raise NotFound("plan", plan_id)
        return _plan(plan)

    async def is_heard(self, session: AsyncSession, workspace_id: UUID, key: str) -> bool:
        """Whether it was judged before, and what follows from that is under way."""
        heard = exists().where(HeardMessage.workspace_id == workspace_id, HeardMessage.key == key)
        return bool(await session.scalar(select(heard)))

    async def heard_since(self, session: AsyncSession, workspace_id: UUID, user: str, since: datetime) -> int:
        """How much somebody has said since then."""
        count = await session.scalar(
            select(func.count())
            .select_from(HeardMessage)
            .where(
                HeardMessage.workspace_id == workspace_id,
                HeardMessage.user_id == user,
                HeardMessage.created_at >= since,
            )
        )
        return int(count or 0)

    async def is_first_too_much(
        self, session: AsyncSession, workspace_id: UUID, user: str, since: datetime
    ) -> bool:
        """Whether nothing of somebody was too much since then. Who asks next for them waits for the commit.

        Much that is said at once is heard at once: each would find that it is the first, or that none is.
        """
        lock = func.hashtextextended(f"too much of {user} in {workspace_id}", 0)
        await session.execute(select(func.pg_advisory_xact_lock(lock)))
        earlier = exists().where(
            HeardMessage.workspace_id == workspace_id,
            HeardMessage.user_id == user,
            HeardMessage.intent == TOO_MUCH,
            HeardMessage.created_at >= since,
        )
        return not await session.scalar(select(earlier))

    async def was_told_of_lack(self, session: AsyncSession, job: Hear, since: datetime) -> bool:
        """Whether somebody has been told since then, in the same thread, that the model can't be asked."""
        told = exists().where(
            HeardMessage.workspace_id == job.workspace,
            HeardMessage.channel_id == job.channel,
            HeardMessage.thread_ts == job.thread_ts,
            HeardMessage.created_at >= since,
            HeardMessage.lacking.is_not(None),
        )
        return bool(await session.scalar(select(told)))

    async def keep(
        self, session: AsyncSession, job: Hear, meant: Meant, plan_id: UUID | None, *, keep_words: bool
    ) -> UUID | None:
        """Write down what it was taken for, and that its thread is the bot's; None: another try has done so."""
        found = await session.scalar(
            insert(HeardMessage)
            .values(
                id=uuid4(),
                workspace_id=job.workspace,
                key=job.key,
                user_id=job.user,
                channel_id=job.channel,
                thread_ts=job.thread_ts,
                intent=meant.intent,
                judged_by=meant.judged_by,
                lacking=meant.lacking,
                plan_id=plan_id,
                missing=list(meant.missing),
                said=job.model_dump(mode="json", exclude_none=True) if keep_words else None,
            )
            .on_conflict_do_nothing()
            .returning(HeardMessage.id)
        )
        thread_ts = job.reply_thread
        if found is not None and thread_ts is not None:
            await session.execute(
                insert(Conversation)
                .values(
                    id=uuid4(),
                    workspace_id=job.workspace,
                    channel_id=job.channel,
                    thread_ts=thread_ts,
                    opened_by=job.user,
                )
                .on_conflict_do_nothing()
            )
        return found

    async def begin_reply(self, session: AsyncSession, workspace_id: UUID, heard_id: UUID, now: datetime) -> Reply:
        """Note that a reply is about to be posted. Raises NotFound."""
        row = await self._locked(session, workspace_id, heard_id)
        begun_at, row.reply_started_at = row.reply_started_at, row.reply_started_at or now
        return Reply(row.key, row.user_id, row.channel_id, row.thread_ts, begun_at, row.reply_ts)

    async def replied(self, session: AsyncSession, workspace_id: UUID, heard_id: UUID, ts: str) -> None:
        """The reply is there. One that offers what was decided while it was posted is locked."""
        row = await self._locked(session, workspace_id, heard_id)
        row.reply_ts = ts
        if row.settled_as == DECIDED and row.plan_id is not None:
            await enqueue(session, LockReply(workspace=workspace_id, heard=heard_id, about=row.plan_id))

    async def unsettled(
        self, session: AsyncSession, workspace_id: UUID, heard_id: UUID, user: str
    ) -> tuple[Hear, UUID | None]:
        """What the writer said that could be meant in several ways, and the plan that it is about, if any.

        Raises NotFound, NotTheWriter or AlreadySettled.
        """
        row = await session.scalar(_row(workspace_id, heard_id))
        said = _unsettled(row, heard_id, user)
        return Hear.model_validate(said.said), said.plan_id

    async def settle(
        self, session: AsyncSession, workspace_id: UUID, heard_id: UUID, user: str, intent: Intent
    ) -> None:
        """The writer says what was meant. Raises as `unsettled` does."""
        row = await session.scalar(_row(workspace_id, heard_id).with_for_update())
        said = _unsettled(row, heard_id, user)
        said.said, said.settled_as = None, intent

    async def take_pictures(self, session: AsyncSession, job: Hear, now: datetime) -> tuple[AnswerFile, ...]:
        """The pictures that the same person sent there without a word a moment ago, each once."""
        rows = await session.scalars(
            select(HeardMessage)
            .where(
                HeardMessage.workspace_id == job.workspace,
                HeardMessage.user_id == job.user,
                HeardMessage.created_at >= now - PICTURE_WAITS,
                HeardMessage.channel_id == job.channel,
                HeardMessage.intent == PICTURE,
                HeardMessage.settled_as.is_(None),
            )
            .order_by(HeardMessage.created_at)
            .with_for_update()
        )
        found: list[AnswerFile] = []
        for row in rows:
            sent = Hear.model_validate(row.said)
            if job.thread_ts in (sent.thread_ts, sent.reply_thread):
                found += sent.files
                row.said, row.settled_as = None, TAKEN
        return tuple(found)

    async def decided(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> None:
        """A plan is decided about: what was answered to decisions in words offers it no more."""
        found = await session.execute(
            update(HeardMessage)
            .where(
                HeardMessage.workspace_id == workspace_id,
                HeardMessage.plan_id == plan_id,
                HeardMessage.intent == Intent.DECISION,
                HeardMessage.settled_as.is_(None),
            )
            .values(settled_as=DECIDED)
            .returning(HeardMessage.id, HeardMessage.reply_ts)
        )
        posted = [heard for heard, ts in found if ts is not None]
        await enqueue_all(
            session, [LockReply(workspace=workspace_id, heard=heard, about=plan_id) for heard in posted]
        )

    async def reply(self, session: AsyncSession, workspace_id: UUID, heard_id: UUID) -> Reply:
        """The reply to what was heard, as it is. Raises NotFound."""
        row = await session.scalar(_row(workspace_id, heard_id))
        if row is None:
            raise NotFound("heard message", heard_id)
        return Reply(row.key, row.user_id, row.channel_id, row.thread_ts, row.reply_started_at, row.reply_ts)

    async def _locked(self, session: AsyncSession, workspace_id: UUID, heard_id: UUID) -> HeardMessage:
        row = await session.scalar(_row(workspace_id, heard_id).with_for_update())
        if row is None:
            raise NotFound("heard message", heard_id)
        return row


def _row(workspace_id: UUID, heard_id: UUID) -> Select[HeardMessage]:
    return select(HeardMessage).where(HeardMessage.workspace_id == workspace_id, HeardMessage.id == heard_id)


def _unsettled(row: HeardMessage | None, heard_id: UUID, user: str) -> HeardMessage:
    if row is None:
        raise NotFound("heard message", heard_id)
    if row.user_id != user:
        raise NotTheWriter(user)
    if row.settled_as is not None or row.said is None:
        raise AlreadySettled(row.settled_as)
    return row


def _of_card(workspace_id: UUID, channel: str, thread_ts: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Card.workspace_id == workspace_id,
        Card.channel_id == channel,
        or_(Card.thread_ts == thread_ts, Card.ts == thread_ts),
    )


def _plan(plan: WorkflowPlan) -> PlanOfThread:
    return PlanOfThread(plan.id, plan.number, plan.title or plan.issue_text, plan.state)
