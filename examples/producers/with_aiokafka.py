"""Publishes an event with aiokafka; of this software it needs `schemas` only."""

import asyncio
import os
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer

from schemas import events

KAFKA = os.environ.get("KAFKA", "localhost:9092")
TOPIC = os.environ.get("TOPIC", "crm.events")
STRUCTURED = [("content-type", b"application/cloudevents+json")]


async def publish(producer: AIOKafkaProducer, event: events.Event) -> None:
    """Return when Kafka has it; KafkaError when it does not take it: then publish the same event again."""
    await producer.send_and_wait(TOPIC, event.to_json(), key=event.key().encode(), headers=STRUCTURED)


async def main() -> None:
    created = events.LeadCreated(lead_id="lead-7", customer_id="cust-7", channel="web")
    event = events.Event(
        id="evt-1", source="/my-crm", type="crm.lead.created", time=datetime.now(UTC), data=created
    )
    async with AIOKafkaProducer(bootstrap_servers=KAFKA, enable_idempotence=True) as producer:
        await publish(producer, event)


asyncio.run(main())
