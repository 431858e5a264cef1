"""A client of the Redis under test, and tables that do not wait for better times."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from streams.state import connect
from streams.worker import table


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    async with connect(redis_url) as client:
        yield client


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for better times looks again at once."""
    monkeypatch.setattr(table, "RETRY_S", (0, 0.02))
    monkeypatch.setattr(table, "HELD_RETRY_S", 0.02)
