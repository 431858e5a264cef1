"""The engine: what a batch changes, what it leaves alone, and what it refuses."""

from typing import Any

import pytest

from streams.engine.engine import Engine
from tests.builders import (
    Event,
    Ledger,
    Record,
    cost_recorded,
    customer_churned,
    days,
    deal_won,
    lead_assigned,
    lead_contacted,
    lead_converted,
    lead_created,
    ms,
    record,
    shipped,
    survey_answered,
    survey_sent,
)


def test_an_event_is_about_every_subject_whose_id_it_carries() -> None:
    engine = Engine(shipped(), sweeps=False)
    events, _ = engine.decode([record(lead_created("l", customer_id="c")), record(survey_sent("i"))])
    assert engine.keys(events) == {("lead", "l"), ("customer", "c"), ("invitation", "i")}
    events, _ = engine.decode([record(customer_churned("c")), record(survey_answered("r", customer_id="c"))])
    assert engine.keys(events) == {("customer", "c"), ("answer", "r")}


def test_a_batch_tells_which_events_changed_a_fact() -> None:
    ledger = Ledger().take(
        lead_created("a"), lead_created("a"), lead_contacted("a", actor_kind="bot"), lead_assigned("a")
    )
    assert ledger.outcomes == {
        ("crm.lead.created", "applied"): 1,
        ("crm.lead.created", "unchanged"): 1,
        ("crm.lead.contacted", "unchanged"): 1,
        ("crm.lead.assigned", "applied"): 1,
    }


def test_what_cancels_within_a_batch_changes_nothing_that_is_kept() -> None:
    ledger = Ledger().take(lead_created("a", at="10:00"))
    panes = dict(ledger.panes)
    ledger.take(lead_contacted("a", at="09:00"))
    assert ledger.panes == panes
    events, _ = ledger.engine.decode([record(lead_created("a", at="10:00"))])
    row = ledger.engine.decode_row("lead", ledger.encoded["lead", "a"])
    effect = ledger.engine.apply(events, {("lead", "a"): row, ("customer", "customer-1"): None})
    assert not effect.panes and not effect.totals and not effect.waiting
    assert ("lead", "a") not in effect.rows


def test_a_fact_that_moves_no_number_changes_its_row_alone() -> None:
    ledger = Ledger().take(lead_created("a", at="10:00"), lead_contacted("a", at="11:00"))
    events, _ = ledger.engine.decode([record(lead_contacted("a", at="12:00"))])
    row = ledger.engine.decode_row("lead", ledger.encoded["lead", "a"])
    effect = ledger.engine.apply(events, {("lead", "a"): row})
    assert list(effect.rows) == [("lead", "a")]
    assert not effect.panes and not effect.totals and not effect.waiting
    assert effect.outcomes == {("crm.lead.contacted", "applied"): 1}


def test_the_newest_time_of_a_subject_is_kept_also_when_no_fact_changes() -> None:
    ledger = Ledger().take(lead_created("a", at="10:00"), lead_contacted("a", at="12:00", actor_kind="bot"))
    assert ledger.engine.decode_row("lead", ledger.encoded["lead", "a"]).newest_ms == ms("12:00")
    assert ledger.newest_ms == ms("12:00")


KEEP = days(800)


def forgets(ledger: Ledger, kind: str, id_: str, now_ms: int) -> bool:
    return ledger.engine.forgets(kind, ledger.engine.decode_row(kind, ledger.encoded[kind, id_]), now_ms)


def test_a_row_is_forgotten_when_its_keep_is_over() -> None:
    ledger = Ledger().take(deal_won("d", at="2024-04-15 10:00"))
    over = ms("2024-04-15 10:00") + KEEP
    assert not forgets(ledger, "deal", "d", over)
    assert forgets(ledger, "deal", "d", over + 1)


def test_a_row_that_lies_in_a_window_must_not_be_forgotten() -> None:
    """Taken back later, what it contributed would have to be known: here up to the last day of a period."""
    cost = cost_recorded("c", at="2024-04-15", period_start="2024-04-15", period_end="2024-05-14")
    ledger = Ledger().take(cost)
    assert not forgets(ledger, "cost", "c", ms("2024-05-13") + KEEP)
    assert forgets(ledger, "cost", "c", ms("2024-05-14") + KEEP)


def test_a_row_that_counts_in_a_level_or_waits_must_not_be_forgotten() -> None:
    ledger = Ledger().take(
        lead_created("a"), lead_created("b"), lead_contacted("b", at="11:00"), deal_won("d")
    )
    far_ms = 2**62
    assert not forgets(ledger, "lead", "a", far_ms)
    assert forgets(ledger, "lead", "b", far_ms)
    assert forgets(ledger, "deal", "d", far_ms)


