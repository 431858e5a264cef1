"""Every record is counted once, and sums are right whatever the cache knows."""

from collections import Counter
from random import Random

from streams.engine.work import Effect
from streams.naming import APPLIED, UNCHANGED
from streams.worker.pending import PaneCache, Pending, event_totals, rejects_by_reason
from tests.worker.builders import engine, history

MINUTE, DAY = ("minute", 60_000), ("day", 0)


def effect_of_history() -> Effect:
    events, rejects = engine().decode(history())
    work = engine().begin()
    work.rejects += rejects
    work.merge(events, dict.fromkeys(engine().keys(events)))
    return work.effect()


def test_every_record_is_in_exactly_one_total() -> None:
    effect = effect_of_history()
    totals = event_totals(effect)
    assert sum(totals.values()) == len(history())
    assert totals[APPLIED] + totals[UNCHANGED] == sum(effect.outcomes.values())
    assert {name for name in totals if name.startswith("!rejects.")} == {
        f"!rejects.{reason}" for reason in rejects_by_reason(effect)
    }
    assert sum(rejects_by_reason(effect).values()) == len(effect.rejects) > 0


def test_nothing_makes_no_total() -> None:
    assert event_totals(engine().begin().effect()) == Counter()


def test_pending_work_knows_how_much_it_is_and_when_it_was_published() -> None:
    pending = Pending(engine().begin())
    pending.note(history()[:10])
    pending.note(history()[10:15])
    assert pending.records == 15
    assert pending.record_ms == history()[14].timestamp


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
