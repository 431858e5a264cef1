"""What arrives is counted by the clock of the log, and of each source the newest event is known."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.arrivals import SOURCES_KEPT, bounded, newest_of
from streams.engine.decode import Reject
from streams.engine.engine import Engine
from streams.errors import CatalogError
from streams.naming import OTHER
from tests.builders import Record, event, lead_created, ms, plan_of, record, shipped
from tests.schemas.test_catalog import SMALL

ENGINE = Engine(shipped(), sweeps=False)


def received(*records: Record, rejects: int = 0) -> dict[tuple[str, int], dict[str, int]]:
    """The panes after these records, the first so many of them refused."""
    work = ENGINE.begin()
    work.receive(records)
    work.rejects += [Reject(one, "not_json", None, "") for one in records[:rejects]]
    return dict(work.effect().panes)


def test_records_and_dead_letters_lie_at_the_minute_of_their_kafka_timestamp() -> None:
    records = [record(None, at=at, offset=offset) for offset, at in enumerate(("10:00", "10:00:59", "10:01"))]
    panes = received(*records, rejects=2)
    assert panes["minute", ms("10:00")] == {"events_received": 2, "dead_letters": 2}
    assert panes["minute", ms("10:01")] == {"events_received": 1}
    assert panes["hour", ms("10:00")] == {"events_received": 3, "dead_letters": 2}


@pytest.mark.parametrize("timestamp", [-1, ms("2024-04-15") * 1_000, 2**63 - 1])
def test_a_timestamp_that_is_none_counts_nowhere_and_does_no_harm(timestamp: int) -> None:
    """Producers that give microseconds, or nothing."""
    assert received(Record(0, timestamp, None, None, []), rejects=1) == {}


def test_the_share_of_dead_letters_is_a_kpi_like_any_other() -> None:
    formula = "    unit: ratio\n    formula: dead_letters / events_received\n"
    text = SMALL.replace("    unit: count\n", "", 1).replace(
        "    dimensions: [channel]\n    formula: leads\n", formula
    )
    (volume, _) = plan_of(text).series
    assert [measure.name for measure in volume.measures] == ["dead_letters", "events_received"]


def test_a_measure_that_is_built_in_is_not_declared() -> None:
    with pytest.raises(CatalogError, match=r"leads\.measures|'dead_letters' is built in; rename this one"):
        plan_of(SMALL.replace("leads: {count: created}", "dead_letters: {count: created}"))


def test_of_each_source_the_newest_accepted_event_is_known() -> None:
    made = [
        {**event("crm.lead.created", at, lead_created("lead-1")["data"], id=at), "source": source}
        for source, at in (("/a", "10:00"), ("/b", "12:00"), ("/a", "11:00"), ("/b", "09:00"))
    ]
    events, rejects = ENGINE.decode([record(one) for one in made])
    assert not rejects
    effect = ENGINE.apply(events, dict.fromkeys(ENGINE.keys(events)))
    assert effect.sources == {"/a": ms("11:00"), "/b": ms("12:00")}
    assert effect.newest_ms == ms("12:00")


# -- So many sources --------------------------------------------------------------------------------------

MANY = {f"/source/{number}": number for number in range(3 * SOURCES_KEPT)}


def test_beyond_so_many_sources_the_others_are_one() -> None:
    found = bounded(MANY)
    assert len(found) == SOURCES_KEPT + 1
    last = max(found.keys() - {OTHER})
    assert found[OTHER] == max(number for source, number in MANY.items() if source > last)
    assert bounded({"/a": 1}) == {"/a": 1}


@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_which_sources_are_kept_depends_on_neither_order_nor_partition(rng: Random, partitions: int) -> None:
    """Law 1, over commits of some sources each, and over partitions that are merged at the end."""
    kept: list[dict[str, int]] = [{} for _ in range(partitions)]
    for source in rng.sample(sorted(MANY), len(MANY)):
        partition = rng.randrange(partitions)
        older = rng.randrange(-5, 1)
        kept[partition] = newest_of([kept[partition], {source: MANY[source] + older}])
        kept[partition] = newest_of([{source: MANY[source]}, kept[partition]])
    assert newest_of(kept) == bounded(MANY)
