"""Marks on cards: what a transaction that changes plans has to find out, so that their cards are drawn again.

The mark holds the cards' rows until the transaction ends: whoever takes the turn to draw one waits for that, and
reads what the transaction has written. It is one question, and a part of the statements that nearly all steps go
by, whose transactions each need it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Interval, Text, Uuid, any_, case, cast, func, literal_column, select
from sqlalchemy.types import TypeEngine

from db.models import Card
from db.prepared import as_part
from db.queue import NewJob, is_pending
from services import card_turns, homes
from services.jobs import DrawCard


@dataclass(frozen=True, slots=True)
class CardMark:
    """A card whose row is held.

    `key` is that of a redraw that has not begun. `is_asked`: there is such a job, or the card is posted later.
    `rest` is how long it rests before it is drawn again. `transaction` is the id of the one that has marked it,
    where somebody has opened a Home lately.
    """

    workspace_id: UUID
    plan_id: UUID
    generation: int
    key: str
    is_asked: bool
    rest: timedelta | None
    transaction: str | None


KINDS: Mapping[str, TypeEngine[Any]] = {
    "workspaces": ARRAY(Uuid),
    "plans": ARRAY(Uuid),
    "interval": Interval(),
    "hurried": ARRAY(Uuid),
}
"""What MARK asks for: see `CardService.marking`."""


def _asked(name: str) -> ColumnElement[Any]:
    return literal_column(f":{name}", KINDS[name])


_KEY: ColumnElement[str] = func.concat("card:", Card.id, ":", Card.generation)

_HELD = as_part(
    select(Card)
    .with_only_columns(
        *(Card.id, Card.workspace_id, Card.plan_id, Card.generation),
        *(Card.ts, Card.post_started_at, Card.drawing_until, Card.drawn_at),
    )
    .where(Card.workspace_id == any_(_asked("workspaces")), Card.plan_id == any_(_asked("plans")))
    .order_by(Card.id)  # all take their locks in one order
    .with_for_update(of=Card)
)
_FOUND = as_part(
    select(
        Card.workspace_id,
        Card.plan_id,
        Card.generation,
        _KEY.label("key"),
        # A job that came since it was asked has the same key, and keeps the place.
        (is_pending(_KEY) | card_turns.is_to_come()).label("is_asked"),
        card_turns.rest(_asked("interval"), _asked("hurried")).label("rest"),
        case((homes.has_live(Card.workspace_id), cast(func.pg_current_xact_id(), Text))).label("transaction"),
    )
)

# What is found is asked of the rows once they are held. In storms PostgreSQL 18.4 has crashed over one SELECT that
# held them and had the subqueries, where whoever it had waited for had changed a row (texteq, in EvalPlanQual).
MARK = f"WITH {Card.__tablename__} AS MATERIALIZED ({_HELD}) {_FOUND}"
"""A statement, or a part of one. A plan has one card."""


def redraws(marks: Sequence[CardMark]) -> list[NewJob]:
    """The jobs that draw marked cards, and the Homes that may show their plans."""
    drawn = [NewJob(_draw(card), card.key, card.rest) for card in marks if not card.is_asked]
    shown = {card.workspace_id: card.transaction for card in marks if card.transaction is not None}
    return drawn + [homes.refreshing(workspace_id, transaction) for workspace_id, transaction in shown.items()]


def _draw(card: CardMark) -> DrawCard:
    return DrawCard(workspace=card.workspace_id, plan=card.plan_id, generation=card.generation)
