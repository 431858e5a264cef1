"""What the benchmarks count: the life of a simulated company, in two shapes.

    history  6,667 events a day, 400,000 in the 60 days up to now: a topic that is counted from its beginning.
             Minute panes have left their tier, and a commit touches the hour and day panes of some hours.
    live     the same events at 1,000 a second, 400,000 in the 400 seconds up to now: a worker comes back.
             Every tier is written, and a commit touches the panes of a minute or two.

Times are those of the events, also as the records' timestamps, and events come in order of time.

On the simulation's first day thousands of customers join who were there before, with their consents and
subscriptions: some 38,000 events at this size, which no other day is like. Those first `FOUNDING` events are
counted like all others, but no figure per event is taken of them: what is measured are the shares of a
company in operation, on the rows that it then has.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple

from aiokafka import ConsumerRecord
from aiokafka.partitioner import murmur2

from streams.embedded.traffic import encode, spread
from streams.embedded.world import DAY_MS, Event
from streams.human import rfc3339

SEED: Final = 1
PER_DAY: Final = 400_000 / 60
LIVE_PER_S: Final = 1_000
PARTITIONS: Final = 4
FOUNDING: Final = 50_000
"""Events until the company that there was before the simulation is told."""

Shape = Literal["live", "history"]
SHAPES: Final[tuple[Shape, ...]] = ("live", "history")


class Line(NamedTuple):
    """One event, ready to be published."""

    key: bytes
    value: bytes
    time_ms: int


class Company:
    """So many events of one company; simulated once, told in either shape."""

    def __init__(self, events: int, until_ms: int) -> None:
        self._until_ms = until_ms
        self._days = max(1, round(events / PER_DAY))
        self._life = list(spread(SEED, events, until_ms, self._days))

    def lines(self, shape: Shape) -> list[Line]:
        return [line_of(time_ms, event) for time_ms, event in self._told(shape)]

    def _told(self, shape: Shape) -> Iterable[tuple[int, Event]]:
        if shape == "history":
            return self._life
        faster = self._days * DAY_MS / (len(self._life) / LIVE_PER_S * 1000)
        until_ms = self._until_ms
        return ((until_ms - round((until_ms - time_ms) / faster), event) for time_ms, event in self._life)

    def continued(self, events: int, start_ms: int, per_s: int) -> list[Line]:
        """Its newest events, told again from `start_ms` on, so many a second."""
        newest = self._life[-events:]
        return [line_of(start_ms + 1000 * n // per_s, event) for n, (_, event) in enumerate(newest)]


def line_of(time_ms: int, event: Event) -> Line:
    """The event as if it had happened at that time."""
    return Line(event["partitionkey"].encode(), encode({**event, "time": rfc3339(time_ms)}), time_ms)


def partition_of(key: bytes) -> int:
    """Where Kafka's default partitioner puts a key."""
    return int(murmur2(key) & 0x7FFFFFFF) % PARTITIONS


def as_fetched(lines: Sequence[Line]) -> list[list[Any]]:
    """The records of each partition, as aiokafka would hand them over."""
    partitions: list[list[Any]] = [[] for _ in range(PARTITIONS)]
    for line in lines:
        number = partition_of(line.key)
        offset = len(partitions[number])
        partitions[number].append(_record(number, offset, line))
    return partitions


def _record(partition: int, offset: int, line: Line) -> "ConsumerRecord[bytes, bytes]":
    return ConsumerRecord(
        topic="crm.events",
        partition=partition,
        offset=offset,
        timestamp=line.time_ms,
        timestamp_type=0,
        key=line.key,
        value=line.value,
        checksum=None,
        serialized_key_size=len(line.key),
        serialized_value_size=len(line.value),
        headers=(),
    )
