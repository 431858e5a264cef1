"""The way to Kafka: a line is published when Kafka has acknowledged it, within a bounded time, or is not.

aiokafka's idempotent producer does not come back from some errors: after a record that the broker refuses for
its size it numbers on, and every record behind is refused. And what Kafka does not acknowledge it sends again
for ever. So a producer that has failed once is left behind: what it holds it may bring to an end for a while,
and the next record is given to a new one. A line may be there although its request was told that it is not:
sent again, it is the same event.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Self

from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from schemas.dead_letter import MAX_ORIGINAL_BYTES
from streams.kafka.outline import Outliner
from streams.kafka.publisher import Publisher, Sent
from streams.kafka.topics import create_topics
from streams.settings import Settings
from streams.worker.condition import named

log = logging.getLogger(__name__)

ACK_S: Final = 4.0
"""How long Kafka may take to acknowledge. The most hurried vendor gives up after 5 s."""
LOOK_S: Final = 2.0
"""The pause between two looks whether Kafka answers, and between two attempts to reach it."""
START_S: Final = 10.0
"""How long a new producer may take to begin."""
STOP_S: Final = 10.0
"""How long a producer that was left behind may try to bring to an end what it holds."""
LAST_S: Final = 1.0
"""How long they may take when the process ends."""
NOT_YET: Final = "Kafka has not answered yet"


class NotAcknowledged(Exception):
    """Kafka has not taken the lines, or has not said so; all of them may be sent again."""


class LineTooLarge(Exception):
    """A line that Kafka never takes."""


class Outlet:
    """Publishes to the events topic. `trouble` says why it does not; empty when all is well."""

    def __init__(self, settings: Settings, outliner: Outliner) -> None:
        self._settings = settings
        self._outliner = outliner
        self._publisher: Publisher | None = None
        self._settled = asyncio.Event()
        """Set while there is a publisher, or it is known why there is none."""
        self._failed = asyncio.Event()
        self._topics_there = not settings.create_topics
        self._ending: set[asyncio.Task[None]] = set()
        self.trouble = ""

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keep(), name="outlet")
        return self

    async def __aexit__(self, *error: object) -> None:
        self._keeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeping
        self._leave()
        await self._let_end()

    @property
    def ready(self) -> bool:
        return self._publisher is not None

    async def publish(self, sent: Sequence[Sent]) -> None:
        """Return when all is acknowledged. NotAcknowledged; LineTooLarge for what Kafka never takes."""
        if any(len(one.value) > MAX_ORIGINAL_BYTES for one in sent):
            raise LineTooLarge(f"an event has at most {MAX_ORIGINAL_BYTES:,} bytes")
        publisher = None
        try:
            async with asyncio.timeout(ACK_S):
                publisher = await self._current()
                await publisher.publish(sent)
        except MessageSizeTooLargeError:
            self._fail(publisher, "a record was refused for its size")
            raise LineTooLarge(
                "Kafka refuses an event for its size (max.message.bytes of the topic)"
            ) from None
        except TimeoutError:
            self._fail(publisher, f"no acknowledgement within {ACK_S:g} s")
            raise NotAcknowledged(f"Kafka has not acknowledged within {ACK_S:g} s") from None
        except KafkaError as error:
            self._fail(publisher, named(error))
            raise NotAcknowledged(f"Kafka has not acknowledged: {type(error).__name__}") from None

    async def _let_end(self) -> None:
        """All requests are answered by now: what is not done is what nobody waits for."""
        await asyncio.sleep(0)  # a task that is cancelled before it has begun closes nothing
        for task in self._ending:
            task.cancel()
        if self._ending:
            await asyncio.wait(self._ending, timeout=LAST_S)

    async def _current(self) -> Publisher:
        while self._publisher is None:
            if self.trouble:
                raise NotAcknowledged(self.trouble)
            await self._settled.wait()
        return self._publisher

    def _fail(self, publisher: Publisher | None, why: str) -> None:
        """Leave a producer behind, unless another request has done so already."""
        if publisher is not None and publisher is self._publisher:
            log.warning("a new producer, for the last one has failed: %s", why)
            self._leave()

    def _leave(self) -> None:
        if self._publisher is not None:
            task = asyncio.create_task(_end(self._publisher), name="outlet-ends")
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        self._publisher = None
        self._settled.clear()
        self._failed.set()

    # -- Keeping one --------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            try:
                async with asyncio.timeout(START_S):
                    await self._start()
            except Exception as error:  # of whatever kind: the next attempt may be the one that succeeds
                self._say(f"Kafka does not answer, or refuses: {type(error).__name__}", named(error))
                await asyncio.sleep(LOOK_S)
            else:
                await self._until_failed()

    async def _start(self) -> None:
        publisher = Publisher(self._settings, self._outliner, answer_ms=round(ACK_S * 1000))
        if not self._topics_there:
            await create_topics(self._settings)
            self._topics_there = True
        self._failed.clear()
        self._publisher = await publisher.__aenter__()
        self._say("", "")

    async def _until_failed(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._failed.wait()
                    return
            await self._look()

    async def _look(self) -> None:
        """An outlet that nobody uses learns so that Kafka has gone."""
        publisher = self._publisher
        if publisher is None:
            return
        try:
            async with asyncio.timeout(ACK_S):
                await publisher.look()
        except (KafkaError, OSError, TimeoutError) as error:
            self._fail(publisher, named(error))

    def _say(self, trouble: str, detail: str) -> None:
        if trouble != self.trouble:
            log.warning("%s (%s)", trouble, detail) if trouble else log.info("Kafka answers")
        self.trouble = trouble
        self._settled.set()


async def _end(publisher: Publisher) -> None:
    """What it holds it may bring to an end, for a while."""
    try:
        await publisher.end(STOP_S)
    except (KafkaError, OSError) as error:
        log.warning("a producer did not end well: %s", named(error))
