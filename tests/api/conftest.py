from __future__ import annotations

from tests.support.town_hall import hall

__all__ = ["hall"]
