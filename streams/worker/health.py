"""Whether Kafka answers, by a regular look that does not rest on the fetcher: for /readyz and the metrics.

An open table whose Kafka is lost waits as one does that has nothing to do. So Kafka is asked every few
seconds where the partitions end. The same answers tell how far behind each partition is, and the watchdog.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError

from streams.worker.condition import described
from streams.worker.telemetry import Telemetry

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0
"""The pause between two looks."""
ANSWER_S: Final = 3.0
"""How long Kafka may take to answer one."""
SILENT_S: Final = 10.0
"""Without an answer for so long it is down; elections and restarts of single brokers are shorter."""

Ends = Mapping[TopicPartition, int]


class KafkaHealth:
    """`up`, and the `message` that says why it is not."""

    def __init__(self, telemetry: Telemetry, now: Callable[[], float]) -> None:
        """`now` in seconds; it never goes back."""
        self.up = False
        self.message = "Kafka has not answered yet"
        self._telemetry = telemetry
        self._now = now
        self._answered = now()

    async def look(self, ends: Awaitable[Ends]) -> Ends:
        """The ends that Kafka was asked for; none when it does not answer in time, or refuses."""
        try:
            async with asyncio.timeout(ANSWER_S):
                found = await ends
        except TimeoutError:
            self.failed(KafkaTimeoutError(f"no answer within {ANSWER_S:g} s"))
        except Exception as error:
            self.failed(error)
        else:
            self.answered()
            return found
        return {}

    def answered(self) -> None:
        if not self.up:
            log.info("Kafka answers")
        self.up, self.message = True, ""
        self._answered = self._now()
        self._telemetry.kafka_up.set(1)

    def failed(self, error: Exception) -> None:
        """An answer that did not come; it is down when there has been none for a while."""
        silent_s = self._now() - self._answered
        if self.up and silent_s < SILENT_S:
            return
        if self.up:
            log.warning("Kafka has not answered for %.0f s: %s", silent_s, described(error))
        self.up, self.message = False, described(error)
        self._telemetry.kafka_up.set(0)

    def shown(self) -> dict[str, Any]:
        """As /readyz shows it."""
        return {"up": True} if self.up else {"up": False, "message": self.message}
