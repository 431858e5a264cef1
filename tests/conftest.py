"""Servers for every room's tests. Where one is not installed the test is skipped; in CI it fails."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from streams.settings import Settings
from tests.servers import KafkaServer, RedisServer, kafka_libs, redis_binary


@pytest.fixture(autouse=True)
def no_settings_of_whoever_runs_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a test starts may reach a configured Kafka or Redis."""
    for name in os.environ:
        if name.startswith("KPI_"):
            monkeypatch.delenv(name)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.fixture(scope="session", params=["wheel", "installed"])
def redis_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    """A Redis without AOF: the wheel's, then the one on the PATH. Shared: to kill one, make your own."""
    which: str = request.param
    with RedisServer(redis_binary(which), tmp_path_factory.mktemp(f"redis-{which}")) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of `redis_server`, emptied."""
    with Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture(scope="session")
def kafka_jars() -> Path:
    """The directory with Kafka's jars, for tests that make a KafkaServer of their own."""
    return kafka_libs()


@pytest.fixture(scope="session")
def kafka(kafka_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A running Apache Kafka, shared: use topics and groups of your own, and to kill one, make your own."""
    with KafkaServer(tmp_path_factory.mktemp("kafka"), kafka_jars) as server:
        yield server
