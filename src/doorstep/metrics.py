"""What is counted, for Prometheus: requests, their times, and what the record says of its health.

A server of several processes counts in files of a directory that they share (Prometheus' own way for that), so that
any of them answers for all. SHARED must be in the environment before a process first comes here.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from doorstep.kernel.store import Store

SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_WAITING: Final = "doorstep_waiting_writes"


class Metrics:
    """The counts of this process, or of all processes of its server together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._shared = os.environ.get(SHARED, "")
        own = CollectorRegistry()
        self._requests = Counter("doorstep_requests", "requests", ["method", "status"], registry=own)
        self._seconds = Histogram("doorstep_request_seconds", "time to the answer's head", ["method"], registry=own)
        self._waiting = Gauge(_WAITING, "writes that wait", multiprocess_mode="livesum", registry=own)
        self._bound: dict[tuple[str, str], Any] = {}
        self.registry = own
        if self._shared:
            self.registry = CollectorRegistry()
            MultiProcessCollector(self.registry, self._shared)
            threading.Thread(target=self._watch, name="doorstep-metrics", daemon=True).start()
        self.registry.register(_Health(store))

    def count(self, method: str, status: str, seconds: float) -> None:
        """One request answered. ``status`` are its three digits."""
        key = (method if method in METHODS else "OTHER", status)
        child = self._bound.get(key)
        if child is None:
            child = self._bound[key] = (self._requests.labels(*key), self._seconds.labels(key[0]))
        child[0].inc()
        child[1].observe(seconds)

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        self._now()
        return generate_latest(self.registry)

    def waiting(self) -> int:
        """Writes that wait, in all processes."""
        self._now()
        found = [metric for metric in self.registry.collect() if metric.name == _WAITING]
        return int(sum(sample.value for metric in found for sample in metric.samples))

    def _now(self) -> None:
        self._waiting.set(self._store.engine.waiting())

    def _watch(self) -> None:
        """A process that is not asked tells its queue too, once a second."""
        pause = threading.Event()
        while not pause.wait(1.0):
            self._waiting.set(self._store.engine.waiting())


class _Health(Collector):
    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterable[Metric]:
        health = self._store.health()
        for name in ("late_due", "dead_due", "unsealed", "unsealed_age_s"):
            yield GaugeMetricFamily(f"doorstep_{name}", name.replace("_", " "), value=health[name])
        due = GaugeMetricFamily("doorstep_due", "due rows by lane", labels=["lane"])
        for lane, count in health["due"].items():
            due.add_metric([lane], count)
        yield due
