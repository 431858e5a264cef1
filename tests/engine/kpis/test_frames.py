"""Frames: what is read of a window that ends now, and what of whole panes that ended earlier."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from streams.engine.kpis.cells import Index
from streams.engine.kpis.frames import Moment, PastPart, PresentPart
from streams.engine.kpis.sums import WHOLE
from streams.engine.panes import DAY, HOUR, MINUTE, TIERS
from streams.engine.windows import Stretch
from tests.builders import Ledger, day, days, ms, shipped

COUNTED = shipped().measures["leads"]
LOST = replace(shipped().measures["customers_lost"], name="lost", over=(30,))
DOWN = replace(COUNTED, name="down", kind="union")
SEEN = replace(COUNTED, name="seen", kind="distinct", only_now=True)
OVERDUE = replace(shipped().measures["leads_waiting"], name="overdue", future=True)
NOW = "2024-04-15 15:20:30"


def put(ledger: Ledger, part: str, at: str, number: int, tiers: Sequence[str] = TIERS) -> None:
    """A contribution, in every tier and not in the total."""
    for tier in tiers:
        pane = tier, shipped().calendar.starts(ms(at)).of(tier)
        ledger.panes.setdefault(pane, ledger.running.__class__())[part] += number


def moment(ledger: Ledger, ahead_ms: int = 0) -> Moment:
    index = Index(ledger.cells(), ledger.key)
    return Moment(shipped().calendar, ledger, ms(NOW), ahead_ms, index)


def past(read: Moment, name: str, start: str, end: str, tier: str = DAY) -> PastPart:
    return read.past(Stretch(name, tier, day(start), day(end))).read(WHOLE)


def test_a_trailing_measure_is_read_of_the_past_by_what_was_kept_for_windows_of_that_length() -> None:
    ledger = Ledger()
    ledger.running.update({"lost": -2, "lost.over30": 5})
    put(ledger, "lost", "2024-04-02", 9)
    put(ledger, "lost.over30", "2024-04-15", 1, [DAY])
    put(ledger, "lost.over30", "2024-05-10", 3, [DAY])
    put(ledger, "lost.over30", "2024-04-14", 7, [DAY])
    read = moment(ledger)
    assert read.present("30d").read(WHOLE).trailing(LOST) == 7
    assert past(read, "30d", "2024-03-16", "2024-04-15").trailing(LOST) == 5 - 1 - 3
    assert past(read, "30d", "2024-02-15", "2024-03-16").trailing(LOST) == 5 - 1 - 3 - 7
    assert past(read, "90d", "2024-01-16", "2024-04-15").trailing(LOST) is None
    assert past(read, "mtd", "2024-04-01", "2024-04-15").trailing(LOST) is None
    assert past(read, "7d", "2024-04-08", "2024-04-15", HOUR).trailing(LOST) is None


def test_who_was_seen_last_is_known_of_windows_that_end_now_only() -> None:
    ledger = Ledger()
    put(ledger, "seen", "2024-04-15 10:00", 4)
    read = moment(ledger)
    assert read.present("24h").read(WHOLE).latest(SEEN) == 4
    assert past(read, "30d", "2024-03-16", "2024-04-15").latest(SEEN) is None
    assert past(read, "30d", "2024-03-16", "2024-04-15").oldest_ms(SEEN) is None


#   -------[------------]------     an outage across the window before, and an open one
def test_a_union_lasts_as_long_as_it_lies_in_the_window() -> None:
    ledger = Ledger()
    for at, sign in (("2024-03-10 06:00", 1), ("2024-03-20 12:00", -1), ("2024-04-14 18:00", 1)):
        put(ledger, "down", at, sign)
        put(ledger, "down.t", at, sign * ms(at))
    ledger.running["down"] = 1
    read = moment(ledger)
    assert past(read, "30d", "2024-03-16", "2024-04-15").lasting_ms(DOWN) == days(4.5) + days(0.25)
    assert past(read, "30d", "2024-02-15", "2024-03-16").lasting_ms(DOWN) == days(5.75)
    assert past(read, "30d", "2024-03-12", "2024-03-15").lasting_ms(DOWN) == days(3)
    assert past(read, "30d", "2024-04-01", "2024-04-10").lasting_ms(DOWN) == 0
    present = read.present("24h").read(WHOLE)
    assert present.lasting_ms(DOWN) == ms(NOW) - ms("2024-04-14 18:00")
    assert present.covered_ms == ms(NOW) - ms("2024-04-14 15:00")
    of_months = read.present("30d").read(WHOLE).lasting_ms(DOWN)
    assert of_months == days(4.5) + ms(NOW) - ms("2024-04-14 18:00")


@pytest.mark.parametrize(("tiers", "due"), [(TIERS, 2), ((HOUR, DAY), 2), ((DAY,), 3)])
def test_what_is_not_due_yet_is_not_in_the_level_of_now(tiers: tuple[str, ...], due: int) -> None:
    """To the width of the finest pane that holds it."""
    measure, ledger = replace(OVERDUE, tiers=tiers), Ledger()
    times = ("2024-03-01", "2024-04-15 09:00", "2024-04-15 17:00", "2024-05-01")
    for at in times:
        put(ledger, "overdue", at, 1, tiers)
    ledger.running["overdue"] = len(times)
    read = moment(ledger, ahead_ms=300_000)
    assert read.present("now").read(WHOLE).end(measure) == due
    assert read.present("30d").read(WHOLE).start(measure) == 1
    assert past(read, "30d", "2024-03-16", "2024-04-15").end(measure) == 1
    assert past(read, "30d", "2024-03-16", "2024-04-15").start(measure) == 1


@pytest.mark.parametrize(("since", "age"), [("2024-04-15 15:20:31", None), ("2024-04-15 15:20:00", 30_000)])
def test_the_oldest_that_is_due_is_not_one_that_will_be(since: str, age: int | None) -> None:
    ledger = Ledger()
    ledger.waiting["overdue"] = {"x": ms(since)}
    part = moment(ledger).present("now").read(WHOLE)
    assert part.oldest_ms(OVERDUE) == age


def test_a_level_of_the_past_is_the_total_without_all_that_came_after() -> None:
    customers = shipped().measures["customers"]
    ledger = Ledger()
    for at, change in (
        ("2024-02-20", 3),
        ("2024-04-01", -1),
        ("2024-04-15 01:00", 5),
        ("2024-04-15 15:24", 1),
    ):
        put(ledger, "customers", at, change)
    ledger.running["customers"] = 100
    read = moment(ledger, ahead_ms=300_000)
    edges = [
        (part.start(customers), part.end(customers))
        for part in (
            past(read, "30d", "2024-02-15", "2024-03-16"),
            past(read, "30d", "2024-03-16", "2024-04-15"),
            past(read, "24h", "2024-04-14", "2024-04-15", HOUR),
            read.present("30d").read(WHOLE),
            read.present("1h").read(WHOLE),
        )
    ]
    assert edges == [(92, 95), (95, 94), (94, 94), (95, 100), (99, 100)]


def test_the_window_before_is_not_held_once_a_pane_of_it_is_gone() -> None:
    read = moment(Ledger())
    held = Stretch("1h", MINUTE, ms("2024-04-15 14:20"), ms("2024-04-15 15:20"))
    before = read.before(held)
    assert before is not None and before.start_ms == ms("2024-04-15 13:20")
    year = Stretch("365d", DAY, day("2023-01-01"), day("2024-01-01"))
    assert read.before(year) is None
    nothing_yet = Stretch("mtd", DAY, day("2024-04-01"), day("2024-04-01"))
    assert read.before(nothing_yet) is None
    assert isinstance(read.present("1h").read(WHOLE), PresentPart)
    assert read.present("1h").read(WHOLE).before is None
