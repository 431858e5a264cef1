"""From an event's publishing to the board's showing it, while 1,000 events a second pass.

    1. A worker and a board count a company's history first, so that rows, panes and readings are there.
    2. The company's events go on, paced. Among them, ten times a second at a random moment, is a probe: a
       lead of a channel that only probes of its partition have. Each makes that channel's leads one more.
    3. Redis is asked every 20 ms how far the partitions are committed, and the board every 50 ms for these
       counts (/api/v1/readings: the readings that /metrics shows). It has arrived when an answer says so.
    4. An open page is told of these counts (/api/v1/stream). It has arrived there when a message says so.

So a latency is at most that interval and the time of one answer too long. The producer's waiting (5 ms) is
inside.
"""

import asyncio
import math
import random
import time
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final, Literal, get_args

from aiohttp import ClientSession
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from benchmarks.company import PARTITIONS, Company, Line, partition_of
from benchmarks.listening import messages
from benchmarks.site import Site, board_address, cpu_s, machine_cpu_s
from schemas import events
from streams.clock import clock_ms
from streams.settings import Settings

HISTORY: Final = 60_000
LEAD_IN_S: Final = 3
"""Not counted, at the beginning."""
PROBE_S: Final = 0.1
REDIS_S: Final = 0.02
BOARD_S: Final = 0.05
TICK_S: Final = 0.005
LATEST_S: Final = 10.0
"""How long the last probes are waited for."""


Stage = Literal["committed", "shown", "told"]


@dataclass(frozen=True, slots=True)
class Latencies:
    """What was measured; seconds, sorted."""

    seconds: dict[Stage, list[float]]
    answer_s: float
    """Mean time of an answer of the board's."""
    worker_share: float
    """CPU, of one core."""
    board_share: float
    others_share: float
    """Of the processes that are not ours."""

    def quantile(self, stage: Stage, q: float) -> float:
        """The exact one: of 100 latencies, the 99th is the 0.99 quantile."""
        seconds = self.seconds[stage]
        return seconds[max(0, math.ceil(q * len(seconds)) - 1)]


@dataclass(slots=True)
class Probes:
    """The probes of one partition: when each was published, and how many have arrived where."""

    partition: int
    customer: str
    sent_s: list[float] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    """Where Kafka put them, as far as it has said so."""
    arrived: dict[Stage, int] = field(default_factory=lambda: dict.fromkeys(get_args(Stage), 0))

    @property
    def channel(self) -> str:
        return f"probe-{self.partition}"

    def publish(self, producer: Producer, topic: str) -> None:
        number = len(self.sent_s)
        lead = events.LeadCreated(
            lead_id=f"probe-{self.partition}-{number}", customer_id=self.customer, channel=self.channel
        )
        event = events.Event(
            id=lead.lead_id, source="/probe", type="crm.lead.created", time=datetime.now(UTC), data=lead
        )
        value, key = event.to_json(), event.key().encode()
        self.sent_s.append(time.monotonic())
        producer.produce(topic, value, key, on_delivery=self._delivered)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            raise KafkaException(error)
        self.offsets.append(int(message.offset() or 0))

    def commit(self, position: int, at_s: float) -> list[float]:
        """The partition was found committed up to this offset: the latencies of the probes within."""
        return self.arrive("committed", bisect_left(self.offsets, position), at_s)

    def arrive(self, stage: Stage, number: int, at_s: float) -> list[float]:
        """So many were found to have arrived: the latencies of those that had not before."""
        new = [at_s - sent_s for sent_s in self.sent_s[self.arrived[stage] : number]]
        self.arrived[stage] = max(self.arrived[stage], number)
        return new


def measure(site: Site, seconds: int, per_s: int) -> Latencies:
    """Latencies at so many events a second, for so many seconds."""
    settings = site.settings("latency")
    told = (LEAD_IN_S + seconds) * per_s
    company = Company(HISTORY + told, clock_ms())
    with site.counted(settings, company.lines("history")[:-told]) as (worker, board):
        paced = company.continued(told, clock_ms() + 500, per_s)
        run = _Paced(site, settings, paced)
        pids = worker.pid, board.pid, site.redis_server.pid, site.kafka.pid
        before = _used(pids)
        asyncio.run(run.run(LEAD_IN_S + seconds))
        took_s, *used_s = (now - was for now, was in zip(_used(pids), before, strict=True))
        worker_share, board_share, *_, others = (one / took_s for one in used_s)
    answer_s = sum(run.answers_s) / len(run.answers_s)
    latencies_s = {stage: sorted(found) for stage, found in run.latencies_s.items()}
    return Latencies(latencies_s, answer_s, worker_share, board_share, others)


