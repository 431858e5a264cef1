"""A client of the Redis under test."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from streams.state import connect


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    async with connect(redis_url) as client:
        yield client
