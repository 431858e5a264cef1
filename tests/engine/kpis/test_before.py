"""The window before: levels at any moment, change against it, final windows, and readings that still hold."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.kpis.readings import Reader, readings
from streams.engine.panes import DAY, DAY_MS, HOUR, HOUR_MS, KEEP_MS, MINUTE, MINUTE_MS
from tests.builders import (
    Event,
    Ledger,
    customer_activated,
    customer_churned,
    day,
    days,
    deal_won,
    each,
    lead_contacted,
    lead_converted,
    lead_created,
    lead_qualified,
    ms,
    plan_of,
    survey_answered,
)
from tests.rounds import ROUNDS, Round, events_of

TEXT = (Path(__file__).parent / "lifetime.yaml").read_text()
PLAN = plan_of(TEXT)
BERLIN = plan_of(TEXT.replace("time_zone: UTC", "time_zone: Europe/Berlin"))


def lifetime(*events: Event) -> Ledger:
    return Ledger(PLAN).take(*events)


def before(
    ledger: Ledger, kpi: str, window: str, now: str, **where: str
) -> tuple[float | None, float | None]:
    """(previous, change)"""
    found = ledger.reading(kpi, window, now=now, **where)
    return found.previous, found.change


# -- Change -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", ["2024-04-17 15:20:30", "2024-04-01 00:00", "2023-12-31 23:59:59.999"])
def test_of_steady_traffic_no_window_shows_a_change(now: str) -> None:
    ledger = Ledger(PLAN)
    now_ms, steps = ms(now), {MINUTE: MINUTE_MS, HOUR: HOUR_MS, DAY: DAY_MS}
    for tier, step in steps.items():
        for start in range(now_ms - now_ms % step, now_ms - KEEP_MS[tier], -step):
            ledger.panes[tier, start] = Counter(leads=3 * step // MINUTE_MS)
    found = {one.window: one for one in ledger.readings(now_ms) if one.kpi == "volume"}
    assert {one.change for one in found.values() if one.previous is not None} == {0.0}
    first_day = {"today", "wtd", "mtd", "qtd"} if now == "2024-04-01 00:00" else set()
    assert {window for window, one in found.items() if one.previous is None} == first_day


def test_change_is_relative_and_has_a_sign() -> None:
    ledger = lifetime(
        *each(lambda n: lead_created(f"old-{n}", "2024-04-13 16:30"), 4),
        *each(lambda n: lead_created(f"new-{n}", "2024-04-14 16:30"), 3),
        lead_created("of the pane that holds now", "2024-04-15 15:10"),
    )
    now = "2024-04-15 15:20"
    assert ledger.value("volume", "24h", now=now) == 4
    assert before(ledger, "volume", "24h", now) == (4.0, -0.25)
    found = ledger.reading("volume", "24h", now=now)
    assert (found.samples, found.compared_samples, found.previous_samples) == (4, 3, 4)
    assert before(ledger, "volume", "30d", now) == (0.0, None), "of nothing there is no relative change"


def test_points_change_by_points() -> None:
    ledger = lifetime(
        survey_answered("a", "2024-04-13 16:30", score=9),
        survey_answered("b", "2024-04-13 16:30", score=7),
        survey_answered("c", "2024-04-14 16:30", score=2),
    )
    assert before(ledger, "nps", "24h", "2024-04-15 15:20") == (50.0, -150.0)


def test_seconds_and_money_of_before_are_in_the_gauges_unit() -> None:
    ledger = lifetime(
        deal_won("a", "2024-04-13 16:30", amount_minor=12_345),
        deal_won("b", "2024-04-14 16:30", amount_minor=10**15),
    )
    previous, change = before(ledger, "revenue", "24h", "2024-04-15 15:20")
    assert previous == 123.45
    assert change == (10**15 - 12_345) / 12_345


def test_a_ratio_over_nothing_before_has_no_change() -> None:
    ledger = lifetime(lead_created("a", "2024-04-14 16:30"))
    ledger.take(lead_qualified("a", "2024-04-14 17:00", stage="accepted"))
    assert ledger.value("acceptance", "24h", now="2024-04-15 15:20") == 1.0
    assert before(ledger, "acceptance", "24h", "2024-04-15 15:20") == (None, None)
    assert before(ledger, "volume", "24h", "2024-04-15 15:20") == (0.0, None)


def test_a_slice_is_compared_with_itself() -> None:
    ledger = lifetime(
        *each(lambda n: lead_created(f"old-{n}", "2024-04-13 16:30", channel="web"), 2),
        lead_created("x", "2024-04-14 16:30", channel="web"),
        lead_created("y", "2024-04-14 16:30", channel="fair"),
    )
    found = ledger.slices("volume", "24h", "channel", "2024-04-15 15:20")
    assert {member: (one.previous, one.change) for member, one in found.items()} == {
        "web": (2.0, -0.5),
        "fair": (0.0, None),
    }


def test_now_and_what_is_not_held_are_not_compared() -> None:
    ledger = lifetime(customer_activated("c", "2020-01-01"), lead_created("a", "2024-04-15 10:00"))
    assert before(ledger, "customers", "now", "2024-04-15 15:20") == (None, None)
    assert before(ledger, "churn", "30d", "2024-04-15 15:20") == (None, None), (
        "a trailing measure without over"
    )
    assert before(ledger, "lifespan", "30d", "2024-04-15 15:20") == (None, None), "it names churn"


# -- Levels at any moment ---------------------------------------------------------------------------------

MOVES = st.lists(
    st.builds(
        lambda build, subject, at, channel, plan: build(subject, at, channel=channel, plan=plan),
        st.sampled_from([customer_activated, customer_churned]),
        st.sampled_from("abcd"),
        st.integers(0, 24 * 70).map(lambda hours: ms("2024-02-15") + hours * HOUR_MS),
        st.just("web"),
        st.sampled_from(["free", "pro"]),
    ),
    max_size=25,
)


@settings(max_examples=25)
@given(MOVES, st.sampled_from(["24h", "30d", "ytd"]), st.integers(0, 24 * 9))
def test_a_level_of_before_is_what_was_read_then(history: list[Event], window: str, back: int) -> None:
    now_ms = ms("2024-04-25 13:30") - back * HOUR_MS
    ends = {
        "24h": now_ms - now_ms % HOUR_MS - days(1),
        "30d": now_ms - now_ms % DAY_MS - days(30),
        "ytd": now_ms - now_ms % DAY_MS - days(365),
    }
    end_ms = ends[window]
    then = lifetime(*(one for one in history if ms(one["time"][:23]) < end_ms))
    everything = lifetime(*history)
    for dimension in ("all", "plan"):
        theirs = {one.member: one.value or 0 for one in then.readings(end_ms) if _is(one, dimension, "now")}
        for one in everything.readings(now_ms):
            if _is(one, dimension, window):
                assert one.previous == theirs.get(one.member, 0)


def _is(reading: object, dimension: str, window: str) -> bool:
    fields = ("kpi", "dimension", "window")
    return tuple(getattr(reading, name) for name in fields) == ("customers", dimension, window)


# -- prev, days, and KPIs by name -------------------------------------------------------------------------


def test_with_prev_all_is_over_whole_panes() -> None:
    ledger = lifetime(
        deal_won("a", "2024-04-12 16:30", amount_minor=100),
        deal_won("b", "2024-04-13 16:30", amount_minor=400),
        deal_won("c", "2024-04-14 16:30", amount_minor=500),
        deal_won("now", "2024-04-15 15:10", amount_minor=10**9),
    )
    reading = ledger.reading("growth", "24h", now="2024-04-15 15:20")
    assert reading.value == 0.25
    assert (reading.previous, reading.change) == (3.0, (0.25 - 3) / 3)


def test_growth_of_a_year_is_read_though_the_year_before_the_year_before_is_gone() -> None:
    ledger = lifetime(
        deal_won("a", "2023-03-01", amount_minor=200), deal_won("b", "2024-03-01", amount_minor=300)
    )
    reading = ledger.reading("growth", "365d", now="2024-04-15 15:20")
    assert (reading.value, reading.previous, reading.change) == (0.5, None, None)


def test_a_month_grows_against_as_much_of_the_month_before() -> None:
    ledger = lifetime(
        deal_won("a", "2023-02-28 12:00", amount_minor=100),
        deal_won("b", "2023-03-28 12:00", amount_minor=150),
        deal_won("beyond February", "2023-03-29 12:00", amount_minor=9_999),
    )
    assert ledger.value("growth", "mtd", now="2023-03-31 12:00") == 0.5
    assert ledger.value("growth", "mtd", now="2023-03-28 12:00") is None, "February's 28th lies beyond"


def test_customers_who_order_once_a_year_have_a_frequency_of_one() -> None:
    ledger = lifetime(*each(lambda n: customer_activated(f"c{n}", "2022-01-01"), 730))
    first = day("2023-04-16")
    orders = each(lambda n: deal_won(f"d{n}", first + n * DAY_MS // 2, amount_minor=5_000), 730)
    ledger.take(*orders)
    for window in ("30d", "90d", "365d"):
        assert ledger.value("frequency", window, now="2024-04-15") == 1.0
    ledger.take(customer_churned("c0", "2024-04-01"))
    assert ledger.value("lifespan", "30d", now="2024-04-15") == 5.0


def test_a_thousand_customers_with_one_order_a_year_have_a_frequency_of_one() -> None:
    ledger = lifetime(*each(lambda n: customer_activated(f"c{n}", "2022-01-01"), 1_000))
    ledger.take(*each(lambda n: deal_won(f"d{n}", day("2023-04-16") + n * 365 * DAY_MS // 1_000), 1_000))
    assert ledger.value("frequency", "365d", now="2024-04-15") == 1.0
    for window, length in (("30d", 30), ("90d", 90)):
        orders = ledger.reading("frequency", window, now="2024-04-15").value
        assert orders == pytest.approx(1, abs=365 / length / 1_000), "to one order"


def test_a_churn_of_5_percent_in_30_days_is_a_lifespan_of_1_64_years_and_none_is_5() -> None:
    ledger = lifetime(*each(lambda n: customer_activated(f"c{n}", "2022-01-01", plan="pro"), 20))
    assert ledger.value("lifespan", "30d", now="2024-04-15") == 5.0
    ledger.take(customer_churned("c0", "2024-04-01", plan="pro"))
    assert ledger.value("churn", "30d", now="2024-04-15") == 0.05
    assert ledger.value("lifespan", "30d", now="2024-04-15") == pytest.approx(1.64, abs=0.005)
    where = {"dimension": "plan", "member": "pro"}
    assert ledger.value("lifespan", "30d", now="2024-04-15", **where) == 30 / 365 / 0.05


def test_a_customer_is_worth_what_an_order_brings_times_frequency_and_lifespan() -> None:
    """50 an order, 4 orders a year, 5 years at most."""
    ledger = lifetime(*each(lambda n: customer_activated(f"c{n}", "2022-01-01"), 73))
    first = day("2023-04-16")
    ledger.take(*each(lambda n: deal_won(f"d{n}", first + n * DAY_MS * 365 // 292, amount_minor=5_000), 292))
    reading = ledger.reading("worth", "365d", now="2024-04-15", basis="revenue")
    assert reading.value == 50 * 4 * 5
    assert ledger.value("worth", "365d", now="2024-04-15", basis="half") == 500.0
    assert reading.labels == {"basis": "revenue", "currency": "USD"}


# -- Final ------------------------------------------------------------------------------------------------


def test_a_final_reading_is_of_the_window_that_ended_when_all_of_it_had_its_time() -> None:
    """Now is 15 May: the 30 days that ended on 15 April, and what was converted within 30 days."""
    ledger = lifetime(
        lead_created("before", "2024-03-15 12:00"),
        lead_created("a", "2024-03-16 00:00"),
        lead_converted("a", "2024-04-14 23:00"),
        lead_created("slow", "2024-03-20"),
        lead_converted("slow", "2024-05-01"),
        lead_created("b", "2024-04-14 23:59"),
        lead_converted("b", "2024-05-14 23:58"),
        lead_created("young", "2024-04-15 00:00"),
    )
    final = ledger.reading("conversion", "30d", now="2024-05-15 09:00", state="final")
    assert (final.value, final.numerator, final.denominator, final.samples) == (2 / 3, 2, 3, 3)
    assert (final.previous, final.previous_samples) == (0.0, 1)
    provisional = ledger.reading("conversion", "30d", now="2024-05-15 09:00", state="provisional")
    assert (provisional.numerator, provisional.denominator) == (0, 1)


def test_a_lead_of_march_converted_after_50_days_is_in_its_provisional_cohort_only() -> None:
    ledger = lifetime(lead_created("a", "2024-03-01"), lead_converted("a", "2024-04-20"))
    assert ledger.value("conversion", "365d", now="2024-06-30", state="provisional") == 1.0
    assert ledger.value("conversion", "365d", now="2024-06-30", state="final") == 0.0


# -- Large, and many --------------------------------------------------------------------------------------


def test_sums_beyond_what_a_float_can_tell_apart_are_exact() -> None:
    wins = [deal_won(f"d{n}", "2024-04-14 12:00", amount_minor=10**15 - n) for n in range(30)]
    ledger = lifetime(*wins)
    expected = 30 * 10**15 - 30 * 29 // 2
    assert expected > 2**53
    reading = ledger.reading("revenue", "30d", now="2024-04-15")
    assert (reading.numerator, reading.value) == (expected, expected / 100)


def test_every_one_of_41_members_is_read_over_all_partitions() -> None:
    partitions = [Ledger(PLAN) for _ in range(4)]
    for n in range(41):
        for at in range(n + 1):
            partitions[(n + at) % 4].take(lead_created(f"l{n}-{at}", "2024-04-14", channel=f"m{n}"))
    together = sum(partitions[1:], partitions[0])
    found = together.slices("volume", "30d", "channel", "2024-04-15 12:00")
    assert {member: one.value for member, one in found.items()} == {f"m{n}": n + 1 for n in range(41)}
    whole = together.value("volume", "30d", now="2024-04-15 12:00")
    assert sum(one.value or 0 for one in found.values()) == whole == 41 * 42 // 2


# -- What still holds -------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(ROUNDS, st.booleans())
def test_readings_that_still_hold_equal_those_that_are_computed_anew(
    rounds: Sequence[Round], ahead: bool
) -> None:
    ledger, reader, now_ms = Ledger(PLAN), Reader(PLAN), ms("2024-03-30 23:58:30")
    for events, step_ms in rounds:
        now_ms += step_ms
        ledger.take(*events_of(events, now_ms))
        assert reader.read(ledger, now_ms, ahead=ahead) == readings(PLAN, ledger, now_ms, ahead=ahead)


LATE = {
    "a level before all windows": customer_activated("c", "2023-01-01"),
    "in the window before": lead_created("b", "2024-03-01"),
    "in the window": lead_created("b", "2024-04-10"),
    "in this minute": lead_created("b", "2024-04-15 10:30:10"),
    "in a new slice": lead_created("b", "2024-04-10", channel="fair"),
    "a duration": lead_contacted("a", "2024-04-10"),
    "nothing": lead_created("a", "2024-04-01"),
}


@pytest.mark.parametrize("what", LATE)
@pytest.mark.parametrize("step_ms", [0, MINUTE_MS, DAY_MS])
def test_whatever_comes_late_is_seen_at_once(what: str, step_ms: int) -> None:
    ledger, reader = lifetime(lead_created("a", "2024-04-01"), deal_won("d", "2024-04-01")), Reader(PLAN)
    now_ms = ms("10:30:20")
    first = reader.read(ledger, now_ms, ahead=True)
    ledger.take(LATE[what])
    second = reader.read(ledger, now_ms + step_ms, ahead=True)
    assert second == readings(PLAN, ledger, now_ms + step_ms, ahead=True)
    assert step_ms or (first == second) == (what == "nothing")


def test_a_day_of_23_hours_that_comes_into_the_window_before_is_seen_at_once() -> None:
    """In Berlin, 31 March 2024 lies in the 30 days before from 1 May on; what was ordered stays the same."""
    ledger, reader = Ledger(BERLIN).take(customer_activated("c", "2022-01-01")), Reader(BERLIN)
    ledger.take(deal_won("a", "2024-03-15"), deal_won("b", "2024-04-15"))
    previous = []
    for now in ("2024-04-30 10:00", "2024-05-01 10:00"):
        found = reader.read(ledger, ms(now), ahead=True)
        assert found == readings(BERLIN, ledger, ms(now), ahead=True)
        previous += [one.previous for one in found if (one.kpi, one.window) == ("frequency", "30d")]
    assert previous == [365 / 30, 365 * 24 / 719]


def test_after_a_failure_nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, reader = lifetime(lead_created("a", "10:00")), Reader(PLAN)
    now_ms = ms("10:30")
    reader.read(ledger, now_ms, ahead=True)
    ledger.take(lead_created("b", "10:01"))
    windows, told = list(range(9)), ledger.window

    def breaks_at_last(tier: str, start_ms: int, end_ms: int) -> Mapping[str, int]:
        windows.pop()
        return told(tier, start_ms, end_ms)

    with monkeypatch.context() as broken:
        broken.setattr(ledger, "window", breaks_at_last)
        with pytest.raises(IndexError):
            reader.read(ledger, now_ms, ahead=True)
    assert reader.read(ledger, now_ms, ahead=True) == readings(PLAN, ledger, now_ms, ahead=True)
