"""A question is put to people: groups are looked up, DMs opened, and each gets one message, whoever is killed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.messages.posting import post_once
from bot.languages import speaking
from bot.readers import language_for
from bot.views.messages.question import question_message
from services.components.builtins import MAX_PEOPLE
from services.jobs import RunStep
from services.runs.claims import Attempt
from services.runs.questions import not_asked
from services.steps.calls import BuiltinCall
from services.steps.results import PendingAnswer, StepResult, failed
from services.steps.waits import people_asked


async def ask(job: RunStep, attempt: Attempt[BuiltinCall], deps: Deps) -> PendingAnswer | StepResult:
    """Put the question to all who are to be asked and have not been yet."""
    if "asked" in attempt.wait:
        channels = {each["person"]: each["channel"] for each in people_asked(attempt.wait) if "ts" not in each}
        return await _post(job, attempt, channels, {}, deps)
    people = await _people(attempt.call, deps)
    if not people:
        return failed("group_empty")
    if len(people) > MAX_PEOPLE:
        return failed("too_many_people", people=len(people), most=MAX_PEOPLE)
    channels, unreached = await _opened(people, deps)
    async with deps.database.transaction() as session:
        is_kept = await deps.questions.record_recipients(session, job, attempt, channels, unreached)
    return await _post(job, attempt, channels, unreached, deps) if is_kept else PendingAnswer()


async def _people(call: BuiltinCall, deps: Deps) -> Sequence[str]:
    """The ids of all who are to be asked, each once: those who are named, and the groups' members of now."""
    people = list(call.people)
    for group in call.groups:
        people += await deps.slack.user_group(group)
    return list(dict.fromkeys(people))


async def _opened(people: Sequence[str], deps: Deps) -> tuple[dict[str, str], dict[str, str]]:
    """The channels of the DMs with people, and why there is none with others: bots, closed accounts."""
    channels: dict[str, str] = {}
    unreached: dict[str, str] = {}
    for person in people:
        try:
            channels[person] = await deps.slack.open_dm(person)
        except (RateLimited, SlackUnavailable):
            raise
        except SlackError as error:
            unreached[person] = error.code
    return channels, unreached


async def _post(
    job: RunStep,
    attempt: Attempt[BuiltinCall],
    channels: Mapping[str, str],
    unreached: Mapping[str, str],
    deps: Deps,
) -> PendingAnswer | StepResult:
    """Post the question to each who does not have it. What came of each is on record before the next."""
    async with deps.database.reading() as session:
        question = await deps.questions.question(session, job.workspace, job.step)
    reasons = dict(unreached)
    for person, channel in channels.items():
        with speaking(await language_for(person, deps)):
            message = question_message(question)
        try:
            ts = await post_once(channel, message, None, attempt, deps)
        except (RateLimited, SlackUnavailable):
            raise
        except SlackError as error:
            reasons[person] = error.code
            async with deps.database.transaction() as session:
                goes_on = await deps.questions.record_not_posted(session, job, attempt, person, error.code)
        else:
            async with deps.database.transaction() as session:
                goes_on = await deps.questions.record_posted(session, job, attempt, person, ts)
        if not goes_on:
            return PendingAnswer()
    return PendingAnswer() if len(reasons) < len(unreached) + len(question.people) else _nobody(reasons)


def _nobody(reasons: Mapping[str, str]) -> StepResult:
    reason = next(iter(reasons.values()), "")
    if len(reasons) == 1:
        return failed("slack_refused", reason=reason)
    warnings = tuple(not_asked(person, reason) for person, reason in reasons.items())
    return replace(failed("nobody_reached", reason=reason), warnings=warnings)
