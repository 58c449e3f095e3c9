"""Which files of a direct message are documents of components, and what has them read."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from services.ai.intents import Where
from services.jobs import AnswerFile, Hear, OfferDocument

_ENDINGS = (".json", ".yaml", ".yml")
_CHECKS = (".checks.yaml", ".checks.yml")
_POLICIES = (".md", ".markdown")


def sent_documents(job: Hear) -> tuple[AnswerFile, ...]:
    """What looks like a pack or an OpenAPI document; YAML beside a policy is its checks."""
    names = [file.name.lower() for file in job.files]
    if job.where != Where.DM or any(name.endswith(_POLICIES) for name in names):
        return ()
    return tuple(
        file
        for file, name in zip(job.files, names, strict=True)
        if name.endswith(_ENDINGS) and not name.endswith(_CHECKS)
    )


def reading_of(
    job: Hear, files: tuple[AnswerFile, ...], heard: UUID, *, is_stranger: bool
) -> Iterator[OfferDocument]:
    """A job for each of them."""
    for number, file in enumerate(files):
        yield OfferDocument(
            key=f"{job.key}:{number}",
            workspace=job.workspace,
            user=job.user,
            channel=job.channel,
            message_ts=job.message_ts,
            file=file,
            heard=heard,
            thread_ts=job.reply_thread,
            is_stranger=is_stranger,
        )
