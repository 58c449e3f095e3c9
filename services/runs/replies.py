"""The one word to the reporter when a run is over: begun, and on record, with a statement for however many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.group_commit import LockedElsewhere
from db.prepared import PreparedStatement
from services.errors import NotFound


@dataclass(frozen=True, slots=True)
class Reply:
    """A word to the reporter that is due; `begun_at` if somebody may have posted it already."""

    run_id: UUID
    begun_at: datetime | None


_HELD = """
held AS (
    SELECT runs.id, runs.reply_ts, runs.reply_started_at, came.*
    FROM workflow_executions AS runs JOIN came ON came.run_id = runs.id
    WHERE runs.workspace_id = :workspace AND runs.id = ANY(:runs) ORDER BY runs.id FOR UPDATE OF runs {others}
)
"""

_BEGIN = """
WITH came AS (
    SELECT * FROM unnest(:runs, :nows) AS came (run_id, now)
), {held}, begun AS (
    UPDATE workflow_executions AS runs SET reply_started_at = held.now
    FROM held
    WHERE runs.id = held.id AND runs.id = ANY(:runs)
        AND held.reply_ts IS NULL AND held.reply_started_at IS NULL
)
SELECT id, reply_ts, reply_started_at FROM held
"""

_END = """
WITH came AS (
    SELECT * FROM unnest(:runs, :stamps) AS came (run_id, stamp)
), {held}
UPDATE workflow_executions AS runs SET reply_ts = held.stamp
FROM held
WHERE runs.id = held.id AND runs.id = ANY(:runs)
RETURNING runs.id
"""


def _of_many(statement: str, name: str, kind: DateTime | Text) -> Mapping[bool, PreparedStatement]:
    """A statement about many runs, by whether it may wait for those that others hold; else it leaves them out."""
    return {
        may_wait: PreparedStatement(
            text(statement.format(held=_HELD.format(others=others))).bindparams(
                bindparam("workspace", type_=Uuid()),
                bindparam("runs", type_=ARRAY(Uuid())),
                bindparam(name, type_=ARRAY(kind)),
            )
        )
        for may_wait, others in {True: "", False: "SKIP LOCKED"}.items()
    }


_BEGIN_MANY = _of_many(_BEGIN, "nows", DateTime(timezone=True))
_END_MANY = _of_many(_END, "stamps", Text())


async def begin(
    session: AsyncSession, workspace_id: UUID, asked: Mapping[UUID, datetime], *, may_wait: bool = True
) -> dict[UUID, Reply | LockedElsewhere | None]:
    """Note that reporters are about to be told, by the ids of runs; None where that is done. Raises NotFound.

    With `may_wait` unset, a run that somebody holds is LOCKED. The others are held until the transaction ends.
    """
    found = await _BEGIN_MANY[may_wait].rows(
        session, workspace=workspace_id, runs=list(asked), nows=list(asked.values())
    )
    replies = {run_id: Reply(run_id, begun_at) if ts is None else None for run_id, ts, begun_at in found}
    _check_found(asked, replies, may_wait=may_wait)
    return {run_id: replies.get(run_id, LockedElsewhere.LOCKED) for run_id in asked}


async def end(
    session: AsyncSession, workspace_id: UUID, posted: Mapping[UUID, str], *, may_wait: bool = True
) -> set[UUID]:
    """Reporters have been told: by the ids of runs, the `ts` of what they read. Answers those that are noted.

    With `may_wait` unset, runs that somebody holds are left out. Raises NotFound.
    """
    found = await _END_MANY[may_wait].rows(
        session, workspace=workspace_id, runs=list(posted), stamps=list(posted.values())
    )
    noted = {run_id for (run_id,) in found}
    _check_found(posted, dict.fromkeys(noted), may_wait=may_wait)
    return noted


def _check_found(wanted: Mapping[UUID, object], found: Mapping[UUID, object], *, may_wait: bool) -> None:
    if may_wait and (missing := wanted.keys() - found.keys()):
        raise NotFound("run", missing.pop())
