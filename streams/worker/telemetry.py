"""The worker's own metrics. Everything that is dropped, held or lost is counted here."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from streams import naming

_COMMIT_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_BATCH_BUCKETS = (1, 10, 100, 500, 1_000, 2_000, 5_000, 10_000)


class Telemetry:
    """One registry per worker process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter(
            naming.EVENTS, "Events by what became of them", ("type", "outcome"), registry=self.registry
        )
        self._dead_letters = Counter(
            naming.DEAD_LETTERS, "Records that could not be counted", ("reason",), registry=self.registry
        )
        self._commit_seconds = Histogram(
            naming.COMMIT_SECONDS,
            "Time of a commit: acknowledgement of its dead letters, loading panes, and Redis' answer",
            buckets=_COMMIT_BUCKETS,
            registry=self.registry,
        )
        self._batch_events = Histogram(
            naming.BATCH_EVENTS, "Records of a commit", buckets=_BATCH_BUCKETS, registry=self.registry
        )
        self.fenced = Counter(
            naming.FENCED,
            "Commits refused, and idle partitions opened again, because their position in Redis is not ours",
            registry=self.registry,
        )
        self.forgotten = Counter(
            naming.FORGOTTEN,
            "Times between the earliest and the latest that a full fact did not keep",
            registry=self.registry,
        )
        self.lost = Counter(
            naming.LOST,
            "Records that retention deleted before they were read",
            ("partition",),
            registry=self.registry,
        )
        self.errors = Counter(
            naming.ERRORS,
            "Errors after which a partition was opened again, by who did not answer, or failed",
            ("cause", "error"),
            registry=self.registry,
        )
        self.misplaced = Counter(
            naming.MISPLACED,
            "Records in another partition than KPI_PARTITIONER gives their key",
            ("partition",),
            registry=self.registry,
        )
        self.fetch_errors = Counter(
            naming.FETCH_ERRORS,
            "Fetches that failed",
            ("partition", "error"),
            registry=self.registry,
        )
        self.kafka_up = Gauge(
            naming.KAFKA_UP,
            "1 while Kafka answers; 0 when it has not for 10 s, or not yet",
            registry=self.registry,
        )
        self._lag = Gauge(
            naming.LAG,
            "Records that may be read and are not committed; absent while not known",
            ("partition",),
            registry=self.registry,
        )
        self._state = Gauge(
            naming.PARTITION_STATE,
            "1 for the state that a partition is in",
            ("partition", "state"),
            registry=self.registry,
        )
        self._held = Gauge(
            naming.PARTITION_HELD,
            "1 for the reason that a partition is held for",
            ("partition", "reason"),
            registry=self.registry,
        )
        self._states: dict[int, str] = {}
        self._reasons: dict[int, str] = {}

    def committed(
        self, outcomes: Mapping[tuple[str, str], int], rejects: Mapping[str, int], seconds: float
    ) -> None:
        """Account for a commit: (type, outcome) -> events, reason -> rejects."""
        for (type_, outcome), number in outcomes.items():
            self._events.labels(type_, outcome).inc(number)
        for reason, number in rejects.items():
            self._events.labels(naming.INVALID, "rejected").inc(number)
            self._dead_letters.labels(reason).inc(number)
        self._commit_seconds.observe(seconds)
        self._batch_events.observe(sum(outcomes.values()) + sum(rejects.values()))

    def lag(self, partition: int, records: int | None) -> None:
        """How far behind a partition is; with None, for it is not known, there is no series."""
        if records is None:
            self._lag.remove(partition)
        else:
            self._lag.labels(partition).set(records)

    def state(self, partition: int, state: str, reason: str = "") -> None:
        """The one state that a partition is in, and the reason when it is held."""
        _switch(self._state, self._states, partition, state)
        _switch(self._held, self._reasons, partition, reason)

    def released(self, partition: int) -> None:
        """The partition is no longer ours."""
        self.state(partition, "")
        self.lag(partition, None)

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)


def _switch(gauge: Gauge, shown: dict[int, str], partition: int, to: str) -> None:
    """Let the gauge have one series for the partition, with this label; none for ""."""
    before = shown.pop(partition, "")
    if before and before != to:
        gauge.remove(partition, before)
    if to:
        shown[partition] = to
        gauge.labels(partition, to).set(1)
