"""Sample runs of the sample plan: one for each thing that the card of a run can show, and some that mean harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.queries.snapshots import PlanSnapshot, RunSnapshot, StepSnapshot
from services.states import PlanState, RunState, StepState
from tests.support import samples

S = StepState
RUN_ID = UUID("0c8d7a55-2f4e-4b6b-8a11-51f0d9c3e703")
STARTED_AT = samples.MADE_AT + timedelta(minutes=7)
ENDED_AT = STARTED_AT + timedelta(seconds=41)

REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "locate": {
        "method": "GET",
        "url": "https://geo.example.gov/areas",
        "query": [["address", "5th and Main"]],
        "headers": {},
        "body": None,
    },
    "order": {
        "method": "POST",
        "url": "https://works.example.gov/areas/downtown/work-orders",
        "query": [],
        "headers": {},
        "body": {"title": "Burst water main at 5th and Main", "details": samples.ISSUE.text},
    },
    "file": {
        "method": "POST",
        "url": "https://311.example.gov/open311/v2/requests.json",
        "query": [],
        "headers": {},
        "body": {"address_string": "5th and Main", "description": samples.ISSUE.text},
    },
    "assign": {
        "method": "POST",
        "url": "https://works.example.gov/crews/water-1/assignment",
        "query": [],
        "headers": {},
        "body": {"order": "WO-1001", "district": "Downtown"},
    },
    "residents": {
        "method": "POST",
        "url": "https://notices.example.gov/areas/downtown/notices",
        "query": [["channel", "sms"]],
        "headers": {},
        "body": {
            "text": "Water may be off for some hours.",
            "area": {"name": "Downtown", "streets": ["5th", "Main"]},
        },
    },
    "tell": {
        "method": "POST",
        "url": "https://notices.example.gov/messages",
        "query": [],
        "headers": {},
        "body": {"to": samples.REPORTER, "text": "Thank you. Crew Water crew 1 is on its way (SR-3391)."},
    },
}

OUTPUTS: Mapping[str, Any] = {
    "locate": {"area": "downtown", "district": "Downtown"},
    "order": {"title": "Burst water main", "status": "open", "work_order_id": "WO-1001", "crew_id": None},
    "file": [{"service_request_id": "SR-3391", "token": "t-1", "service_notice": "Thank you for your report."}],
    "assign": {"crew_id": "water-1", "crew": "Water crew 1", "eta_minutes": 25, "status": "assigned"},
    "residents": {"notice_id": "N-88", "recipients": 412, "sent_at": "2026-03-09T08:48:31Z"},
    "tell": None,
}

GATED = frozenset({"residents"})
_BEGUN = (S.RUNNING, S.DONE, S.FAILED, S.UNCERTAIN)


def step(step_id: str, state: StepState, **changes: Any) -> StepSnapshot:
    """A step as it stands in that state."""
    begun = state in _BEGUN
    plain = StepSnapshot(
        id=step_uuid(step_id),
        step_id=step_id,
        state=state,
        revision=4,
        attempt=1,
        gated=step_id in GATED,
        request=REQUESTS.get(step_id) if begun or state is S.WAITING else None,
        output=OUTPUTS.get(step_id) if state is S.DONE else None,
        started_at=STARTED_AT if begun else None,
        ended_at=STARTED_AT + timedelta(seconds=2) if begun and state is not S.RUNNING else None,
    )
    return replace(plain, **changes)


def step_uuid(step_id: str) -> UUID:
    """The id of the step's row."""
    return UUID(int=int.from_bytes(step_id.encode()[:12].ljust(12), "big"))


def run(state: RunState, *steps: StepSnapshot, **changes: Any) -> PlanSnapshot:
    """The sample plan under way: these steps, and those before them done; the rest has not started."""
    given = {each.step_id: each for each in steps}
    rest = S.DONE if state is RunState.COMPLETED else S.CANCELLED if state is RunState.CANCELLED else S.PENDING
    ended = state not in (RunState.RUNNING, RunState.WAITING)
    snapshot = RunSnapshot(
        id=RUN_ID,
        number=1,
        version=1,
        state=state,
        started_by=samples.DECIDER,
        started_at=STARTED_AT,
        steps=tuple(given.get(each.step_id) or step(each.step_id, rest) for each in samples.STEPS),
        ended_at=ENDED_AT if ended else None,
    )
    return replace(samples.decided(PlanState.APPROVED), run=replace(snapshot, **changes))


def done(*step_ids: str) -> tuple[StepSnapshot, ...]:
    """Steps that are done."""
    return tuple(step(step_id, S.DONE) for step_id in step_ids)


def approved(step_id: str, state: StepState = S.DONE) -> StepSnapshot:
    """A step that somebody has agreed to."""
    return step(step_id, state, gated=True, decided_by=samples.DECIDER, decided_at=STARTED_AT)


def failed(step_id: str, code: str, **facts: Any) -> StepSnapshot:
    """A step that failed for this reason."""
    return step(step_id, S.FAILED, error={"code": code, **facts})


