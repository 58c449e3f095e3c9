"""Storms of kills over runs, for ten minutes; `STORM_SECONDS=60 make soak ARGS='-k storm'` for one."""

from __future__ import annotations

import os
import random

import pytest

from tests.e2e.kill_storm import storm

SECONDS = float(os.environ.get("STORM_SECONDS", "600"))


@pytest.mark.soak
async def test_a_storm_of_kills_loses_nothing_sends_nothing_twice_and_leaves_nothing_stuck(
    database_url: str,
) -> None:
    """By the rows, by the town's own list of what it received, and by what Slack shows: see `storm_model`."""
    seed = str(random.random())
    over = await storm(database_url, seconds=SECONDS, runs_per_second=2, seed=seed, workers=3)
    assert over.kills >= SECONDS / 20
    assert len(over.begun) >= SECONDS / 4
