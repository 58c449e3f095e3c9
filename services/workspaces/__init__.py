"""Workspaces: their rows, the app's installations in them, and the secrets that these bring."""

from __future__ import annotations

from services.workspaces.records import by_team, ensure

__all__ = ["by_team", "ensure"]
