"""Fixtures of the tests of this folder."""

from tests.support.gemini_client import gemini, make_client, sdk

__all__ = ["gemini", "make_client", "sdk"]
