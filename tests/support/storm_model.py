"""What must be true of runs after a storm, by the rows, by the town's ledger, and by what Slack shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import undefer

from bot.sandbox.slack import SlackStandIn
from bot.sandbox.town import Received, Town
from bot.slack.ids import METADATA_CARD, METADATA_OUTCOME
from db.models import Decision, Run, StepAttempt, StepRun
from db.session import Database
from services.components.definitions import ComponentDefinition
from services.states import StepState, run_state

OVER = ("DONE", "SKIPPED")
NOT_TAKEN = (429, 503)


@dataclass(frozen=True, slots=True)
class Told:
    """One step, and all that is known of it."""

    row: StepRun
    definition: ComponentDefinition
    attempts: Sequence[StepAttempt]
    decisions: Counter[str]
    receipts: Sequence[Received]
    cancelled: bool

    @property
    def is_safe(self) -> bool:
        """Whether it may be called again without asking."""
        return self.definition.http_method == "GET" or self.definition.idempotent


async def faults_of(
    database: Database, town: Town, slack: SlackStandIn, begun: Collection[UUID], asked_for: Collection[UUID]
) -> list[str]:
    """A line for everything that is not as it must be.

    The runs that were `asked_for` may be there; those of them that have `begun` must.
    """
    async with database.reading() as session:
        query = select(Run).options(undefer(Run.components))
        all_runs = (await session.scalars(query)).all()
        steps = (await session.scalars(select(StepRun).options(undefer(StepRun.output)))).all()
        attempts = (await session.scalars(select(StepAttempt))).all()
        decisions = (await session.scalars(select(Decision))).all()
    by_key: defaultdict[str | None, list[Received]] = defaultdict(list)
    for receipt in town.ledger:
        by_key[receipt.idempotency_key].append(receipt)
    attempts_of: defaultdict[UUID, list[StepAttempt]] = defaultdict(list)
    for attempt in attempts:
        attempts_of[attempt.step_run_id].append(attempt)
    kinds_of: defaultdict[UUID | None, Counter[str]] = defaultdict(Counter)
    for decision in decisions:
        kinds_of[decision.step_run_id][decision.kind] += 1
    told: defaultdict[UUID, dict[str, Told]] = defaultdict(dict)
    of_run = {run.id: run for run in all_runs}
    for row in steps:
        run = of_run[row.run_id]
        told[run.id][row.step_id] = Told(
            row,
            ComponentDefinition.model_validate(run.components[row.component_key]),
            attempts_of[row.id],
            kinds_of[row.id],
            by_key.pop(f"{run.id}:{row.id}", []),
            run.state == "CANCELLED",
        )
    are_all = set(begun) <= of_run.keys() <= set(asked_for)
    wrong = [] if are_all else ["a run was lost, or came from nowhere"]
    wrong += [f"the town received {key}, which is no step's" for key in by_key]
    for run in all_runs:
        wrong += [f"run {run.id}: {fault}" for fault in _of_run(run, told[run.id])]
    return [*wrong, *_of_slack(slack, all_runs)]


def _of_run(run: Run, steps: Mapping[str, Told]) -> Iterator[str]:
    if run.state != "CANCELLED" and run.state != run_state(StepState(told.row.state) for told in steps.values()):
        yield f"is {run.state} with its steps {[told.row.state for told in steps.values()]}"
    needs: defaultdict[str, list[Told]] = defaultdict(list)
    for told in steps.values():
        for follower in told.row.followers:
            needs[follower].append(told)
    for name, told in steps.items():
        for fault in (*_of_receipts(told), *_of_record(told), *_of_order(told, needs[name], run.state)):
            states = [f"{attempt.number} {attempt.outcome}" for attempt in told.attempts]
            yield f"{name} ({told.row.state}, {states}, {dict(told.decisions)}): {fault}"


def _of_receipts(told: Told) -> Iterator[str]:
    """Nothing is sent twice behind people's backs."""
    effects = sum(receipt.applied for receipt in told.receipts)
    asked_for = 1 + told.decisions["retry"]
    taken = [receipt for receipt in told.receipts if receipt.status not in NOT_TAKEN]
    if not told.is_safe and len(taken) > asked_for:
        yield f"was sent {len(taken)} times, {asked_for} were asked for"
    if told.definition.idempotent and effects > 1:
        yield f"took effect {effects} times under one key"
    if told.definition.http_method != "GET" and effects > asked_for:
        yield f"took effect {effects} times, {asked_for} were asked for"


