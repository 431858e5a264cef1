"""Publishes an event with confluent-kafka; of this software it needs `schemas` only."""

import os
from datetime import UTC, datetime

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas import events

KAFKA = os.environ.get("KAFKA", "localhost:9092")
TOPIC = os.environ.get("TOPIC", "crm.events")
STRUCTURED = "application/cloudevents+json"


def publish(producer: Producer, event: events.Event) -> None:
    """Hand it to the client; what becomes of it is said by a later `poll` or `flush`."""
    producer.produce(
        TOPIC,
        event.to_json(),
        event.key(),
        headers={"content-type": STRUCTURED},
        on_delivery=delivered,
    )


def delivered(error: KafkaError | None, message: Message) -> None:
    if error is not None:
        raise KafkaException(error)


created = events.LeadCreated(lead_id="lead-7", customer_id="cust-7", channel="web")
event = events.Event(
    id="evt-1", source="/my-crm", type="crm.lead.created", time=datetime.now(UTC), data=created
)
# librdkafka's own partitioner would put the key where Java's and aiokafka's do not.
producer = Producer({"bootstrap.servers": KAFKA, "enable.idempotence": True, "partitioner": "murmur2_random"})
publish(producer, event)
producer.flush()
