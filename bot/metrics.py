"""What `/metrics` tells: how fast Slack is answered, what the jobs do, what the model costs."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram


class Metrics:
    """The process's own counters, in a registry of its own so that two bots in one process don't add up."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "mudda_slack_requests",
            "What Slack sent, by kind and answer.",
            ["kind", "status"],
            registry=self.registry,
        )
        self.ack_seconds = Histogram(
            "mudda_ack_seconds",
            "From a request's arrival to our 200.",
            # Slack gives up at 3 s.
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3),
            registry=self.registry,
        )
        self.jobs = Counter(
            "mudda_jobs",
            "Jobs, by kind and outcome: done, again or given_up.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self.job_seconds = Histogram("mudda_job_seconds", "How long a job ran.", ["kind"], registry=self.registry)
        self.model_calls = Counter(
            "mudda_model_calls",
            "Calls of the model, by agent and outcome.",
            ["agent", "outcome"],
            registry=self.registry,
        )
        self.model_tokens = Counter(
            "mudda_model_tokens", "Tokens used, by agent.", ["agent"], registry=self.registry
        )