def _used(pids: Sequence[int]) -> list[float]:
    """Seconds: the clock's, the CPU of each process, and of all others."""
    ours = [cpu_s(pid) for pid in pids]
    return [time.monotonic(), *ours, machine_cpu_s() - sum(ours) - time.process_time()]


class _Paced:
    """Publishes the company's events and the probes, and asks the board for these."""

    def __init__(self, site: Site, settings: Settings, lines: list[Line]) -> None:
        self._site = site
        self._settings = settings
        self._producer = site.producer()
        self._lines = lines
        self._probes = [Probes(number, _customer(number)) for number in range(PARTITIONS)]
        self._rng = random.Random(1)
        self._count_from_s = time.monotonic() + LEAD_IN_S
        self.latencies_s: dict[Stage, list[float]] = {stage: [] for stage in get_args(Stage)}
        self.answers_s: list[float] = []

    async def run(self, seconds: float) -> None:
        """Return when all probes have arrived; TimeoutError when they do not."""
        asking = [asyncio.create_task(one) for one in (self._ask_redis(), self._ask_board(), self._listen())]
        await asyncio.gather(self._publish(), self._probe(seconds))
        try:
            async with asyncio.timeout(LATEST_S):
                while any(min(probes.arrived.values()) < len(probes.sent_s) for probes in self._probes):
                    await asyncio.sleep(BOARD_S)
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    async def _publish(self) -> None:
        for line in self._lines:
            while line.time_ms > clock_ms():
                self._producer.poll(0)
                await asyncio.sleep(TICK_S)
            self._producer.produce(self._settings.topic, line.value, line.key)
        self._producer.flush(LATEST_S)

    async def _probe(self, seconds: float) -> None:
        started_s = time.monotonic()
        for number in count():
            at_s = started_s + (number + self._rng.random()) * PROBE_S
            if at_s > started_s + seconds:
                return
            await asyncio.sleep(max(0.0, at_s - time.monotonic()))
            self._probes[number % PARTITIONS].publish(self._producer, self._settings.topic)

    async def _ask_redis(self) -> None:
        while True:
            positions = self._site.positions(self._settings.namespace)
            at_s = time.monotonic()
            for probes, position in zip(self._probes, positions, strict=True):
                self._note("committed", probes.commit(position, at_s), at_s)
            await asyncio.sleep(REDIS_S)

    async def _ask_board(self) -> None:
        url = f"{board_address(self._settings)}/api/v1/readings"
        async with ClientSession() as http:
            while True:
                asked_s = time.monotonic()
                async with http.get(url, params=self._wanted()) as reply:
                    readings = (await reply.json())["readings"]
                self.answers_s.append(time.monotonic() - asked_s)
                self._note_numbers("shown", readings)
                await asyncio.sleep(max(0.0, asked_s + BOARD_S - time.monotonic()))

    async def _listen(self) -> None:
        async for message in messages(board_address(self._settings), self._wanted()):
            self._note_numbers("told", message["readings"])

    def _wanted(self) -> list[tuple[str, str]]:
        wanted = [("kpi", "lead_volume"), ("window", "1h"), ("dimension", "channel")]
        return wanted + [("member", probes.channel) for probes in self._probes]

    def _note_numbers(self, stage: Stage, readings: Iterable[Mapping[str, Any]]) -> None:
        at_s = time.monotonic()
        numbers = {reading["member"]: reading["numerator"] for reading in readings}
        for probes in self._probes:
            self._note(stage, probes.arrive(stage, numbers.get(probes.channel, 0), at_s), at_s)

    def _note(self, stage: Stage, latencies_s: Iterable[float], at_s: float) -> None:
        self.latencies_s[stage] += [one for one in latencies_s if at_s - one > self._count_from_s]


def _customer(partition: int) -> str:
    """A customer whose events go to this partition."""
    names = (f"probe-{number}" for number in count())
    return next(name for name in names if partition_of(name.encode()) == partition)
