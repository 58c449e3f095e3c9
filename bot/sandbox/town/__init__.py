"""A town on loopback: a few civic APIs that keep state, for the sandbox and the tests.

It has an Open311 GeoReport v2 endpoint, work orders, crews, notices, road closures and water valves. Every API
asks for the credentials that the sandbox's component pack names, and each request is written into a ledger.
"""

from __future__ import annotations

from pathlib import Path

from bot.sandbox.town.faults import Endless, Fault, Hang, Hold, Reset, Slow, Status
from bot.sandbox.town.server import Received, Town

__all__ = ["Endless", "Fault", "Hang", "Hold", "Received", "Reset", "Slow", "Status", "Town", "sandbox_pack"]

_PACK = Path(__file__).parent.parent / "pack.yaml"
_PLACEHOLDER = "http://town.invalid"


def sandbox_pack(town_url: str) -> str:
    """The component pack over the town's APIs, as YAML, with the town's URL in it."""
    return _PACK.read_text(encoding="utf-8").replace(_PLACEHOLDER, town_url.rstrip("/"))
