"""Kafka's protocol, Redis and somebody who is told of alerts, for a whole system under watch."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.embedded.broker import EmbeddedBroker
from streams.settings import Settings
from tests.monitoring.site import Receiver, settings_on
from tests.servers import RedisServer, redis_binary


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("watched")


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    with found.listening():
        yield found


@pytest.fixture(scope="module")
def settings(directory: Path) -> Iterator[Settings]:
    """Of a worker and a board, with ports of their own, on an embedded broker and a Redis."""
    with RedisServer(redis_binary("wheel"), directory / "redis") as redis, EmbeddedBroker() as broker:
        yield settings_on(broker, redis)
