"""How long a topic keeps its records, and whose times they have."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from streams.errors import Unreachable
from streams.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

_PATIENCE_S: Final = 20.0
_FOR_EVER: Final = -1
_BROKERS_TIME: Final = "LogAppendTime"


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic is like. A topic that is deleted and made again has another id."""

    id: str
    retention_ms: int | None
    """None: for ever."""
    takes_times: bool
    """Whether a record keeps the time that its producer gives it."""


def topic_of(settings: Settings) -> Topic:
    """The events topic; Unreachable when Kafka does not tell."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({**settings.librdkafka_client(), "log_level": 2})
    try:
        return Topic(_id(admin, settings.topic), **_kept(admin, settings.topic))
    except KafkaException as error:
        raise Unreachable(f"Kafka: {settings.topic}: {error.args[0].str()}") from error
    except TimeoutError as error:
        raise Unreachable(f"Kafka: {settings.topic}: nothing told of it for {_PATIENCE_S:g} s") from error


def _kept(admin: "AdminClient", topic: str) -> dict[str, Any]:
    from confluent_kafka.admin import ConfigResource  # type: ignore[attr-defined]  # not in its __all__

    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    found = admin.describe_configs([resource], request_timeout=_PATIENCE_S)[resource].result(_PATIENCE_S)
    retention_ms = int(found["retention.ms"].value)
    return {
        "retention_ms": None if retention_ms == _FOR_EVER else retention_ms,
        "takes_times": found["message.timestamp.type"].value != _BROKERS_TIME,
    }


def _id(admin: "AdminClient", topic: str) -> str:
    from confluent_kafka import TopicCollection

    described = admin.describe_topics(TopicCollection([topic]), request_timeout=_PATIENCE_S)[topic]
    return str(described.result(_PATIENCE_S).topic_id)
