"""What calls of the model cost, as metrics; the rows are the services'."""

from __future__ import annotations

from collections.abc import Sequence

from bot.deps import Deps
from services.ai.usage import Usage


def count_calls(usages: Sequence[Usage], deps: Deps) -> None:
    """Count them, with how long they took."""
    for usage in usages:
        deps.metrics.model_calls.labels(usage.agent, usage.outcome).inc()
        deps.metrics.model_seconds.labels(usage.agent).observe(usage.latency_ms / 1_000)
        deps.metrics.model_tokens.labels(usage.agent).inc(usage.total_tokens)