RUNNING = run(RunState.RUNNING, *done("locate", "file"), step("order", S.RUNNING, attempt=2))
WAITING = run(RunState.WAITING, *done("locate", "order", "file", "assign", "tell"), step("residents", S.WAITING))
UNCERTAIN = run(
    RunState.WAITING,
    *done("locate", "order", "file"),
    step("assign", S.UNCERTAIN, error={"code": "maybe_sent", "reason": "timeout"}),
)
REFUSED = {"code": "http_status", "status": 409, "message": "Water crew 1 is at WO-0997"}
FAILED = run(RunState.FAILED, *done("locate", "order", "file"), step("assign", S.FAILED, error=REFUSED, attempt=3))
REJECTED = run(
    RunState.FAILED,
    *done("locate", "order", "file", "assign", "tell"),
    step(
        "residents",
        S.FAILED,
        error={"code": "rejected", "reason": "It is only one street; no need."},
        decided_by=samples.DECIDER,
        decided_at=STARTED_AT,
    ),
)
RETRYING = run(
    RunState.RUNNING,
    *done("locate"),
    step(
        "order",
        S.READY,
        attempt=2,
        error={"code": "http_status", "status": 503},
        retry_at=STARTED_AT + timedelta(seconds=30),
    ),
    step("file", S.RUNNING),
)
HELD = run(
    RunState.RUNNING,
    *done("locate"),
    step(
        "order",
        S.READY,
        wait={"held": {"by": "host", "host": "works.example.gov", "attempt": 1}},
        retry_at=STARTED_AT + timedelta(minutes=2),
    ),
    step(
        "file",
        S.READY,
        wait={"held": {"by": "rate", "host": "311.example.gov", "attempt": 1}},
        retry_at=STARTED_AT + timedelta(seconds=40),
    ),
)
COMPLETED = run(RunState.COMPLETED, approved("residents"))
MENDED = run(
    RunState.COMPLETED,
    step("file", S.SKIPPED, decided_by=samples.DECIDER, decided_at=STARTED_AT),
    step("assign", S.DONE, output=None, note="I rang them.", decided_by=samples.DECIDER, decided_at=STARTED_AT),
    step("order", S.DONE, warnings=({"code": "mismatch", "at": "work_order_id"},)),
    approved("residents"),
)
NOT_WANTED = samples.asking_first(
    run(
        RunState.COMPLETED,
        step(
            "file",
            S.SKIPPED,
            skip={"tests": [{"value": samples.KNOWN, "is": "empty", "to": [], "found": "SR-3302"}]},
        ),
        step("tell", S.SKIPPED, skip={"tests": []}),
        approved("residents"),
    )
)
CANCELLED = run(RunState.CANCELLED, *done("locate", "order"), ended_by=samples.DECIDER)


def every_state() -> PlanSnapshot:
    """A run with a step in almost every state."""
    return run(
        RunState.RUNNING,
        step("locate", S.FAILED, error={"code": "internal"}),
        step("order", S.UNCERTAIN, error={"code": "interrupted"}),
        step("file", S.WAITING),
        step("assign", S.RUNNING),
        step("residents", S.WAITING),
        step("tell", S.SKIPPED),
    )


def long_run(steps: int, *states: StepState, state: RunState = RunState.RUNNING, words: int = 6) -> PlanSnapshot:
    """A run of so many steps, whose states take turns."""
    snapshot = samples.long_plan(steps, words=words)
    return _over(snapshot, state, tuple(states), lambda step_id, each: step(step_id, each, **_heavy(each)))


def hostile_run(text: str, *, steps: int = 9, state: RunState = RunState.RUNNING) -> PlanSnapshot:
    """A run in which everything that somebody else wrote is `text`, with steps in every state."""
    nested: Any = text
    for _ in range(200):
        nested = [nested, text]
    strange = {
        "error": {
            **dict.fromkeys(("code", "reason", "message", "reference", "name", "host"), text),
            "status": text,
        },
        "request": {"method": text, "url": text, "query": [[text, text]], "headers": {text: text}, "body": nested},
        "output": {text or "a": text, "name": text, "nested": nested, "list": [{text or "a": text}] * 50},
        "warnings": ({"code": text, "at": text},) * 30,
        "note": text,
        "decided_by": text,
    }
    snapshot = samples.hostile_plan(text, steps=steps)
    return _over(snapshot, state, tuple(S), lambda step_id, each: step(step_id, each, gated=True, **strange))


def _heavy(state: StepState) -> dict[str, Any]:
    request = {"method": "POST", "url": "https://works.example.gov/" + "x" * 300, "body": {"text": "word " * 500}}
    error = {"code": "http_status", "status": 500, "message": "no " * 200}
    output = {f"field_{index}": "value " * 50 for index in range(200)}
    return {
        "request": request if state is not S.PENDING else None,
        "error": error if state in (S.FAILED, S.UNCERTAIN) else None,
        "output": output if state is S.DONE else None,
    }


def _over(snapshot: PlanSnapshot, state: RunState, states: tuple[StepState, ...], make: Any) -> PlanSnapshot:
    assert snapshot.version is not None
    steps = tuple(
        make(each.step_id, states[index % len(states)]) for index, each in enumerate(snapshot.version.plan.steps)
    )
    assert RUNNING.run is not None
    ended_by = snapshot.decided_by if state is RunState.CANCELLED else None
    moved = replace(RUNNING.run, state=state, steps=steps, ended_at=ENDED_AT, ended_by=ended_by)
    return replace(snapshot, state=PlanState.APPROVED, decided_by=samples.DECIDER, run=moved)


GALLERY: Mapping[str, PlanSnapshot] = {
    "Running": RUNNING,
    "Running, a step to be tried again": RETRYING,
    "Running, a host that does not answer": HELD,
    "Waiting at a gate": WAITING,
    "Nobody knows": UNCERTAIN,
    "Run failed": FAILED,
    "Step rejected": REJECTED,
    "Done": COMPLETED,
    "Done, with a step skipped and one marked": MENDED,
    "Done, with steps that were not needed": NOT_WANTED,
    "Cancelled": CANCELLED,
    "Running, 1,000 steps": long_run(1_000, *[S.DONE] * 5, *[S.PENDING] * 20, S.RUNNING, S.WAITING, words=0),
}
"""The states of a run's card, by what the gallery calls them."""
