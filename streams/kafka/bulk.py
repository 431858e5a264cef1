"""Publishing many lines fast, by librdkafka: what is published is not waited for until it must be known.

Kafka's own partitioner (murmur2) places keys, as aiokafka and Java do.
"""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from streams.errors import MissingPart, Unreachable
from streams.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

INSTALL: Final = "pip install 'crm-kpi-streams[tools]'"
DELIVERY_S: Final = 120.0
"""After so long without an acknowledgement a record counts as lost."""
_POLL_S: Final = 0.1
_CONFIG: Final = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "compression.type": "lz4",
    "linger.ms": 20,
    "batch.size": 1_000_000,
    "queue.buffering.max.messages": 200_000,
    "queue.buffering.max.kbytes": 64_000,
    "delivery.timeout.ms": int(DELIVERY_S * 1000),
    "delivery.report.only.error": True,
    "log_level": 2,
}


class Bulk(NamedTuple):
    """A record to publish."""

    key: bytes | None
    value: bytes
    timestamp_ms: int


class BulkPublisher:
    """Publishes to the events topic of `settings`. MissingPart without confluent-kafka."""

    def __init__(self, settings: Settings) -> None:
        try:
            from confluent_kafka import Producer
        except ImportError as error:
            raise MissingPart(f"Kafka is written to with the package confluent-kafka: {INSTALL}") from error
        self._topic = settings.topic
        self._fault: str | None = None
        config: dict[str, Any] = {**settings.librdkafka_client(), **_CONFIG}
        self._producer = Producer({**config, "on_delivery": self._failed, "error_cb": self._warned})
        self._warning = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What is not acknowledged yet is let go, after an error."""
        self._producer.purge()
        self._producer.flush(_POLL_S)

    def publish(self, records: Sequence[Bulk]) -> None:
        """Hand records over; waits while there is no room. Unreachable when an earlier one was lost."""
        produce, topic = self._producer.produce, self._topic
        for key, value, timestamp_ms in records:
            try:
                produce(topic, value, key, timestamp=timestamp_ms)
            except BufferError:
                self._make_room()
                produce(topic, value, key, timestamp=timestamp_ms)
        self._producer.poll(0)
        self._check()

    def _make_room(self) -> None:
        """Until half of the queue is sent: to wait for single records would take turns with every one."""
        full = len(self._producer)
        while len(self._producer) > full // 2:
            self._producer.poll(_POLL_S)
            self._check()

    def flush(self) -> None:
        """Return when all that was published is acknowledged; Unreachable when one of them is lost."""
        deadline = time.monotonic() + DELIVERY_S + 10
        while self._producer.flush(_POLL_S):
            self._check()
            if time.monotonic() > deadline:
                raise Unreachable(f"Kafka does not acknowledge. {self._warning}")
        self._check()

    def _failed(self, error: "KafkaError | None", message: "Message") -> None:
        if error is not None:
            self._fault = f"Kafka did not take a record: {error.str()}"

    def _warned(self, error: "KafkaError") -> None:
        self._warning = error.str()
        if error.fatal():
            self._fault = f"Kafka: {error.str()}"

    def _check(self) -> None:
        if self._fault is not None:
            raise Unreachable(f"{self._fault}. {self._warning}".strip())
