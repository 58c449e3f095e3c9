"""The statements of turns to post and to draw cards, and what they answer.

Each is about however many cards there are, and put together once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Integer, Interval, Text, Uuid, bindparam, text

from db.prepared import PreparedStatement


class ToPost(NamedTuple):
    """A card that is to be posted, as it is when it is held."""

    id: UUID
    plan_id: UUID
    channel_id: str
    thread_ts: str | None
    ts: str | None
    generation: int
    post_started_at: datetime | None


class Posted(NamedTuple):
    """A card that Slack has taken: where it is by its row (`ts`), and by whoever has posted it (`stamp`)."""

    id: UUID
    plan_id: UUID
    ts: str | None
    stamp: str
    generation: int
    is_private: bool | None
    is_new: bool
    left_channel: str | None
    left_ts: str | None


class ToDraw(NamedTuple):
    """A card that is to be drawn, as it is when it is held; `asked` is the generation that was asked for."""

    id: UUID
    plan_id: UUID
    channel_id: str
    thread_ts: str | None
    ts: str | None
    generation: int
    drawn_generation: int
    asked: int
    drawing_until: datetime | None
    drawn_at: datetime | None
    is_taken: bool


_HOLD = """
held AS (
    SELECT cards.*, {columns} FROM cards JOIN came USING (plan_id)
    WHERE cards.workspace_id = :workspace ORDER BY cards.id FOR UPDATE OF cards {others}
)
"""

_BEGIN = """
WITH came AS (
    SELECT * FROM unnest(:plans, :generations, :nows) AS came (plan_id, asked, now)
), {held}, taken AS (
    UPDATE cards SET generation = cards.generation + 1,
        drawing_until = CASE WHEN held.ts IS NULL THEN cards.drawing_until ELSE held.now + :lease END
    FROM held
    WHERE cards.id = held.id AND held.drawn_generation <= held.asked AND (
        held.ts IS NULL
        OR COALESCE(held.drawing_until <= held.now, true)
        AND COALESCE(held.drawn_at + :interval <= held.now, true)
    )
    RETURNING cards.id
)
SELECT held.id, plan_id, channel_id, thread_ts, ts, generation, drawn_generation, asked, drawing_until, drawn_at,
    taken.id IS NOT NULL AS is_taken
FROM held LEFT JOIN taken USING (id)
"""

_DRAWN = """
WITH came AS (
    SELECT * FROM unnest(:plans, :generations, :untils, :nows) AS came (plan_id, turn, until, now)
), {held}
UPDATE cards SET drawn_at = held.now, drawn_generation = held.turn, drawing_until = NULL
FROM held
WHERE cards.id = held.id AND held.drawing_until = held.until
RETURNING held.plan_id, held.turn
"""


_BEGIN_POST = """
WITH came AS (
    SELECT * FROM unnest(:plans, :nows) AS came (plan_id, now)
), {held}, taken AS (
    UPDATE cards SET generation = cards.generation + 1,
        post_started_at = COALESCE(cards.post_started_at, held.now)
    FROM held WHERE cards.id = held.id AND held.ts IS NULL
)
SELECT id, plan_id, channel_id, thread_ts, ts, generation, post_started_at FROM held
"""

_POSTED = """
WITH came AS (
    SELECT * FROM unnest(:plans, :generations, :channels, :stamps, :links)
        AS came (plan_id, turn, channel, stamp, address)
), {held}, kinds AS (
    SELECT held.id AS card_id, (
        SELECT is_private FROM cards
        WHERE workspace_id = :workspace AND channel_id = held.channel AND is_private IS NOT NULL
        ORDER BY created_at DESC LIMIT 1
    ) AS is_known_private
    FROM held
), noted AS (
    UPDATE cards SET ts = held.stamp, drawn_generation = held.turn, moved_from = NULL,
        link = held.address, is_private = is_known_private
    FROM held, kinds
    WHERE cards.id = held.id AND card_id = held.id AND held.ts IS NULL AND held.channel_id = held.channel
    RETURNING cards.id
)
SELECT held.id, plan_id, ts, stamp, generation, is_known_private, noted.id IS NOT NULL AS is_new,
    moved_from ->> 'channel' AS left_channel, moved_from ->> 'ts' AS left_ts
FROM held JOIN kinds ON card_id = held.id LEFT JOIN noted ON noted.id = held.id
"""


def _of_many(statement: str, columns: str) -> dict[bool, PreparedStatement]:
    """A statement about many cards, by whether it may wait for those that others hold; else it leaves them out."""
    of = {True: "", False: "SKIP LOCKED"}
    times = ("untils", "nows")
    kinds: dict[str, Any] = {
        "plans": Uuid(),
        "generations": Integer(),
        **dict.fromkeys(("channels", "stamps", "links"), Text()),
        **dict.fromkeys(times, DateTime(timezone=True)),
    }
    typed: list[Any] = [
        bindparam(name, type_=ARRAY(kind)) for name, kind in kinds.items() if f":{name}" in statement
    ]
    typed += [bindparam(name, type_=Interval()) for name in ("lease", "interval") if f":{name}" in statement]
    return {
        may_wait: PreparedStatement(
            text(statement.format(held=_HOLD.format(columns=columns, others=others))).bindparams(
                bindparam("workspace", type_=Uuid), *typed
            )
        )
        for may_wait, others in of.items()
    }


BEGIN_POSTS = _of_many(_BEGIN_POST, "came.now")
END_POSTS = _of_many(_POSTED, "came.turn, came.channel, came.stamp, came.address")
BEGIN_DRAWS = _of_many(_BEGIN, "came.asked, came.now")
END_DRAWS = _of_many(_DRAWN, "came.turn, came.until, came.now")
