"""What one call of the model cost, how long it took and how it ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

STAND_IN_MODEL = "rule-based-stand-in"
"""What the sandbox's stand-in calls itself, so that a card can say that no model planned."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The account of one call, whether or not it gave a usable answer.

    `latency_ms` runs from asking to answering: waiting for a turn and every retry included. `output_tokens`
    includes what the model thought before it wrote. `outcome` is "ok" or the `outcome` of a GeminiError.
    """

    model: str
    agent: str
    prompt_tokens: int
    output_tokens: int
    total_tokens: int
    latency_ms: int
    outcome: str
    attempts: int

    def to_row(self) -> dict[str, Any]:
        """The columns of the table of calls."""
        return asdict(self)
