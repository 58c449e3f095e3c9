"""A job that nothing handles."""

from __future__ import annotations

from typing import ClassVar

from db.queue import Job


class Knock(Job):
    entrypoint: ClassVar[str] = "knock"
    door: int
