"""Events into Kafka."""

from collections.abc import Sequence

from streams.engine.decode import Event
from streams.imports.records import Records
from streams.kafka.bulk import BulkPublisher


class KafkaSink:
    """Takes the events of an import."""

    def __init__(self, publisher: BulkPublisher, records: Records) -> None:
        self._publisher = publisher
        self._records = records

    def write(self, events: Sequence[Event]) -> None:
        self._publisher.publish(self._records.of(events))

    def settle(self) -> None:
        self._publisher.flush()
