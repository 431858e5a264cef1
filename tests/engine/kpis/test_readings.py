"""Readings: windows read exactly the panes they should, and slices add up to the whole."""

import re
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.kpis.confidence import no_bounds
from streams.engine.kpis.readings import Reader, Reading
from streams.engine.kpis.series import SeriesPlan
from tests.builders import (
    Event,
    Ledger,
    cost_recorded,
    customer_activated,
    customer_churned,
    day,
    days,
    deal_lost,
    deal_won,
    event,
    lead_contacted,
    lead_converted,
    lead_created,
    ms,
    shipped,
    survey_answered,
    ticket_created,
    ticket_resolved,
)

OLDEST = "crm_leads_waiting_oldest_seconds"

# -- Windows ----------------------------------------------------------------------------------------------

#   now: 15 April 2024, 15:20:30. A lead at each edge of a window: before it, in its first pane, now.
NOW = "2024-04-15 15:20:30"
FIRST = {
    "1h": "2024-04-15 14:20",
    "24h": "2024-04-14 15:00",
    "7d": "2024-04-08 15:00",
    "28d": "2024-03-18",
    "30d": "2024-03-16",
    "90d": "2024-01-16",
    "365d": "2023-04-16",
    "mtd": "2024-04-01",
    "qtd": "2024-04-01",
}


@pytest.mark.parametrize("window", FIRST)
def test_a_window_reads_its_first_pane_and_the_one_that_holds_now_and_nothing_else(window: str) -> None:
    start = ms(FIRST[window])
    ledger = Ledger().take(
        lead_created("before", at=start - 1),
        lead_created("first", at=start),
        lead_created("last", at=NOW),
    )
    assert ledger.value("lead_volume", window, now=NOW) == 2


def test_windows_that_end_at_the_wall_clock_take_panes_five_minutes_ahead_but_no_cost_of_tomorrow() -> None:
    late = ms("2024-04-15 23:58")
    ledger = Ledger().take(
        lead_created("now", at=late),
        lead_created("ahead", at=late + 5 * 60_000),
        lead_created("too far", at=late + 6 * 60_000),
        cost_recorded("k", amount_minor=300, period_start="2024-04-14", period_end="2024-04-16"),
    )

    def read(kpi: str, window: str, ahead: bool) -> int | None:
        found = ledger.readings(late, ahead=ahead)
        return next(
            one.numerator for one in found if (one.kpi, one.window, one.dimension) == (kpi, window, "all")
        )

    assert read("lead_volume", "1h", ahead=False) == 1
    assert read("lead_volume", "1h", ahead=True) == 2
    assert read("lead_volume", "30d", ahead=True) == 3, "to the width of a pane: tomorrow has begun"
    assert read("cost_per_lead", "30d", ahead=False) == read("cost_per_lead", "30d", ahead=True) == 200


def test_numbers_decay_as_time_goes_on() -> None:
    ledger = Ledger().take(lead_created("a", at="10:00"))
    found = [ledger.value("lead_volume", "1h", now=now) for now in ("09:59", "10:00", "11:00:59", "11:01")]
    assert found == [0, 1, 1, 0]


# -- Values -----------------------------------------------------------------------------------------------


def test_over_nothing_a_count_is_0_and_a_ratio_has_no_value() -> None:
    ledger = Ledger()
    found = ledger.readings(NOW)
    assert [one.dimension for one in found] == ["all"] * sum(len(one.windows) for one in ledger.plan.series)
    of = {(series.gauge, tuple(series.labels.items())): series.formula.text for series in ledger.plan.series}
    for one in found:
        counts = re.fullmatch(r"\w+|(start|end)\(\w+\)", of[one.gauge, tuple(one.labels.items())])
        assert one.value == (0 if counts else None), one


def test_a_ratio_over_nothing_keeps_its_numerator_for_the_whole_and_has_no_slice() -> None:
    ledger = Ledger().take(
        lead_created("a", at="2024-03-20", channel="web"), lead_converted("a", at="2024-04-10", channel="web")
    )
    whole = ledger.reading("lead_conversion_in_period", "mtd", now="2024-04-20")
    assert (whole.value, whole.numerator, whole.denominator) == (None, 1, 0)
    assert ledger.slices("lead_conversion_in_period", "mtd", "channel", "2024-04-20") == {}


def test_a_cost_kpi_has_no_value_while_no_cost_is_recorded_in_the_window() -> None:
    ledger = Ledger().take(
        lead_created("a", at="2024-04-10", channel="web"),
        lead_created("b", at="2024-04-10", channel="fair"),
        customer_activated("c", at="2024-04-10", channel="web"),
    )
    assert ledger.value("cost_per_lead", "30d", now="2024-04-15") is None
    assert ledger.value("cac", "30d", now="2024-04-15") is None
    ledger.take(cost_recorded("k", at="2024-04-11", channel="web", amount_minor=501, category="sales"))
    assert ledger.value("cost_per_lead", "30d", now="2024-04-15") is None
    assert ledger.value("cac", "30d", now="2024-04-15") == 5.01
    ledger.take(cost_recorded("l", at="2024-04-11", channel="web", amount_minor=300))
    assert ledger.value("cost_per_lead", "30d", now="2024-04-15") == 1.50
    slices = ledger.slices("cost_per_lead", "30d", "channel", "2024-04-15")
    assert {member: one.value for member, one in slices.items()} == {"web": 3.0}


