"""A company's traffic as commands publish it: its history, then its present, each event when it is due."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from streams.clock import clock_ms
from streams.embedded.crisis import LASTS_MS, WELL, Crisis
from streams.embedded.traffic import Traffic, encode, simulate
from streams.embedded.world import DAY_MS, USUAL, Care

ROUND: Final = 1_000
"""So many events are published at once, at most."""

Timed = tuple[int, bytes]
"""(time_ms, an event as a line)"""


@dataclass(frozen=True, slots=True)
class Company:
    """`days` of history at `per_day` events, then `rate` events a second. Same `seed`, same company.

    `crisis`: all is well until one comes, at the end of the history.
    """

    days: int
    per_day: float
    rate: float
    seed: int
    crisis: bool = False

    def __str__(self) -> str:
        return f"--days {self.days} --per-day {self.per_day:g} --rate {self.rate:g} --seed {self.seed}"

    def history(self, until_ms: int) -> Iterator[Timed]:
        """What happened in the days until then."""
        crisis = Crisis(until_ms - LASTS_MS) if self.crisis else None
        traffic = Traffic(self.seed, self.per_day, care=self._care(), crisis=crisis)
        return _encoded(traffic, until_ms - self.days * DAY_MS, until_ms)

    def present(self, from_ms: int) -> Iterator[Timed]:
        """What happens from then on, for ever."""
        traffic = Traffic(self.seed + 1, self.rate * 86_400, prefix="live-", care=self._care())
        return _encoded(traffic, from_ms)

    def _care(self) -> Care:
        return WELL if self.crisis else USUAL


def _encoded(traffic: Traffic, from_ms: int, until_ms: int | None = None) -> Iterator[Timed]:
    return ((time_ms, encode(event)) for time_ms, event in simulate(traffic, from_ms, until_ms))


async def due(events: Iterable[Timed], since_ms: int = 0) -> AsyncIterator[list[Timed]]:
    """The events since then, each when it is due; those that are due together come in one round."""
    round_: list[Timed] = []
    for number, event in enumerate(events):
        if number % ROUND == 0:
            await asyncio.sleep(0)  # events are made without a pause, and somebody may want to stop us
        if event[0] < since_ms:
            continue
        if round_ and (len(round_) >= ROUND or event[0] > clock_ms()):
            yield round_
            round_ = []
        await asyncio.sleep(max(0, event[0] - clock_ms()) / 1000)
        round_.append(event)
    if round_:
        yield round_
