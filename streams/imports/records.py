"""Events of the past as records of Kafka: each with its key, and with a time at which the worker takes it.

The worker judges by the record's time whether an event is too late: older than what its subject is
remembered for (800 days, or what the catalog says), while nothing is known of the subject. Such an event
gets a record of its own time, as if it had been published then. All others get the present: Kafka deletes
what is older than the topic's retention.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from streams.engine.decode import Event
from streams.engine.panes import DAY_MS
from streams.engine.plan import Plan
from streams.engine.routes import routes_of
from streams.errors import KpiError
from streams.human import rfc3339
from streams.kafka.bulk import Bulk
from streams.kafka.outline import Outliner
from streams.kafka.retention import Topic

MARGIN_MS: Final = DAY_MS
"""An import takes its time, and so does the worker's clock."""


class TooOld(KpiError):
    """Kafka would delete events before they are counted, or the worker refuse them."""


class Records:
    """Records of the events of one plan, for a topic."""

    def __init__(self, plan: Plan, now_ms: int, topic: Topic) -> None:
        self._key_of = Outliner(plan.types).key_of_data
        self._now_ms = now_ms
        self._topic = topic
        self._oldest_ms = _oldest(plan, now_ms)

    def of(self, events: Sequence[Event]) -> list[Bulk]:
        """The records of events; TooOld for one that Kafka would delete."""
        key_of, oldest_ms, now_ms = self._key_of, self._oldest_ms, self._now_ms
        return [
            Bulk(
                key_of(event.type, event.data),
                event.record.value,
                now_ms if event.time_ms >= oldest_ms.get(event.type, event.time_ms) else self._own(event),
            )
            for event in events
        ]

    def _own(self, event: Event) -> int:
        """The event's own time, if the topic can hold a record of that time."""
        remedy = self._remedy(event.time_ms)
        if remedy is not None:
            raise TooOld(
                f"row {event.record.offset}: {event.type} of {rfc3339(event.time_ms)} is older than what its "
                f"subject is remembered for, so its record must have its own time. {remedy}, or leave older "
                f"events out: --since {rfc3339(self._oldest_ms[event.type])}"
            )
        return event.time_ms

    def _remedy(self, time_ms: int) -> str | None:
        if not self._topic.takes_times:
            return "Let the topic take it (message.timestamp.type=CreateTime)"
        retention_ms = self._topic.retention_ms
        if retention_ms is None or time_ms > self._now_ms - retention_ms + MARGIN_MS:
            return None
        return "Kafka would delete it soon: let the topic keep all records while you import (retention.ms=-1)"


def _oldest(plan: Plan, now_ms: int) -> Mapping[str, int]:
    """Event type -> the earliest time at which no such event is too late now; no type that never is."""
    keeps = {
        type_: [route.kind.plan.keep_ms for route in routes if route.kind.plan.keep_ms is not None]
        for type_, routes in routes_of(plan)[1].items()
    }
    return {type_: now_ms - min(kept) + MARGIN_MS for type_, kept in keeps.items() if kept}
