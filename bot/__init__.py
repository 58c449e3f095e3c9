"""The edge: everything that knows Slack, and the processes."""

from __future__ import annotations

VERSION = "0.1.0"
"""That of pyproject.toml."""
