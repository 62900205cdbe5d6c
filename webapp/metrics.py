"""Figures for Prometheus; the only importer of prometheus_client. No Flask."""

from __future__ import annotations

from functools import partial
from math import nan

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from retrieval.errors import WenzhengError
from retrieval.layout import Manifest
from webapp.observing import Seen
from webapp.service import Service

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# Whatever else a client calls its method: labels must stay few.
_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60)


class Metrics:
    """What one site has answered since it started, and which version of the index it serves."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "wenzheng_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "wenzheng_request_seconds",
            "Seconds from a request's beginning to the last byte of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        for name, what in (("number", "version"), ("reports", "reports"), ("passages", "passages")):
            gauge = Gauge(f"wenzheng_index_{what}", f"The index in force: {what}.", registry=self._registry)
            gauge.set_function(partial(self._of_index, name))

    def note(self, seen: Seen) -> None:
        """Count a request."""
        method = seen.method if seen.method in _METHODS else "other"
        self._requests.labels(method, seen.route, str(seen.status)).inc()
        self._seconds.labels(seen.route).observe(seen.ms / 1000)

    def text(self) -> bytes:
        """All figures in Prometheus's text format."""
        return generate_latest(self._registry)

    def _of_index(self, name: str) -> float:
        try:
            manifest: Manifest = self._service.searcher.index.manifest
            return float(getattr(manifest, name))
        except WenzhengError:
            return nan
