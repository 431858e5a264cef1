"""What state a partition is in, and why: for /readyz, for the metrics and, said once, for the log."""

import logging
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from streams.errors import Held
from streams.worker.seldom import Seldom
from streams.worker.telemetry import Telemetry

log = logging.getLogger(__name__)

OURS: Final = "code"
"""The cause of an error that is neither Redis' nor Kafka's: a fault of this software."""
_CAUSES: Final[tuple[tuple[type[Exception], str, str], ...]] = (
    (RedisConnectionError, "redis", "Redis does not answer"),
    (RedisTimeoutError, "redis", "Redis does not answer"),
    (RedisError, "redis", "Redis refuses"),
    (KafkaError, "kafka", "Kafka does not answer, or refuses"),
    (OSError, "network", "a connection failed"),
    (Exception, OURS, "a fault of this software"),
)
"""Error -> (reason, words), the first that fits."""
_MAX_MESSAGE: Final = 500


def reason_of(error: Exception) -> str:
    """`redis`, `kafka`, `network`, or `code` when the fault is our own."""
    return _cause(error)[0]


def named(error: Exception) -> str:
    """An error's type and text: redis-py's repr leaves the text out, aiokafka's text has the type in it."""
    name, text = type(error).__name__, str(error)
    return (text if name in text else f"{name}: {text}" if text else name)[:_MAX_MESSAGE]


def described(error: Exception) -> str:
    """Who failed, and with what."""
    return f"{_cause(error)[1]}: {named(error)}"


def _cause(error: Exception) -> tuple[str, str]:
    return next((reason, words) for type_, reason, words in _CAUSES if isinstance(error, type_))


class Condition:
    """`state` is `opening`, `open` or `held`. Unless open, `reason` and `message` say why, once known."""

    def __init__(self, partition: TopicPartition, telemetry: Telemetry) -> None:
        self._partition = partition
        self._telemetry = telemetry
        self._seldom = Seldom()
        self._released = False
        self._set("opening")

    def opening(self) -> None:
        """It comes to one moment with Redis; what it failed with before is still why."""
        self._set("opening", self.reason, self.message)

    def opened(self) -> None:
        self._set("open")

    def held(self, why: Held) -> None:
        """It must not be processed until somebody has looked."""
        self._set("held", why.reason, str(why))
        if self._seldom.may_say(f"held {why}"):
            log.error("%s is held (%s): %s", self._partition, why.reason, why)

    def failed(self, error: Exception) -> None:
        """An error after which it opens again."""
        reason, message = reason_of(error), described(error)
        self._telemetry.errors.labels(reason, type(error).__name__).inc()
        self._set("opening", reason, message)
        if self._seldom.may_say(f"failed {message}"):
            traceback = error if reason == OURS else None
            log.warning("%s opens again: %s", self._partition, message, exc_info=traceback)

    def released(self) -> None:
        """The partition is no longer ours: its series go, and no other comes."""
        self._released = True
        self._telemetry.released(self._partition.partition)

    def shown(self) -> dict[str, str]:
        """As /readyz shows it."""
        found = {"state": self.state, "reason": self.reason, "message": self.message}
        return {name: text for name, text in found.items() if text}

    def _set(self, state: str, reason: str = "", message: str = "") -> None:
        self.state, self.reason, self.message = state, reason, message
        if not self._released:
            self._telemetry.state(self._partition.partition, state, reason if state == "held" else "")
