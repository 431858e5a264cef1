"""The worker's own metrics. Everything that is dropped, held or lost is counted here."""

from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from streams import naming

_COMMIT_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_BATCH_BUCKETS = (1, 10, 100, 500, 1_000, 2_000, 5_000, 10_000)


class Telemetry:
    """One registry per worker process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, help_: str, *labels: str) -> Counter:
            return Counter(name, help_, labels, registry=registry)

        def gauge(name: str, help_: str, *labels: str) -> Gauge:
            return Gauge(name, help_, labels, registry=registry)

        def histogram(name: str, help_: str, buckets: Sequence[float]) -> Histogram:
            return Histogram(name, help_, buckets=buckets, registry=registry)

        self._events = counter(naming.EVENTS, "Events by what became of them", "type", "outcome")
        self._dead_letters = counter(naming.DEAD_LETTERS, "Records that could not be counted", "reason")
        commit = "Time of a commit: acknowledgement of its dead letters, loading panes, and Redis' answer"
        self._commit_seconds = histogram(naming.COMMIT_SECONDS, commit, _COMMIT_BUCKETS)
        self._batch_events = histogram(naming.BATCH_EVENTS, "Records of a commit", _BATCH_BUCKETS)
        fenced = "Commits refused, and idle partitions opened again: their position in Redis is not ours"
        self.fenced = counter(naming.FENCED, fenced)
        forgotten = "Times between the earliest and the latest that a full fact did not keep"
        self.forgotten = counter(naming.FORGOTTEN, forgotten)
        self.lost = counter(naming.LOST, "Records that retention deleted before they were read", "partition")
        errors = "Errors after which a partition was opened again, by who did not answer, or failed"
        self.errors = counter(naming.ERRORS, errors, "cause", "error")
        misplaced = "Records in another partition than KPI_PARTITIONER gives their key"
        self.misplaced = counter(naming.MISPLACED, misplaced, "partition")
        self.fetch_errors = counter(naming.FETCH_ERRORS, "Fetches that failed", "partition", "error")
        up = "1 while Kafka answers; 0 when it has not for 10 s, or not yet"
        self.kafka_up = gauge(naming.KAFKA_UP, up)
        lag = "Records that may be read and are not committed; absent while not known"
        self._lag = gauge(naming.LAG, lag, "partition")
        state = "1 for the state that a partition is in"
        self._state = gauge(naming.PARTITION_STATE, state, "partition", "state")
        held = "1 for the reason that a partition is held for"
        self._held = gauge(naming.PARTITION_HELD, held, "partition", "reason")
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
