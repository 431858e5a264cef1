"""Making the topics that are not there yet."""

import logging
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import NodeNotReadyError, for_code

from streams.settings import Settings

log = logging.getLogger(__name__)

MAX_REQUEST_BYTES: Final = 3_000_000
"""Of the dead letters' topic, and of who writes to it: room for all that is kept whole."""
_ALREADY_EXISTS: Final = 36
_BROKER_DEFAULT: Final = -1


async def create_topics(settings: Settings) -> None:
    """Create the events topic and the compacted dead letter topic where missing; KafkaError when refused."""
    admin = AIOKafkaAdminClient(**settings.kafka_client())
    await admin.start()
    try:
        there = set(await admin.list_topics())
        missing = [topic for topic in _topics(settings) if topic.name not in there]
        if missing:
            response = await _created(admin, missing)
            _check(response.topic_errors)  # of every version of the response
    finally:
        await admin.close()


async def _created(admin: AIOKafkaAdminClient, topics: list[NewTopic]) -> Any:
    try:
        return await admin.create_topics(topics)
    except AttributeError:  # aiokafka's, when no broker is the controller
        missing = ", ".join(topic.name for topic in topics)
        raise NodeNotReadyError(
            f"cannot create {missing}: no broker says that it is the controller. With the broker of a demo,"
            " which has none, set KPI_CREATE_TOPICS=false"
        ) from None


def _topics(settings: Settings) -> list[NewTopic]:
    letters = {"cleanup.policy": "compact", "max.message.bytes": str(MAX_REQUEST_BYTES)}
    partitions = settings.topic_partitions
    return [
        _topic(settings.topic, partitions, {}),
        _topic(settings.dead_letters_topic, partitions, letters),
    ]


def _topic(name: str, partitions: int, configs: dict[str, str]) -> NewTopic:
    """Replicated as the broker's default says; NewTopic takes that only beside an (empty) assignment."""
    return NewTopic(name, partitions, _BROKER_DEFAULT, replica_assignments={}, topic_configs=configs)


def _check(errors: list[tuple[str, int, str | None]]) -> None:
    for topic, code, message in errors:
        if code == 0:
            log.info("created topic %s", topic)
        elif code != _ALREADY_EXISTS:  # another worker was faster
            raise for_code(code)(f"cannot create topic {topic}: {message}")
