from __future__ import annotations

from tests.town_hall import hall

__all__ = ["hall"]
