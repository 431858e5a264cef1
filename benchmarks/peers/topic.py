"""The topic that all read: leads, deals and tickets of a company, each event once, a few out of order."""

import json
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from math import exp, log
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

PARTITIONS: Final = 4
START_MS: Final = 1_755_000_000_000
"""12 August 2025. Fixed, so that every run publishes the same bytes."""
SPAN_MS: Final = 10 * 86_400_000
SEED: Final = 20250812
EVENTS_PER_CUSTOMER: Final = 5
ENDING: Final = 0.85
"""Of what begins, the share that also ends (unless that lies behind the topic's end)."""
LATE: Final = 0.05
LATE_MS: Final = 1_800_000
"""This share of the events comes up to half an hour late, so that ends may come before beginnings."""

_MEMBERS: Final = {
    "channel": ("web", "email", "phone", "partner", "event"),
    "segment": ("enterprise", "mid_market", "small"),
    "region": ("emea", "amer", "apac"),
    "team": tuple(f"team-{number}" for number in range(1, 9)),
}
_MINUTE: Final = 60_000
# (subject, type that begins, type that ends, median ms between, fields of the beginning, fields of the end)
_STORIES: Final[tuple[tuple[str, str, str, int, dict[str, Any], dict[str, Any]], ...]] = (
    (
        *("lead", "crm.lead.created", "crm.lead.contacted", 20 * _MINUTE),
        *({"origin": "inbound"}, {"actor_kind": "human", "direction": "outbound"}),
    ),
    (
        *("deal", "crm.deal.created", "crm.deal.won", 2_880 * _MINUTE),
        *({"stage": "discovery"}, {"amount_minor": 1_250_000, "currency": "USD"}),
    ),
    (
        *("ticket", "crm.ticket.created", "crm.ticket.resolved", 360 * _MINUTE),
        *({"priority": "normal", "created_by": "customer"}, {"resolution": "answered"}),
    ),
)
_SPREAD: Final = log(3)


def lines(events: int) -> list[tuple[bytes, bytes]]:
    """(record key, value) of exactly so many events, in the order in which they are published."""
    rng = random.Random(SEED)
    stories = range(events * 2 // 3 + 1)  # more than enough, though many an end lies behind the topic's end
    arrivals = sorted(arrival for number in stories for arrival in _story(rng, number, events))
    assert len(arrivals) >= events
    return [(key, value) for _, key, value in arrivals[:events]]


def _story(rng: random.Random, number: int, events: int) -> Iterator[tuple[int, bytes, bytes]]:
    """(time of arrival, key, value) of one subject's events; stories begin one after the other."""
    subject, begins, ends, median_ms, *fields = _STORIES[number % len(_STORIES)]
    begin_ms = START_MS + SPAN_MS * 2 * number // events
    customer = f"cust-{rng.randrange(max(1, events // EVENTS_PER_CUSTOMER)):08d}"
    common = {f"{subject}_id": f"{subject}-{number:08d}", "customer_id": customer}
    common |= {name: rng.choice(members) for name, members in _MEMBERS.items()}
    steps = [(begins, begin_ms, fields[0])]
    if rng.random() < ENDING:
        steps.append((ends, begin_ms + int(median_ms * exp(rng.gauss(0, _SPREAD))), fields[1]))
    for side, (type_, time_ms, own) in enumerate(steps):
        late_ms = rng.randrange(LATE_MS) if rng.random() < LATE else 0
        value = _encode(f"evt-{2 * number + side:012d}", type_, time_ms, common | own)
        yield time_ms + late_ms, customer.encode(), value


def _encode(id_: str, type_: str, time_ms: int, data: dict[str, Any]) -> bytes:
    time = datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")
    envelope = {"specversion": "1.0", "id": id_, "source": "/crm/eu-west/sales", "type": type_}
    whole = {**envelope, "time": time.replace("+00:00", "Z"), "data": data}
    return json.dumps(whole, separators=(",", ":")).encode()


def publish(bootstrap: str, topic: str, records: Iterable[tuple[bytes, bytes]]) -> None:
    """Create the topic and publish to it, compressed with lz4; KafkaError when a record is refused."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(30)
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "compression.type": "lz4",
            "linger.ms": 50,
            "batch.size": 262_144,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    refused: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            refused.append(error)

    for key, value in records:
        producer.produce(topic, value, key, on_delivery=delivered)
        producer.poll(0)
    if left := producer.flush(60):
        raise TimeoutError(f"{left} records are not acknowledged")
    if refused:
        raise RuntimeError(f"{len(refused)} records were refused, the first because of {refused[0]}")
