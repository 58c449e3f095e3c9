"""What was said, with what stands above it: read from Slack, by the names that people see."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.workflows.naming import named_parts
from bot.slack.payloads import talk_of
from bot.views.messages.threads import phrases
from services.conversations.talk import Said, Talk, issue_markup, with_files
from services.jobs import AnswerFile, Hear
from services.mentions import readable

logger = logging.getLogger("mudda.hearing")

MAX_PAGES = 5
"""Of a thread, a thousand replies each; what comes after is counted."""

MAX_AUTHORS = 30


@dataclass(frozen=True, slots=True)
class Words:
    """What was said, how it reads, and the thread that it was said in, where that is what it may be about."""

    text: str
    talk: Talk | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def issue(self, job: Hear) -> str:
        """The issue, in Slack's markup: the thread, or what was said."""
        own = with_files(job.markup, [file.name for file in job.files], phrases())
        return (issue_markup(self.talk, self.names, phrases()) if self.talk else "") or own

    def files(self, job: Hear) -> tuple[AnswerFile, ...]:
        """What was sent along with that."""
        return self.talk.attached if self.talk else job.files

    def reporter(self, job: Hear) -> str:
        """Whose issue it is: whoever wrote the first message of the thread."""
        return (self.talk.reporter if self.talk else "") or job.user


async def read_words(job: Hear, deps: Deps, *, with_thread: bool) -> Words:
    """What was said, and with it the thread above. Raises what passes: a rate limit, an outage."""
    text = readable(await named_parts(job.markup, deps)) if job.markup else ""
    if not with_thread or job.thread_ts is None:
        return Words(text)
    talk = await _talk(job, job.thread_ts, deps)
    if talk is None:
        return Words(text)
    return Words(text, talk, await author_names(talk, deps))


async def author_names(talk: Talk, deps: Deps) -> Mapping[str, str]:
    """What those who wrote in a thread are called, by their ids; of very many, not all."""
    authors = list(talk.authors())
    # The first has begun it, and the newest say what there is to do.
    wanted = [*authors[:1], *authors[1:][1 - MAX_AUTHORS :]]
    parts = await named_parts(" ".join(f"<@{author}>" for author in wanted), deps)
    return {part.id: part.text.lstrip("@") for part in parts if part.id}


async def _talk(job: Hear, thread_ts: str, deps: Deps) -> Talk | None:
    """The thread, with what was said at its end; None where Slack does not show it."""
    try:
        messages, more = await deps.slack.thread(job.channel, thread_ts, pages=MAX_PAGES)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not read a thread: %s", error)
        return None
    talk = talk_of(messages, bot=deps.workspace.bot_user_id, more=more)
    names = tuple(file.name for file in job.files)
    own = Said(job.message_ts or "", job.user, "", job.markup, names, attached=job.files)
    # Slack may not show it there yet, and where it does, the mention that called has been taken off here.
    others = [said for said in talk.replies if said.ts != own.ts]
    return replace(talk, replies=(*others, own))
