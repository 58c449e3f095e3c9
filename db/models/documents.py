"""The shapes of JSON columns: what stands in them, by name."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class AskedPerson(TypedDict):
    """Somebody whom a step asks: the `channel` of their DM, and the `ts` of the question once it is posted."""

    person: str
    channel: str
    ts: NotRequired[str]


class StepWait(TypedDict, total=False):
    """How far a step that waits has come in this `attempt`.

    `polls` counts the calls of a wait.until, and `last` is what came of the last one. `asked` are those whom a
    question was put to, `answered_by` whoever answered it. `held` is why a component was not called yet in an
    `attempt`, as services.health.door has it.
    """

    attempt: int
    polls: int
    last: dict[str, Any]
    asked: list[AskedPerson]
    answered_by: str
    held: dict[str, Any]


FailedTest = TypedDict("FailedTest", {"value": str, "is": str, "to": list[str], "found": str | None})
"""A comparison of a condition that does not hold: as the plan has it, and what was found, None for nothing."""


class SkipReason(TypedDict):
    """Why the plan itself skipped a step: tests that do not hold; none where it was for the steps before it."""

    tests: list[FailedTest]


class GateRequest(TypedDict):
    """What somebody at a gate wants to know before they decide: `by` asks `person`, at a moment in ISO 8601."""

    by: str
    person: str
    text: str
    at: str


class PlanChange(TypedDict):
    """What somebody wants to be different about a plan: the `wish` in their words.

    `by` is a Slack id; `channel`, `message_ts` and `thread_ts` are where they said it. `outcome` is there if
    nothing came of it: "failed", with the `failure` as a plan's, or "same".
    """

    by: str
    wish: str
    channel: str
    message_ts: str | None
    thread_ts: str | None
    outcome: NotRequired[str]
    failure: NotRequired[dict[str, Any]]


class PlanClarification(TypedDict):
    """What was asked about an issue before it was planned: what it `lacks`, or which of the `choices` is meant.

    `look_alike` is the open plan that may be about the same; with `wide` whoever sees the card may see what is
    shown in public channels. `at` and `due` are moments in ISO 8601: when it was
    asked, and when it is planned anyway. `outcome` is there once that is settled: "answered", "anyway",
    "unanswered", "same" or "gone" (the open plan was over by then); `by` is who settled it, `answer` their words,
    and `press` Slack's own id of how.
    """

    lacks: list[str]
    choices: list[str]
    look_alike: str | None
    wide: bool
    at: str
    due: str
    outcome: NotRequired[str]
    by: NotRequired[str]
    answer: NotRequired[str]
    press: NotRequired[str]


class WorkspaceSettings(TypedDict, total=False):
    """What a workspace has set for itself; what is not there is as for the whole deployment.

    `time_zone` is a name of the tz database, `tokens_per_day` what the model may cost, 0 for no limit,
    `learn_from_plans` whether earlier plans and notes are told to the plan maker. `default_channel` is where a
    plan is shown that was begun in no channel. `may_plan` is who may have plans drafted: "everybody", "approvers",
    or with "named" the `planners` too. `plan_days` is for how many days a plan that is over is kept, 0 for good.
    `plan_emoji` is the name of the emoji that plans a message, or "off". `language` is that of the cards, for
    everybody who reads them; without it a card is in the language of whoever asked for the plan.
    """

    time_zone: str
    tokens_per_day: int
    learn_from_plans: bool
    default_channel: str
    may_plan: str
    planners: list[str]
    plan_days: int
    plan_emoji: str
    language: str


class MovedFrom(TypedDict):
    """Where a card was: in which `channel`, `thread` and message (`ts`); and the `user` who had it moved."""

    channel: str
    thread: str | None
    ts: str | None
    user: str


class RequestPreview(TypedDict):
    """What a step sends, as it is shown and kept: no secret, and of the component's own headers only the names.

    `query` are pairs. For a built-in step `url` is its key, and `body` its inputs.
    """

    method: str
    url: str
    query: list[list[str]]
    headers: dict[str, str]
    own_headers: list[str]
    body: Any
    body_format: str
    auth: str


class ImportedForm(TypedDict):
    """What a component was when it was imported: from which `source` and which `operation` ("GET /areas/{id}").

    `members` has a digest of each member as the document had it: one that is another now was changed by hand.
    `untouched` is there if that was all, until anybody changes the row: then PostgreSQL takes it away (0042).
    """

    source: str
    operation: str
    members: dict[str, str]
    untouched: NotRequired[bool]
