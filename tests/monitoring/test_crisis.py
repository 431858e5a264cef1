"""A crisis comes over a company that is well: exactly the alerts that it should raise are raised, and end.

Time is driven by hand: a few hours of events are published, then Prometheus scrapes what the board makes of
them and judges it twice, then the next few hours come. So nothing depends on how fast this machine is.

    Monday 9:00          Tuesday 9:00         + 18 h to + 24 h        + 30 h      .. a month later
    nothing is alarming  answers take long    customers leave         all is well again
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from streams.commands.company import Timed
from streams.commands.followed import FollowedPublisher
from streams.embedded.crisis import LASTS_MS, WELL, Crisis
from streams.embedded.traffic import Traffic, encode, simulate
from streams.embedded.world import DAY_MS, HOUR_MS
from streams.settings import Settings
from tests.builders import ms
from tests.monitoring.servers import Labels
from tests.monitoring.shipped import catalog_of_wholes, write_rules
from tests.monitoring.site import Receiver, System, Watch, system, until, watched

pytestmark = pytest.mark.timeout(400)  # the first test waits for the whole story

BEGINS_MS: Final = ms("2025-08-19 09:00")
"""On a Tuesday."""
MONDAY_MS: Final = BEGINS_MS - DAY_MS
OVER_MS: Final = BEGINS_MS + LASTS_MS + 14 * HOUR_MS
LATER_MS: Final = BEGINS_MS + 35 * DAY_MS
"""On a Tuesday, too: more than 30 days after the last has left."""
STEP_MS: Final = 4 * HOUR_MS
HISTORY_MS: Final = 65 * DAY_MS
COMPANY: Final = Traffic(seed=2, events_per_day=1_200, care=WELL, crisis=Crisis(BEGINS_MS))
FASTER: Final = {"kpis": 3_600.0, "pipeline": 20.0, "recording": 20.0}
EVERY: Final = "500ms"
CLOCK: Final = "scalar(max(crm_kpi_last_event_timestamp_seconds))"
"""What time it is where windows end at events."""

Alert = tuple[str, str]
"""(name, severity)"""
SLOW: Final = ("CrmLeadResponse", "CrmFirstResponse")
LEFT: Final = ("CrmChurn", "CrmRetention")
EXPECTED: Final = {(name, how) for name in (*SLOW, *LEFT) for how in ("warning", "critical")}
STALE: Final = ("CrmPartitionsStale", "critical")


@dataclass(slots=True)
class Chronicle:
    """What was seen in the course of the story."""

    well: set[Alert] = field(default_factory=set)
    """All that fired on the day before the crisis."""
    crisis: set[Alert] = field(default_factory=set)
    """All that fired from its beginning until it was over."""
    held_back: list[Labels] = field(default_factory=list)
    """What Alertmanager told nobody while there was no worker."""
    free: list[Labels] = field(default_factory=list)
    """What it told, then, of KPIs."""
    no_worker: set[Alert] = field(default_factory=set)
    later: set[Alert] = field(default_factory=set)


@pytest.fixture(scope="module")
def chronicle(directory: Path, settings: Settings, receiver: Receiver) -> Chronicle:
    """The story, from its beginning to its end."""
    return asyncio.run(lived(directory, settings, receiver))


async def lived(directory: Path, settings: Settings, receiver: Receiver) -> Chronicle:
    seen = Chronicle()
    rules = write_rules(directory / "rules", FASTER, EVERY, CLOCK)
    own = settings.model_copy(update={"catalog": catalog_of_wholes(directory)})
    with system(directory, own, "worker", "board", "intake") as running:
        async with running.publisher() as publisher:
            company = Company(running, publisher)
            newest_ms = await company.lives_until(MONDAY_MS)
            until(lambda: running.shown_ms() == newest_ms)
            with watched(directory, own, rules, receiver, EVERY) as watch:
                seen.well = await company.watched(watch, MONDAY_MS, BEGINS_MS)
                seen.crisis = await company.watched(watch, BEGINS_MS, OVER_MS)
                without_worker(running, watch, seen)
                watch.judged(await company.lives_until(LATER_MS))
                seen.later = all_over(watch, receiver)
    return seen


class Company:
    """What happens, as far as it was told."""

    def __init__(self, running: System, publisher: FollowedPublisher) -> None:
        self._running, self._publisher = running, publisher
        events = simulate(COMPANY, MONDAY_MS - HISTORY_MS, LATER_MS)
        self._to_come = ((time_ms, encode(event)) for time_ms, event in events)
        self._next = next(self._to_come)

    async def lives_until(self, end_ms: int) -> int:
        """Tell what happens before, and return the time of the last when all of it is counted."""
        told = list(self._before(end_ms))
        await self._running.counted(self._publisher, told)
        return told[-1][0]

    async def watched(self, watch: Watch, start_ms: int, end_ms: int) -> set[Alert]:
        """Let time pass step by step; what fires at any of them."""
        seen: set[Alert] = set()
        for step_ms in range(start_ms + STEP_MS, end_ms + 1, STEP_MS):
            watch.judged(await self.lives_until(step_ms))
            seen |= watch.firing()
        return seen

    def _before(self, end_ms: int) -> Iterator[Timed]:
        while self._next[0] < end_ms:
            yield self._next
            self._next = next(self._to_come, (LATER_MS, b""))


def without_worker(running: System, watch: Watch, seen: Chronicle) -> None:
    """Kill the worker, see what comes of it, and start another."""
    running.kill9("worker")
    until(lambda: STALE in watch.firing() and of_kpis(watch, "suppressed"))
    until(lambda: not of_kpis(watch, "active"))
    seen.held_back, seen.no_worker = of_kpis(watch, "suppressed"), watch.firing()
    running.start("worker")
    until(lambda: of_kpis(watch, "active"))
    seen.free = of_kpis(watch, "active")


def of_kpis(watch: Watch, state: str) -> list[Labels]:
    """The critical alerts of KPIs that Alertmanager has in a state."""
    return [
        labels
        for labels, status in watch.alertmanager.alerts()
        if status["state"] == state and "kpi" in labels and labels["severity"] == "critical"
    ]


def all_over(watch: Watch, receiver: Receiver) -> set[Alert]:
    """Wait for the end of all alerts, as long as it may take; what does not end."""
    with suppress(AssertionError):
        until(lambda: not watch.firing() and not watch.alertmanager.alerts())
    return watch.firing()


def test_a_day_on_which_all_is_well_raises_no_alert(chronicle: Chronicle) -> None:
    assert chronicle.well == set()


def test_a_crisis_raises_exactly_the_alerts_of_what_is_bad_in_it(chronicle: Chronicle) -> None:
    assert chronicle.crisis == EXPECTED


def test_without_a_worker_that_is_told_and_nothing_of_kpis(chronicle: Chronicle) -> None:
    assert STALE in chronicle.no_worker
    assert {labels["alertname"] for labels in chronicle.held_back} >= set(LEFT)


def test_with_a_worker_again_kpis_are_told_of_again(chronicle: Chronicle) -> None:
    assert {labels["alertname"] for labels in chronicle.free} >= set(LEFT)


def test_when_all_is_well_again_every_alert_ends(chronicle: Chronicle) -> None:
    assert chronicle.later == set()


def test_who_is_to_be_told_is_told_of_the_beginning_and_the_end(
    chronicle: Chronicle, receiver: Receiver
) -> None:
    told = [(alert["status"], alert["labels"]["alertname"]) for alert in receiver.told]
    for name in (*SLOW, *LEFT, "CrmPartitionsStale"):
        assert told.index(("firing", name)) < len(told) - told[::-1].index(("resolved", name)) - 1
