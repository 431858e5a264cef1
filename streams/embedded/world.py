"""The clock, the dice and the sleepers of a simulated company: what every story in stories.py is told with.

A story is a generator. It tells events at the present moment and yields how many milliseconds it sleeps until
its next step; the world wakes the sleepers in order of time. All chance comes from one seed, so the same seed
tells the same events.
"""

import heapq
import math
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from random import Random
from typing import Any, Generic, TypeVar

from streams.embedded.people import Customer, Members, User
from streams.human import rfc3339

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Entity:
    """Who publishes the events about it, and which field is the key of those that name no customer."""

    source: str
    key: str = "customer_id"


_CRM, _BILLING, _MONITOR = "/demo/hubspot", "/demo/stripe", "/demo/monitor"
ENTITIES = {
    "lead": Entity(_CRM),
    "deal": Entity(_CRM),
    "referral": Entity(_CRM),
    "reference": Entity(_CRM),
    "interaction": Entity(_CRM),
    "task": Entity(_CRM, "task_id"),
    "user": Entity(_CRM, "user_id"),
    "customer": Entity(_BILLING),
    "subscription": Entity(_BILLING),
    "order": Entity(_BILLING),
    "refund": Entity(_BILLING),
    "cost": Entity("/demo/ledger", "cost_id"),
    "benefit": Entity("/demo/ledger", "benefit_id"),
    "campaign": Entity("/demo/mailer", "recipient_ref"),
    "ticket": Entity("/demo/zendesk"),
    "survey": Entity("/demo/surveys", "invitation_id"),
    "training": Entity("/demo/academy", "user_id"),
    "incident": Entity(_MONITOR, "component"),
    "request": Entity(_MONITOR, "request_id"),
    "record": Entity("/demo/quality", "check_id"),
    "consent": Entity("/demo/privacy"),
    "erasure": Entity("/demo/privacy"),
}
"""By the second word of an event's type."""

T = TypeVar("T")
Event = dict[str, Any]
Story = Generator[int, None, None]


class Odds(Generic[T]):
    """Options, each with its weight; weights need not add up to one."""

    __slots__ = ("_options", "_upto")

    def __init__(self, *weighted: tuple[float, T]) -> None:
        self._options = [option for _, option in weighted]
        self._upto = list(accumulate(weight for weight, _ in weighted))

    def shares(self) -> Iterator[tuple[float, T]]:
        """Each option with its probability."""
        total = self._upto[-1]
        for before, upto, option in zip([0.0, *self._upto], self._upto, self._options, strict=False):
            yield (upto - before) / total, option

    def only(self, wanted: Callable[[T], object]) -> "Odds[T]":
        """Those that are wanted; among themselves they are as likely as here."""
        return Odds(*((share, option) for share, option in self.shares() if wanted(option)))

    def draw(self, rng: Random) -> T:
        return self._options[bisect(self._upto, rng.random() * self._upto[-1], hi=len(self._options) - 1)]


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody acts: from `opens` to `closes` o'clock UTC, on so many `weekdays` from Monday on."""

    opens: int
    closes: int
    weekdays: int

    def next_open_ms(self, at_ms: int) -> int:
        """`at_ms` if it lies within the hours, else the next opening."""
        day_start_ms = at_ms - at_ms % DAY_MS
        if at_ms >= day_start_ms + self.closes * HOUR_MS:
            day_start_ms += DAY_MS
        if weekday(day_start_ms) >= self.weekdays:
            day_start_ms += (7 - weekday(day_start_ms)) * DAY_MS
        return max(at_ms, day_start_ms + self.opens * HOUR_MS)


ALWAYS = Hours(0, 24, 7)


@dataclass(frozen=True, slots=True)
class Delay:
    """A log-normal time of this median. Whoever is out of hours by then acts after the next opening."""

    median_ms: int
    sigma: float
    hours: Hours = ALWAYS
    answer: bool = False
    """Somebody waits for it: it takes longer while the company has more to do than it can."""


@dataclass(frozen=True, slots=True)
class Care:
    """How a company looks after its customers, its work and its machines."""

    forgets: bool = True
    """Some leads, tickets, requests and outages are left lying for ever."""
    unevenness: float = 1.0
    """Of every delay: so many times its sigma."""
    catching_up_ms: int = 90 * MINUTE_MS
    """Mean time until work that waited for the opening is taken up."""
    loyalty: float = 1.0
    """Customers stay so many times as long."""
    outages: bool = True
    """Machines fail; else they are only maintained."""
    delights: bool = False
    """Customers answer as the happier of two."""