def _of_record(told: Told) -> Iterator[str]:
    """What is on record is what happened."""
    outcomes = Counter(attempt.outcome for attempt in told.attempts)
    state, decided = told.row.state, told.decisions
    if outcomes["done"] > 1:
        yield "was done twice"
    if outcomes["done"] and not any(receipt.applied or receipt.replayed for receipt in told.receipts):
        yield "is done, and the town knows nothing of it"
    if state == "DONE" and not outcomes["done"] and not decided["mark_done"]:
        yield "is done, and nobody did it"
    if state == "SKIPPED" and not decided["skip"]:
        yield "was skipped by nobody"
    if state in ("READY", "RUNNING", "PENDING", "WAITING") or (state not in OVER and not told.cancelled):
        yield "has not ended"
    if told.row.gated and told.receipts and not decided["approve"]:
        yield "was sent without anybody's consent"
    if told.row.output is not None and not outcomes["done"]:
        yield "has an answer to a call that was not done"


def _of_order(told: Told, needs: Sequence[Told], state: str) -> Iterator[str]:
    """Nothing starts before what it needs is over, and what was referred to is what was sent."""
    for needed in needs:
        ended = needed.row.ended_at
        if told.receipts and (needed.row.state not in OVER or ended is None or ended > told.receipts[0].at):
            yield f"was sent before {needed.row.step_id} was over"
    if state == "COMPLETED" and told.row.waiting_for != 0:
        yield f"still waits for {told.row.waiting_for}"
    numbers = {receipt.body.get("work_order_id") for receipt in told.receipts} - {None}
    orders = [_order_of(needed.row.output) for needed in needs if needed.row.step_id == "order"]
    if numbers and numbers != set(orders):
        yield f"was sent {numbers}, and the order is {orders}"


def _order_of(output: Any) -> Any:
    return output.get("work_order_id") if isinstance(output, dict) else None


def _of_slack(slack: SlackStandIn, all_runs: Sequence[Run]) -> Iterator[str]:
    """One card for each plan, and one word to its reporter."""
    messages = slack.channel("works").messages.values()
    kinds = Counter((message.metadata or {}).get("event_type") for message in messages)
    if kinds[METADATA_CARD] != len(all_runs):
        yield f"{kinds[METADATA_CARD]} cards for {len(all_runs)} plans"
    replies: defaultdict[str, list[str]] = defaultdict(list)
    for message in messages:
        if (message.metadata or {}).get("event_type") == METADATA_OUTCOME:
            of = (message.metadata or {}).get("event_payload", {}).get("run")
            replies[of].append(f"{message.ts} in {message.thread_ts}")
    for run in all_runs:
        if len(told := replies[str(run.id)]) != 1:
            noted = f"begun {run.reply_started_at and run.reply_started_at.timestamp()}, noted {run.reply_ts}"
            yield f"run {run.id}: its reporter was told {len(told)} times: {told}, {noted}"


_STEPS = text("""
SELECT step_id, state, attempt, waiting_for, needed, done_before, started_at, ended_at FROM step_runs
WHERE run_id = :run ORDER BY position
""")
_JOBS = text("""
SELECT to_jsonb(job) - 'payload', convert_from(payload, 'UTF8') FROM pgqueuer AS job
WHERE convert_from(payload, 'UTF8') LIKE '%' || :id || '%'
""")


async def where_they_stand(database: Database, left: Sequence[Run]) -> str:
    """Of runs that do not end: their steps, and what the queue has of them."""
    lines = [f"{len(left)} runs have not ended, by {datetime.now(UTC)}"]
    async with database.reading() as session:
        for run in left:
            lines.append(f"{run.id}: {run.state}, ended {run.ended_at}, reply {run.reply_ts}")
            lines += [f"  {tuple(row)}" for row in await session.execute(_STEPS, {"run": run.id})]
            for of in (run.id, run.plan_id):
                lines += [f"  {tuple(row)}" for row in await session.execute(_JOBS, {"id": str(of)})]
    return "\n".join(lines)