def test_money_is_in_major_units_and_says_its_currency() -> None:
    ledger = Ledger().take(
        deal_won("d", amount_minor=129_900), deal_won("e", amount_minor=100, currency="EUR")
    )
    reading = ledger.reading("revenue", "24h")
    assert (reading.value, reading.numerator, reading.labels) == (1300.08, 130_008, {"currency": "USD"})
    assert all(("currency" in one.labels) == (one.unit == "money") for one in ledger.plan.series)


def test_durations_are_in_seconds_with_milliseconds_as_numerator() -> None:
    ledger = Ledger().take(lead_created("a", at="10:00"), lead_contacted("a", at="10:00:01.500"))
    mean = ledger.reading("lead_response", "1h", gauge="crm_lead_response_seconds_mean")
    assert (mean.value, mean.numerator, mean.denominator, mean.samples) == (1.5, 1_500, 1, 1)
    assert mean.labels == {"clock": "calendar"}
    p90 = ledger.reading("lead_response", "1h", quantile="0.9")
    assert (p90.numerator, p90.denominator, p90.samples) == (None, None, 1)
    assert p90.value == pytest.approx(1.5, rel=0.1)
    assert p90.labels == {"clock": "calendar", "quantile": "0.9"}


def test_quantiles_are_those_of_all_durations_of_a_slice_from_the_shortest_to_the_longest() -> None:
    """1, 2, 4, .. 512 s, each of them once, and an hour in another slice."""
    ledger = Ledger().take(lead_created("slow", at="10:00"), lead_contacted("slow", at="11:00"))
    for n in range(10):
        contacted = ms("10:00") + 1_000 * 2**n
        ledger.take(
            lead_created(f"lead-{n}", at="10:00", channel="web"), lead_contacted(f"lead-{n}", at=contacted)
        )

    def quantile(q: str, **where: str) -> float | None:
        return ledger.value("lead_response", "24h", quantile=q, **where)

    web = {"dimension": "channel", "member": "web"}
    assert quantile("0.5", **web) == pytest.approx(16, rel=0.1)
    assert quantile("0.9", **web) == pytest.approx(256, rel=0.1)
    assert quantile("0.99", **web) == pytest.approx(512, rel=0.1)
    assert quantile("0.99") == pytest.approx(3_600, rel=0.1)


# -- Who waits longest ------------------------------------------------------------------------------------


def test_the_age_of_the_oldest_is_exact_for_the_whole_and_to_pane_width_for_slices() -> None:
    ledger = Ledger().take(
        lead_created("a", at="10:17:42.123", channel="web"), lead_created("b", at="11:00", channel="web")
    )
    whole = ledger.reading("leads_waiting", "now", now=NOW, gauge=OLDEST)
    assert whole.numerator == ms(NOW) - ms("10:17:42.123")
    assert whole.value == pytest.approx((ms(NOW) - ms("10:17:42.123")) / 1000)
    assert whole.samples == 2

    def slice_age(*tiers: str) -> int | None:
        ledger.panes = {pane: cells for pane, cells in ledger.panes.items() if pane[0] in tiers}
        where = {"dimension": "channel", "member": "web", "gauge": OLDEST}
        return ledger.reading("leads_waiting", "now", now=NOW, **where).numerator

    assert slice_age("minute", "hour", "day") == ms(NOW) - ms("10:17")
    assert slice_age("hour", "day") == ms(NOW) - ms("10:00")
    assert slice_age("day") == ms(NOW) - day("2024-04-15")


def test_what_has_just_begun_at_midnight_is_seen_in_its_slice() -> None:
    ledger = Ledger().take(lead_created("a", at="00:00", channel="web"))
    where = {"dimension": "channel", "member": "web", "gauge": OLDEST}
    assert ledger.value("leads_waiting", "now", now="00:00", **where) == 0.0


def test_when_nobody_waits_there_is_no_oldest() -> None:
    ledger = Ledger().take(lead_created("a", at="10:00", channel="web"), lead_contacted("a", at="10:01"))
    assert ledger.value("leads_waiting", "now", gauge=OLDEST) is None
    ages = [one for one in ledger.readings() if one.gauge == OLDEST]
    assert [one.dimension for one in ages] == ["all"]


