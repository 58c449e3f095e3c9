"""A short storm; `python -m tests.e2e.kill_storm` is the long one."""

from __future__ import annotations

import random

import pytest

from tests.e2e.kill_storm import storm


@pytest.mark.soak
async def test_a_short_storm_of_kills_leaves_every_run_as_it_must_be(database_url: str) -> None:
    over = await storm(database_url, seconds=5, runs_per_second=4, seed=str(random.random()))
    assert over.kills >= 1
    assert len(over.begun) >= 5
