"""Hypothesis for the unit tests: no deadline, since machines differ, and few enough examples to wait for."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unit", deadline=None, max_examples=60)
settings.load_profile("unit")