USUAL = Care()


@dataclass(frozen=True, slots=True)
class Crunch:
    """A time of too much work: from `start_ms` until before `end_ms` answers take `slower` times as long."""

    start_ms: int
    end_ms: int
    slower: float


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody's next move: after the delay, an event of this type with these fields."""

    type: str
    fields: dict[str, Any]
    delay: Delay


class World:
    """Tells the events of the stories that begin in it. `prefix` keeps the ids of two worlds apart."""

    def __init__(
        self, seed: int, prefix: str, start_ms: int, care: Care = USUAL, crunch: Crunch | None = None
    ) -> None:
        self.now_ms = start_ms
        self.care = care
        self._crunch = crunch
        self.members: Members[Customer] = Members()
        self.staff: Members[User] = Members()
        self.rng = Random(seed)
        self._prefix = prefix
        self._numbers: Counter[str] = Counter()
        self._sleepers: list[tuple[int, int, Story]] = []
        self._begun = 0
        self._told: list[Event] = []

    def run(self, end_ms: int | None) -> Iterator[tuple[int, Event]]:
        """`(time_ms, event)` in order of time, before `end_ms`."""
        while self._sleepers and (end_ms is None or self._sleepers[0][0] < end_ms):
            self.now_ms, number, story = heapq.heappop(self._sleepers)
            pause_ms = next(story, None)
            if pause_ms is not None:
                heapq.heappush(self._sleepers, (self.now_ms + pause_ms, number, story))
            for event in self._told:
                yield self.now_ms, event
            self._told.clear()

    def begin(self, story: Story, delay_ms: int = 0) -> None:
        """Another story takes its course beside the one that calls this."""
        self._begun += 1
        heapq.heappush(self._sleepers, (self.now_ms + delay_ms, self._begun, story))

    def tell(self, event_type: str, about: Event, **more: Any) -> None:
        """An event happens now; its `data` is `about` and `more`."""
        entity = ENTITIES[event_type.split(".")[1]]
        self._told.append(
            {
                "specversion": "1.0",
                "id": self.new_id("evt"),
                "source": entity.source,
                "type": event_type,
                "time": rfc3339(self.now_ms),
                "partitionkey": about.get("customer_id") or about[entity.key],
                "data": {**about, **more},
            }
        )

    def play(self, about: Event, turns: Sequence[Turn]) -> Story:
        """One turn after the other."""
        for turn in turns:
            yield self.after(turn.delay)
            self.tell(turn.type, about, **turn.fields)

    def new_id(self, kind: str) -> str:
        self._numbers[kind] += 1
        return self.named(kind, self._numbers[kind])

    def named(self, kind: str, number: int) -> str:
        """The id of one of a numbered kind."""
        return f"{kind}-{self._prefix}{number}"

    def quarter(self) -> str:
        """Of the present moment, such as 2025-q1."""
        today = datetime.fromtimestamp(self.now_ms // 1000, UTC)
        return f"{today.year}-q{(today.month + 2) // 3}"

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def amount_minor(self, median_minor: float, sigma: float) -> int:
        """A log-normal amount of this median."""
        return int(self.rng.lognormvariate(math.log(median_minor), sigma))

    def draw(self, odds: Odds[T]) -> T:
        return odds.draw(self.rng)

    def after(self, delay: Delay) -> int:
        """Milliseconds from now, at least one, so that what follows from something is later than it."""
        median_ms = delay.median_ms * (self._slower() if delay.answer else 1)
        took_ms = self.rng.lognormvariate(math.log(median_ms), delay.sigma * self.care.unevenness)
        wake_ms = self.now_ms + 1 + int(took_ms)
        open_ms = delay.hours.next_open_ms(wake_ms)
        if open_ms > wake_ms:
            open_ms += int(self.rng.expovariate(1 / self.care.catching_up_ms))
        return open_ms - self.now_ms

    def _slower(self) -> float:
        crunch = self._crunch
        return crunch.slower if crunch and crunch.start_ms <= self.now_ms < crunch.end_ms else 1.0


def weekday(at_ms: int) -> int:
    """Monday is 0. The epoch was a Thursday."""
    return (at_ms // DAY_MS + 3) % 7
