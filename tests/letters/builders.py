"""Dead letters as the worker makes them of bad records, in memory and on a broker."""

from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from schemas.dead_letter import DeadLetter, Replayed
from streams.engine.decode import Reject
from streams.letters.letter import Letter
from streams.worker.dead_letters import dead_letter
from tests.builders import Event, Record, deal_won, lead_created, record, shipped

SOURCE = TopicPartition("crm.events", 3)
BAD_CURRENCY = deal_won("deal-17", customer_id="customer-4711", currency="XQX", id="won-deal-17")


def dead(bad: Record | Event | str | bytes, **changes: Any) -> DeadLetter:
    """The letter of a record that the shipped catalog refuses; of one that it takes, an `engine_error`."""
    given = bad if isinstance(bad, Record) else record(bad)
    _, rejects = shipped().decoder.decode([given])
    reject = rejects[0] if rejects else Reject(given, "engine_error", None, "the engine fails at it")
    made = dead_letter(SOURCE, reject, whole=reject.reason != "too_large")
    return made.model_copy(update=changes)


def letter(bad: Record | Event | str | bytes, **changes: Any) -> Letter:
    return Letter(dead(bad, **changes), partition=0)


def binary(event: Event, *more: tuple[str, bytes | None], at: int = 0) -> Record:
    """An event in CloudEvents' binary mode: its attributes are headers, its value is its data."""
    attributes = [(f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data"]
    plain = record(event["data"], offset=at)
    return plain._replace(headers=[*attributes, ("content-type", b"application/json"), *more])


def mark(of: DeadLetter, **changes: Any) -> Replayed:
    return Replayed(
        replayed_at_ms=of.timestamp_ms + 60_000,
        fixed=True,
        replayed_to="crm.events/0/9",
        timestamp_ms=of.timestamp_ms,
    ).model_copy(update=changes)


async def written(
    broker: str, topic: str, letters: Iterable[DeadLetter], marks: Sequence[tuple[DeadLetter, Replayed]] = ()
) -> None:
    """To a broker, host:port, in this order; `marks` behind the letters."""
    async with AIOKafkaProducer(bootstrap_servers=broker, max_request_size=3_000_000) as producer:
        for one in letters:
            value = one.model_dump_json().encode()
            await producer.send_and_wait(topic, value, key=one.record_key().encode(), partition=0)
        for one, of in marks:
            key = Replayed.key_of(one.record_key()).encode()
            await producer.send_and_wait(topic, of.model_dump_json().encode(), key=key, partition=0)


def troubled(now_ms: int) -> list[DeadLetter]:
    """Letters of several reasons, spread over the day before `now_ms`."""
    hour = 3_600_000
    of_currency = [
        dead(
            BAD_CURRENCY | {"id": f"won-{at}", "data": {**BAD_CURRENCY["data"], "deal_id": f"deal-{at:04}"}},
            offset=at,
            timestamp_ms=now_ms - at * hour // 7,
        )
        for at in range(60)
    ]
    others: list[Record | Event | str | bytes] = [
        lead_created("lead-1", customer_id=7),
        lead_created("lead-2", at="10:00") | {"time": "yesterday, said anna@example.com"},
        lead_created("lead-3") | {"type": "crm.lead.craeted"},
        "<html>Service temporarily unavailable</html>",
        b"\xff\xfe",
        binary(deal_won("deal-9", currency="XQX")),
    ]
    return of_currency + [
        dead(one, offset=1_000 + at, timestamp_ms=now_ms - at * 5 * hour) for at, one in enumerate(others)
    ]