# -- Slices -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["web", "a|b", "|", "all", "unknown", "ÿ 東", "x" * 200, "a.b", "!", " "])
def test_a_member_may_have_any_name(member: str) -> None:
    ledger = Ledger().take(
        lead_created("a", at="10:00", channel=member), lead_contacted("a", at="10:30", channel=member)
    )
    assert set(ledger.slices("lead_volume", "24h", "channel")) == {member}
    p90 = ledger.reading("lead_response", "24h", quantile="0.9", dimension="channel", member=member)
    assert p90.samples == 1


def test_a_missing_or_empty_member_is_unknown() -> None:
    ledger = Ledger().take(lead_created("a"), lead_created("b", channel=""), lead_created("c", channel=None))
    assert {member: one.value for member, one in ledger.slices("lead_volume", "24h", "channel").items()} == {
        "unknown": 3
    }


def test_counters_beside_the_measures_disturb_no_reading() -> None:
    ledger = Ledger().take(lead_created("a"))
    expected = ledger.readings()
    ledger.running.update({"!applied": 3, "!rejects.bad_value": 2, "!rejects.b7": 1, "!newest_ms": 10**13})
    assert ledger.readings() == expected


Series = tuple[str, tuple[tuple[str, str], ...], str]
"""(gauge, labels, window)."""
SHARES = (
    *("lead_conversion", "win_rate", "retention", "churn", "csat", "first_contact_resolution"),
    *("lead_acceptance", "reopen_rate"),
)

CHANNELS = st.sampled_from([None, "web", "phone"])
PLANS = st.sampled_from([None, "free", "pro"])
TIMES = st.sampled_from([ms("2024-04-15 12:00") - days(back) for back in (0, 0.01, 2, 29, 31, 60, 300)])


BUILDERS = st.sampled_from(
    [
        *(lead_created, lead_contacted, lead_converted, deal_won, deal_lost, customer_activated),
        *(customer_churned, ticket_created, ticket_resolved, survey_answered, cost_recorded),
    ]
)
HISTORIES = st.lists(
    st.builds(
        lambda build, subject, at, channel, plan: build(subject, at, channel=channel, plan=plan),
        *(BUILDERS, st.sampled_from("abc"), TIMES, CHANNELS, PLANS),
    ),
    min_size=5,
    max_size=25,
)


def adds_up(series: SeriesPlan) -> bool:
    """Of one measure, or a share of one; but an age is no sum, nor a comparison with the window before."""
    formula = series.formula
    share = series.interval is not no_bounds
    ages = any(operand.function == "oldest" for operand in formula.operands)
    return (share or len(formula.operands) == 1) and not (ages or formula.compares)


@settings(max_examples=25)
@given(HISTORIES)
def test_the_slices_of_every_dimension_add_up_to_the_whole(history: list[Event]) -> None:
    ledger = Ledger().take(*history)
    wholes: dict[Series, Reading] = {}
    parts: dict[tuple[Series, str], list[Reading]] = defaultdict(list)
    for one in ledger.readings("2024-04-15 12:00"):
        series = (one.gauge, tuple(sorted(one.labels.items())), one.window)
        if one.dimension == "all":
            wholes[series] = one
        else:
            parts[series, one.dimension].append(one)
            assert one.value is not None
    additive = {(one.gauge, tuple(sorted(one.labels.items()))) for one in ledger.plan.series if adds_up(one)}
    assert len(additive) > 50
    for (series, _), slices in parts.items():
        whole = wholes[series]
        if series[:2] not in additive:
            continue
        assert sum(one.samples or 0 for one in slices) == (whole.samples or 0)
        if whole.denominator is None and whole.numerator is not None:
            assert sum(one.numerator or 0 for one in slices) == whole.numerator


@settings(max_examples=25)
@given(HISTORIES)
def test_a_share_of_something_is_between_none_and_all_of_it(history: list[Event]) -> None:
    ledger = Ledger().take(*history)
    found = ledger.readings("2024-04-15 12:00")
    churned = {
        (one.window, one.dimension, one.member): one.numerator
        for one in found
        if one.kpi == "churn" and one.labels["kind"] == "all"
    }
    for one in found:
        if one.kpi not in SHARES:
            continue
        assert one.numerator is not None and one.denominator is not None
        assert 0 <= one.numerator <= one.denominator
        if one.kpi == "retention":
            assert churned[one.window, one.dimension, one.member] == one.denominator - one.numerator


def test_what_becomes_due_is_seen_by_who_reads_again_though_no_event_came() -> None:
    requested = event("crm.erasure.requested", "2024-03-01", {"request_id": "r", "customer_id": "c"})
    reader, ledger = Reader(shipped()), Ledger().take(requested)
    for now, overdue in (("2024-03-30", 0), ("2024-04-01", 1)):
        again = reader.read(ledger, ms(now), ahead=False)
        assert again == ledger.readings(now)
        (reading,) = (one for one in again if (one.kpi, one.dimension) == ("erasures_overdue", "all"))
        assert (reading.value, reading.verdict) == (overdue, "critical" if overdue else "ok")
