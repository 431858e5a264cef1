"""The webhooks' own metrics. Every request is counted once, by what became of it."""

from collections.abc import Container, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from streams import naming
from streams.intake.brought import Brought, types_of
from streams.intake.signatures import REASONS

ACCEPTED: Final = "accepted"
ASKED: Final = "asked"
FAILED: Final = "failed"
OUTCOMES: Final = (
    *(ACCEPTED, ASKED, FAILED),
    *(
        "not_found",
        "not_set_up",
        "method",
        "malformed",
        "broken",
        "slow",
        "unsupported",
        "too_large",
        "too_many",
    ),
    *("faulty", "unavailable"),
    *(f"unsigned_{reason}" for reason in REASONS),
)
"""What may become of a request: what was asked was only what may be sent, what failed is a fault of ours."""
_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Telemetry:
    """One registry per server process.

    Of `vendors` outcomes are counted from 0: the first is seen, too. `types` are the catalog's: templates can
    write any.
    """

    def __init__(self, vendors: Iterable[str], types: Container[str]) -> None:
        self._types = types
        self._registry = registry = CollectorRegistry()

        def counter(name: str, help_: str, *labels: str) -> Counter:
            return Counter(name, help_, labels, registry=registry)

        self._requests = counter(
            naming.INTAKE_REQUESTS, "Requests by what became of them", "vendor", "outcome"
        )
        for vendor in vendors:
            for outcome in OUTCOMES:
                self._requests.labels(vendor, outcome)
        seconds = "Time of a request, from its headers to its answer"
        self._seconds = Histogram(
            naming.INTAKE_SECONDS, seconds, ["vendor"], buckets=_BUCKETS, registry=registry
        )
        self._events = counter(naming.INTAKE_EVENTS, "Events that Kafka has acknowledged", "vendor", "type")
        ignored = "What was sent and there is no event for"
        self._ignored = counter(naming.INTAKE_IGNORED, ignored, "vendor", "name")
        gaps = "Changes that the vendor says it has lost"
        self._gaps = counter(naming.INTAKE_GAPS, gaps, "vendor", "record")
        self.up = Gauge(naming.INTAKE_UP, "1 while events can be published, else 0", registry=registry)

    def answered(self, vendor: str, outcome: str, seconds: float) -> None:
        self._requests.labels(vendor, outcome).inc()
        self._seconds.labels(vendor).observe(seconds)

    def published(self, vendor: str, brought: Brought) -> None:
        for type_, number in types_of(brought.lines).items():
            known = type_ if type_ in self._types else naming.INVALID
            self._events.labels(vendor, known).inc(number)
        for name, number in brought.ignored.items():
            self._ignored.labels(vendor, name).inc(number)
        for record, number in brought.gaps.items():
            self._gaps.labels(vendor, record).inc(number)

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self._registry)
