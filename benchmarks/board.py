"""A board with its pages open, for as long as wanted: what they wait for, and whether its memory is steady.

1. A worker and a board count a company's history. A Chromium opens the overview a few times (paint.py).
2. Events go on, at their own times, of a second company like the first, so that it never ends.
3. As many pages as wanted listen to the stream, as the overview does. Prometheus would scrape: so do we.
4. Meanwhile the board's memory is looked at. It may still grow in the first half, as caches fill; what is
   told is how it grows in the second.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from aiohttp import ClientSession

from benchmarks.company import FOUNDING, PER_DAY, SEED, Company, Line, line_of
from benchmarks.latency import HISTORY
from benchmarks.listening import messages
from benchmarks.paint import Paint, paints
from benchmarks.site import Site, board_address, cpu_s, resident_bytes
from streams.clock import clock_ms
from streams.embedded.traffic import Traffic, simulate
from streams.settings import Settings

SCRAPE_S: Final = 15.0
LOOK_S: Final = 2.0
SETTLED_S: Final = 30.0
"""What is counted as the memory at first: when the pages have come."""
TICK_S: Final = 0.05
OVERVIEW: Final = {"series": "first", "nearest": "1", "judged": "1", "dimension": "all", "window": "24h"}
"""What the overview asks the stream for."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured."""

    paints: Sequence[Paint]
    seconds: float
    pages: int
    per_s: int
    told: int
    """Messages to a page, on average."""
    longest_s: float
    """The longest that a page was told nothing."""
    scrapes_s: Sequence[float]
    """What a scrape took."""
    scrape_bytes: int
    board_share: float
    """CPU, of one core."""
    memory: Sequence[tuple[float, int]]
    """(seconds, bytes), from when the pages have come."""

    @property
    def growth_per_hour(self) -> float:
        """Bytes an hour, over the second half."""
        half = self.memory[len(self.memory) // 2 :]
        slope = statistics.linear_regression([at_s for at_s, _ in half], [size for _, size in half]).slope
        return 3600 * slope


def measure(site: Site, minutes: float, pages: int, per_s: int) -> Figures:
    """So many pages for so many minutes, while so many events a second pass."""
    settings = site.settings("board")
    history = Company(HISTORY, clock_ms()).lines("history")
    with site.counted(settings, history) as (_, board):
        painted = asyncio.run(paints(board_address(settings)))
        run = _Run(site, settings, board.pid, per_s, endless(clock_ms()))
        before_s = cpu_s(board.pid)
        asyncio.run(run.run(60 * minutes, pages))
        share = (cpu_s(board.pid) - before_s) / (60 * minutes)
    told = sum(page.told for page in run.pages) // max(1, pages)
    longest_s = max((page.longest_s for page in run.pages), default=0.0)
    scraped = run.scrapes_s, run.scrape_bytes
    return Figures(painted, 60 * minutes, pages, per_s, told, longest_s, *scraped, share, run.memory)


def endless(start_ms: int) -> Iterator[Line]:
    """The events of a second company, founded already; each at the moment at which it is asked for."""
    life = simulate(Traffic(SEED + 1, PER_DAY, prefix="board"), start_ms)
    for _ in islice(life, FOUNDING):
        pass
    return (line_of(clock_ms(), event) for _, event in life)


@dataclass(slots=True)
class _Page:
    told: int = 0
    longest_s: float = 0.0

    async def listen(self, address: str) -> None:
        last_s = time.monotonic()
        async for _ in messages(address, OVERVIEW):
            now_s = time.monotonic()
            self.told += 1
            self.longest_s, last_s = max(self.longest_s, now_s - last_s), now_s


@dataclass(slots=True)
class _Run:
    site: Site
    settings: Settings
    board: int
    """Its process."""
    per_s: int
    lines: Iterator[Line]
    pages: list[_Page] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)
    scrapes_s: list[float] = field(default_factory=list)
    scrape_bytes: int = 0

    async def run(self, seconds: float, pages: int) -> None:
        address = board_address(self.settings)
        self.pages = [_Page() for _ in range(pages)]
        work = [self._publish(), self._scrape(address), self._look()]
        work += [page.listen(address) for page in self.pages]
        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for one in work:
                    group.create_task(one)
        except TimeoutError:  # that is its end
            return

    async def _publish(self) -> None:
        producer, started_s, published = self.site.producer(), time.monotonic(), 0
        while True:
            due = int((time.monotonic() - started_s) * self.per_s)
            for line in islice(self.lines, due - published):
                producer.produce(self.settings.topic, line.value, line.key)
            published = due
            producer.poll(0)
            await asyncio.sleep(TICK_S)

    async def _scrape(self, address: str) -> None:
        async with ClientSession() as http:
            while True:
                asked_s = time.monotonic()
                async with http.get(f"{address}/metrics") as reply:
                    self.scrape_bytes = len(await reply.read())
                self.scrapes_s.append(time.monotonic() - asked_s)
                await asyncio.sleep(SCRAPE_S)

    async def _look(self) -> None:
        await asyncio.sleep(SETTLED_S)
        started_s = time.monotonic()
        while True:
            self.memory.append((time.monotonic() - started_s, resident_bytes(self.board)))
            await asyncio.sleep(LOOK_S)
