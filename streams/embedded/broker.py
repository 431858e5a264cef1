"""A broker that speaks the Kafka protocol, inside this process and in memory: the mock cluster of librdkafka.

It serves producers (idempotent, any compression) and groups with committed offsets, `read_committed`,
`auto_offset_reset="none"`, first, end and last stable offsets. What it cannot do:

- create, delete or configure topics, or list groups: it has no controller. Topics appear when first used;
- keep more than about 5 MB a partition: the oldest records vanish in silence, so whoever publishes must not
  run ahead of the worker's committed offsets by more than about 2 MB a partition;
- a group of several members: the second to join may be turned away. A lone member joins in 3 s;
- transactions (its commit markers have a wrong checksum), and the lookup of offsets by time;
- tell a producer the timestamp of a record (what it answers is made up; the record keeps the right one);
- refuse a record for its size.
"""

from typing import TYPE_CHECKING, Self

from streams.errors import MissingPart, StartError

if TYPE_CHECKING:
    from confluent_kafka import Producer

INSTALL = "pip install confluent-kafka"
PARTITIONS = 4
START_S = 10.0


class EmbeddedBroker:
    """One broker on a free port of the loopback interface, as long as this object lives and is not stopped.

    It answers clients of any process. Topics get `PARTITIONS` partitions.
    """

    def __init__(self) -> None:
        self._owner = _owner()
        brokers = self._owner.list_topics(timeout=START_S).brokers.values()
        if not brokers:
            raise StartError(f"the embedded broker did not come up within {START_S:g} s")
        broker = next(iter(brokers))
        self.address = f"{broker.host}:{broker.port}"

    def stop(self) -> None:
        """Close its connections and forget all records. Harmless twice."""
        self._owner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def _owner() -> "Producer":
    """The librdkafka client whose life is the mock cluster's."""
    try:
        from confluent_kafka import Producer
    except ImportError as error:
        raise MissingPart(f"The embedded broker needs the package confluent-kafka: {INSTALL}") from error
    return Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock", "log_level": 0})
