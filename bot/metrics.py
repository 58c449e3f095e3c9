"""What `/metrics` tells: how fast Slack is answered, what the jobs do, how calls of others end, what waits."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

from bot import VERSION

# Slack gives up at 3 s.
ACK_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3)
CALL_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The process's own counters, in a registry of its own so that two bots in one process don't add up.

    Names of labels: `kind` is that of a payload or a job. Prometheus has a label `job` of its own.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter(
            "mudda_slack_requests", "What Slack sent, by kind and answer.", "kind", "status"
        )
        self.ack_seconds = self._histogram(
            "mudda_ack_seconds", "From a request's arrival to our 200.", ACK_BUCKETS
        )
        self.jobs = self._counter(
            "mudda_jobs", "Jobs, by kind and outcome: done, again or given_up.", "kind", "outcome"
        )
        self.job_seconds = self._histogram("mudda_job_seconds", "How long a job ran.", CALL_BUCKETS, "kind")
        self.model_calls = self._counter(
            "mudda_model_calls", "Calls of the model, by agent and outcome.", "agent", "outcome"
        )
        self.model_tokens = self._counter("mudda_model_tokens", "Tokens used, by agent.", "agent")
        self.model_seconds = self._histogram(
            "mudda_model_call_seconds", "How long a call of the model took.", CALL_BUCKETS, "agent"
        )
        self.heard = self._counter(
            "mudda_heard",
            "What people said, by what it was taken for, by model or rules.",
            "intent",
            "by",
        )
        self.component_calls = self._counter(
            "mudda_component_calls", "Calls of components, by component and outcome.", "component", "outcome"
        )
        self.component_seconds = self._histogram(
            "mudda_component_call_seconds", "How long a call of a component took.", CALL_BUCKETS, "component"
        )
        self.slack_calls = self._counter(
            "mudda_slack_calls", "Calls of Slack's Web API, by method and outcome.", "method", "outcome"
        )
        self.slack_seconds = self._histogram(
            "mudda_slack_call_seconds", "How long a call of Slack's Web API took.", CALL_BUCKETS, "method"
        )
        self.jobs_waiting = self._gauge("mudda_jobs_waiting", "Jobs that are due and not begun, by lane.", "lane")
        self.oldest_job_seconds = self._gauge(
            "mudda_oldest_job_seconds", "For how long the oldest of them has been due, by lane.", "lane"
        )
        self.plans = self._gauge("mudda_plans", "Plans, by state.", "state")
        self.runs = self._gauge("mudda_runs", "Runs, by state.", "state")
        self.steps = self._gauge(
            "mudda_steps",
            "Steps of runs that are not over, by state; WAITING and UNCERTAIN are people's.",
            "state",
        )
        self.hosts_closed = self._gauge(
            "mudda_hosts_closed",
            "Hosts that do not answer: 1 while they are left alone, 0.5 once a call may see whether they do.",
            "host",
        )
        self.database_up = self._gauge("mudda_database_up", "Whether the database answered when it was asked.")
        self.pool_in_use = self._gauge("mudda_database_connections_in_use", "Connections in use, of the pool.")
        self.pool_size = self._gauge("mudda_database_connections_most", "Transactions that may be open at once.")
        self.socket_connected = self._gauge("mudda_socket_connected", "Whether Socket Mode is connected.")
        build = Info("mudda_build", "What runs here.", registry=self.registry)
        build.info({"version": VERSION, "python": platform.python_version()})
        ProcessCollector(registry=self.registry)

    @contextmanager
    def timed(self, calls: Counter, seconds: Histogram, name: str) -> Iterator[list[str]]:
        """Count and time a call of `name`; its outcome is what the block appends, else "ok" or "error"."""
        outcome: list[str] = []
        default = "error"
        started = time.perf_counter()
        try:
            yield outcome
            default = "ok"
        finally:
            seconds.labels(name).observe(time.perf_counter() - started)
            calls.labels(name, outcome[-1] if outcome else default).inc()

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(name, words, labels, registry=self.registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(name, words, labels, registry=self.registry)

    def _histogram(self, name: str, words: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, words, labels, buckets=buckets, registry=self.registry)
