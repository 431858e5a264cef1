"""What is applied and not yet committed is one effect, and sums are right whatever the cache knows."""

from random import Random

from streams.engine.subjects import NEVER
from streams.naming import APPLIED, UNCHANGED
from streams.worker.pending import PaneCache, Pending
from tests.worker.builders import engine, history

MINUTE, DAY = ("minute", 60_000), ("day", 0)


def applied(number: int) -> Pending:
    """The history as one `Pending`, in batches of so many records over the rows of those before."""
    pending = Pending()
    for first in range(0, len(history()), number):
        events, rejects = engine().decode(history()[first : first + number])
        keys = engine().keys(events)
        effect = engine().apply(events, {key: pending.rows.get(key) for key in keys})
        effect.rejects += rejects
        pending.add(effect)
    return pending


def test_many_effects_are_as_one() -> None:
    whole, parts = applied(len(history())), applied(9)
    for pending in (whole, parts):
        pending.panes = {
            pane: {cell: number for cell, number in cells.items() if number}
            for pane, cells in pending.panes.items()
        }
    encode = engine().encode_row
    assert {pane: cells for pane, cells in parts.panes.items() if cells} == whole.panes
    assert +parts.totals == +whole.totals
    assert {key: encode(row) for key, row in parts.rows.items()} == {
        key: encode(row) for key, row in whole.rows.items()
    }
    assert parts.counters() == whole.counters()
    assert parts.newest_ms == whole.newest_ms > NEVER


def test_who_waits_no_longer_is_told_so_that_he_is_taken_off_the_list() -> None:
    waiting = applied(1).waiting["leads_waiting"]
    assert None in waiting.values()
    waits = {id_: since for id_, since in waiting.items() if since is not None}
    whole = applied(len(history())).waiting["leads_waiting"]
    assert waits == {id_: since for id_, since in whole.items() if since is not None}


def test_every_record_is_in_exactly_one_counter() -> None:
    pending = applied(50)
    counters = pending.counters()
    assert sum(counters.values()) == len(history())
    assert counters[APPLIED] + counters[UNCHANGED] == sum(pending.outcomes.values())
    assert {name for name in counters if name.startswith("!rejects.")} == {
        f"!rejects.{reason}" for reason in pending.rejects_by_reason()
    }


def test_nothing_makes_no_counter() -> None:
    assert Pending().counters() == {}


# -- The cache --------------------------------------------------------------------------------------------


def test_only_cells_that_are_not_known_are_missing() -> None:
    cache = PaneCache(limit=100)
    cache.put({MINUTE: {"leads": 4}})
    assert cache.missing({MINUTE: {"leads": 1, "revenue": 1}, DAY: {"leads": 1}}) == {
        MINUTE: ["revenue"],
        DAY: ["leads"],
    }
    assert cache.missing({MINUTE: {"leads": 1}}) == {}


def test_sums_are_what_is_known_plus_differences_of_any_size() -> None:
    cache = PaneCache(limit=100)
    cache.put({MINUTE: {"revenue": 10**30, "leads": 2}})
    assert cache.sums({MINUTE: {"revenue": 1, "leads": -2}}) == {MINUTE: {"revenue": 10**30 + 1, "leads": 0}}


def test_a_full_cache_forgets_before_it_is_asked_and_not_before_it_answers() -> None:
    """What `missing` left out must still be known to `sums`, whatever is put in between."""
    rng = Random(1)
    cache, stored = PaneCache(limit=20), dict.fromkeys(range(40), 0)
    for _ in range(200):
        differences = {DAY: {str(cell): rng.randint(-5, 5) for cell in rng.sample(range(40), 12)}}
        missing = cache.missing(differences)
        cache.put({pane: {cell: stored[int(cell)] for cell in cells} for pane, cells in missing.items()})
        sums = cache.sums(differences)
        stored.update({int(cell): value for cell, value in sums[DAY].items()})
        cache.put(sums)
        no_difference = {DAY: dict.fromkeys(sums[DAY], 0)}
        assert cache.sums(no_difference) == sums


def test_a_cache_does_not_grow_without_end() -> None:
    cache = PaneCache(limit=50)
    for start_ms in range(1_000):
        pane = ("minute", start_ms)
        cache.missing({pane: {"leads": 1}})
        cache.put({pane: {"leads": 1}})
    known = [start for start in range(1_000) if not cache.missing({("minute", start): {"leads": 1}})]
    assert len(known) <= 51
