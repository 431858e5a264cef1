"""Publishing dead letters again.

1. Each letter that is wanted is judged. What the decoder would refuse again is not published, unless forced.
2. A round of them is published and acknowledged, under the key of the contract.
3. They are marked as published again, and that is acknowledged before the next round.

Whoever dies between 2 and 3 has published letters that are not marked. Replaying them once more is harmless:
an event is known by its source and id, which stay.

A partition is held when too many of its last records cannot be counted. So what the decoder cannot vouch for
is published in small numbers only: a run takes `Order.unsure` of them and leaves the others for the next.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata
from aiolimiter import AsyncLimiter

from schemas.dead_letter import Replayed
from streams.engine.plan import Plan
from streams.errors import SettingsError
from streams.kafka.outline import Outliner
from streams.kafka.publisher import Publisher, Sent
from streams.kafka.reading import partitions_of
from streams.letters.judging import Judge, Verdict
from streams.letters.order import Order
from streams.letters.reading import LetterTopic
from streams.settings import Settings

ROUND: Final = 200
"""So many letters at most are published before they are marked,"""
ROUND_BYTES: Final = 800_000
"""and about so many bytes."""
EXAMPLES: Final = 3
_ROUNDS_A_SECOND: Final = 10


@dataclass(slots=True)
class Tally:
    """What becomes of the letters that were looked at."""

    order: Order
    published: int = 0
    left: int = 0
    """Of those that the decoder cannot vouch for: more than one run may take."""
    refused: Counter[str] = field(default_factory=Counter)
    """Reason -> how many would be refused again."""
    impossible: Counter[str] = field(default_factory=Counter)
    """Why nothing can be published -> how many."""
    examples: list[Verdict] = field(default_factory=list)
    """The first that are published."""
    messages: dict[str, Verdict] = field(default_factory=dict)
    """Reason -> the first that would be refused again."""
    _unsure: int = 0

    @property
    def stay(self) -> int:
        """Letters that are not published."""
        return self.left + self.refused.total() + self.impossible.total()

    def takes(self, verdict: Verdict) -> bool:
        """Whether this one is published; it is counted."""
        if verdict.outcome == "impossible":
            self.impossible[verdict.message] += 1
            return False
        if verdict.outcome == "refused" and not self.order.force:
            self.refused[verdict.reason] += 1
            self.messages.setdefault(verdict.reason, verdict)
            return False
        return self._takes(verdict)

    def _takes(self, verdict: Verdict) -> bool:
        if verdict.outcome != "good":
            if self._unsure == self.order.unsure:
                self.left += 1
                return False
            self._unsure += 1
        self.published += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(verdict)
        return True


class Replayer:
    """Publishes letters of `topic` again, in the events topic that they came from."""

    def __init__(self, settings: Settings, plan: Plan, topic: LetterTopic, now_ms: Callable[[], int]) -> None:
        self._settings = settings
        self._plan = plan
        self._topic = topic
        self._now_ms = now_ms

    async def survey(self, order: Order) -> Tally:
        """What publishing would do; nothing is published."""
        tally = Tally(order)
        async for _ in self._taken(order, tally):
            pass
        return tally

    async def publish(self, order: Order, advance: Callable[[int], None]) -> Tally:
        """Publish and mark; `advance` is told how many went. KafkaError."""
        tally = Tally(order)
        a_round = max(1, min(ROUND, int(order.rate / _ROUNDS_A_SECOND)))
        limiter = AsyncLimiter(a_round, a_round / order.rate)
        async with _Publishing(self._settings, self._plan, self._now_ms) as publishing:
            async for round_ in _rounds(self._taken(order, tally), a_round):
                await limiter.acquire(len(round_))
                await publishing.publish(round_, fixed=bool(order.fix))
                advance(len(round_))
        return tally

    async def _taken(self, order: Order, tally: Tally) -> AsyncIterator[Verdict]:
        judge = Judge(self._plan.decoder, order.fix, self._settings.topic, self._now_ms)
        async for letter in self._topic.letters(order.wanted):
            verdict = judge.judge(letter)
            if tally.takes(verdict):
                yield verdict


class _Publishing:
    """Two producers: of the events, and of the marks beside the letters."""

    def __init__(self, settings: Settings, plan: Plan, now_ms: Callable[[], int]) -> None:
        self._settings = settings
        self._publisher = Publisher(settings, Outliner(plan.types))
        self._marker = AIOKafkaProducer(**settings.kafka_client(), acks="all")
        self._now_ms = now_ms
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if not await partitions_of(self._settings.kafka_client(), self._settings.topic):
            raise SettingsError(f"KPI_TOPIC={self._settings.topic}: there is no such topic at KPI_BROKER")
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._publisher)
            await stack.enter_async_context(self._marker)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def publish(self, round_: list[Verdict], *, fixed: bool) -> None:
        records = await self._publisher.publish([_sent(verdict) for verdict in round_])  # 2
        marks = zip(round_, records, strict=True)
        await self._mark((verdict, record, fixed) for verdict, record in marks)  # 3

    async def _mark(self, published: Iterable[tuple[Verdict, RecordMetadata, bool]]) -> None:
        topic = self._settings.dead_letters_topic
        for verdict, record, fixed in published:
            letter = verdict.letter
            mark = Replayed(
                replayed_at_ms=self._now_ms(),
                fixed=fixed,
                replayed_to=f"{record.topic}/{record.partition}/{record.offset}",
                timestamp_ms=letter.dead.timestamp_ms,
            )
            await self._marker.send(
                topic,
                mark.model_dump_json().encode(),
                key=Replayed.key_of(letter.id).encode(),
                partition=letter.partition,  # beside the letter, for who reads partition by partition
            )
        await self._marker.flush()


def _sent(verdict: Verdict) -> Sent:
    record = verdict.record
    assert record is not None and record.value is not None
    headers = [(name, value) for name, value in record.headers if value is not None]  # that says nothing
    return Sent(record.value, headers, record.timestamp, record.key)


async def _rounds(verdicts: AsyncIterator[Verdict], most: int) -> AsyncIterator[list[Verdict]]:
    """The letters in rounds of `most`, fewer where they are large."""
    round_: list[Verdict] = []
    size = 0
    async for verdict in verdicts:
        round_.append(verdict)
        size += _sent(verdict).size()
        if len(round_) == most or size >= ROUND_BYTES:
            yield round_
            round_, size = [], 0
    if round_:
        yield round_
