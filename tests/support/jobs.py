"""A job that nothing handles."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from db.queue import Job


class Knock(Job):
    entrypoint: ClassVar[str] = "knock"

    workspace: UUID = UUID(int=0)
    door: int