# -- Too late ---------------------------------------------------------------------------------------------

PUBLISHED = ms("2024-04-15")
OLD = PUBLISHED - days(800) - 1


def late(event: Event) -> Record:
    return record(event, at=PUBLISHED)


def test_an_event_older_than_its_subject_is_remembered_is_refused_if_the_row_is_gone() -> None:
    ledger = Ledger(sweeps=True).take_records(
        [late(lead_created("a", at=OLD)), late(lead_created("b", at=OLD + 1))]
    )
    assert [(reject.reason, reject.field) for reject in ledger.rejects] == [("too_late", "time")]
    assert "800 days that a lead is remembered" in ledger.rejects[0].message
    assert set(ledger.encoded) == {("lead", "b"), ("customer", "customer-1")}
    assert ledger.outcomes == {("crm.lead.created", "applied"): 1}


def test_an_old_event_is_welcome_while_the_row_is_there_also_within_one_batch() -> None:
    young, old = late(lead_contacted("a", at="2024-04-14")), late(lead_created("a", at=OLD))
    assert not Ledger(sweeps=True).take_records([young, old]).rejects
    assert not Ledger(sweeps=True).take_records([young]).take_records([old]).rejects
    assert len(Ledger(sweeps=True).take_records([old, young]).rejects) == 1


def test_customers_are_remembered_for_ever_and_without_sweeping_everything_is() -> None:
    assert not Ledger(sweeps=True).take_records([late(customer_churned("c", at="1999-01-01"))]).rejects
    assert not Ledger(sweeps=False).take_records([late(lead_created("a", at="1999-01-01"))]).rejects


def test_a_full_fact_says_that_it_forgets_and_a_repetition_does_not() -> None:
    """16 earliest and 16 latest contacts are kept; the 33rd pushes one out of the middle."""
    engine = Engine(shipped(), sweeps=False)
    contacts = [record(lead_contacted("a", at=f"10:{minute:02}")) for minute in range(33)]
    events, _ = engine.decode([record(lead_created("a", at="09:00")), *contacts])
    missing = dict.fromkeys(engine.keys(events))
    assert engine.apply(events[:-1], missing).forgotten == 0
    effect = engine.apply(events, missing)
    assert effect.forgotten == 1
    rows = {key: engine.decode_row(key[0], row) for key, row in effect.rows.items()}
    assert engine.apply(events[:1] + events[-1:], rows).forgotten == 0


NOW_MS = ms("2026-01-01")
LONG_AGO = NOW_MS - days(850)
CLOSED = (
    record(lead_created("a", at=LONG_AGO), at=LONG_AGO),
    record(lead_contacted("a", at=LONG_AGO + 60_000), at=LONG_AGO + 60_000),
    record(lead_converted("a", at=LONG_AGO + 90_000), at=LONG_AGO + 90_000),
)
"""A lead that a new event about it finds past its keep."""


@pytest.mark.parametrize("new", [lead_created, lead_contacted, lead_converted])
def test_a_newer_event_about_a_row_past_its_keep_finds_it_gone_swept_or_not(new: Any) -> None:
    """Loaded, in the midst of a batch, or swept: the panes that are kept are the same."""
    newer = record(new("a", at=NOW_MS), at=NOW_MS)
    swept = Ledger(sweeps=True).take_records(CLOSED)
    del swept.encoded["lead", "a"]
    ledgers = [
        swept.take_records([newer]),
        Ledger(sweeps=True).take_records(CLOSED).take_records([newer]),
        Ledger(sweeps=True).take_records([*CLOSED, newer]),
    ]
    for ledger in ledgers:
        kept = {pane: cells for pane, cells in ledger.panes.items() if pane[1] > NOW_MS - days(800)}
        assert kept == {pane: cells for pane, cells in swept.panes.items() if pane[1] > NOW_MS - days(800)}
        assert (ledger.running, ledger.waiting) == (swept.running, swept.waiting)
        assert ledger.encoded["lead", "a"] == swept.encoded["lead", "a"]


def test_what_ends_and_is_forgotten_in_one_batch_leaves_the_waiting_list() -> None:
    waiting = Ledger(sweeps=True).take_records(CLOSED[:1])
    assert waiting.waiting["leads_waiting"] == {"a": LONG_AGO}
    waiting.take_records([*CLOSED[1:], record(lead_contacted("a", at=NOW_MS), at=NOW_MS)])
    assert waiting.waiting["leads_waiting"] == {}
    assert not waiting.running
