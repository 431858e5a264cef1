"""One broker for all tests of the webhooks; each has a topic of its own."""

from collections.abc import AsyncIterator, Iterator

import pytest

from streams.embedded.broker import EmbeddedBroker
from streams.intake import server
from tests.intake.serving import Served, served, settings_of


@pytest.fixture(scope="session")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture(autouse=True)
def no_lingering(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of a refused body never comes in these tests."""
    monkeypatch.setattr(server, "LINGER_S", 0.1)


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> str:
    return f"intake-{abs(hash(request.node.nodeid))}"


@pytest.fixture
async def webhooks(broker: EmbeddedBroker, topic: str) -> AsyncIterator[Served]:
    async with served(settings_of(broker, topic)) as found:
        yield found
