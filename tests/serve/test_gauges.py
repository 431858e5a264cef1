"""The gauges, as a scrape shows them."""

from dataclasses import replace

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from streams.engine.plan import Plan
from streams.engine.readings import Reading
from streams.serve import gauges
from streams.serve.board import Shown
from streams.serve.follower import Stale
from streams.serve.gauges import Exposition, FreshnessCollector, KpiCollector
from tests.builders import (
    CATALOG,
    customer_activated,
    deal_won,
    lead_contacted,
    lead_converted,
    lead_created,
    plan_of,
    shipped,
)
from tests.serve.builders import NOW_MS, sample, samples, showing

WHOLE = {"window": "24h", "dimension": "all", "member": "all"}


def scrape(shown: Shown, plan: Plan | None = None) -> str:
    """The board's gauges in one registry, written anew."""
    registry = CollectorRegistry()
    registry.register(KpiCollector(plan or shipped(), lambda: shown))
    registry.register(FreshnessCollector(lambda: shown))
    return generate_latest(registry).decode()


def test_a_reading_is_a_series_of_its_gauge_in_base_units() -> None:
    text = scrape(
        showing(
            lead_created("lead-1", "10:00", channel="web"),
            lead_created("lead-2", "10:00", channel="mail"),
            lead_contacted("lead-1", "10:07"),
            lead_converted("lead-1", "12:00"),
        )
    )
    assert sample(text, "crm_leads", **WHOLE) == 2
    assert sample(text, "crm_leads", window="24h", dimension="channel", member="web") == 1
    assert sample(text, "crm_lead_conversion_ratio", **WHOLE, state="provisional") == 0.5
    assert sample(text, "crm_lead_response_seconds_mean", **WHOLE, clock="calendar") == 7 * 60
    assert sample(text, "crm_leads_waiting", window="now", dimension="all", member="all") == 1


def test_money_is_in_major_units_with_its_currency() -> None:
    text = scrape(showing(deal_won("deal-1", amount_minor=12_345, currency="USD")))
    assert sample(text, "crm_revenue", **WHOLE, currency="USD") == 123.45
    assert sample(text, "crm_kpi_numerator", kpi="revenue", **WHOLE) == 12_345


def test_numerators_and_denominators_stand_beside_the_gauges_with_one_set_of_labels() -> None:
    text = scrape(showing(lead_created("lead-1"), lead_created("lead-2"), lead_converted("lead-1", "12:00")))
    assert sample(text, "crm_kpi_numerator", kpi="lead_conversion", **WHOLE) == 1
    assert sample(text, "crm_kpi_denominator", kpi="lead_conversion", **WHOLE) == 2
    names = {"kpi", "window", "dimension", "member", "quantile", "clock", "state", "kind", "currency"}
    families = samples(text)
    for family in ("crm_kpi_numerator", "crm_kpi_denominator"):
        assert families[family]
        assert all(one.labels.keys() == names for one in families[family])


def test_the_number_of_those_who_wait_is_the_numerator_and_not_their_age() -> None:
    text = scrape(showing(lead_created("lead-1", "10:00")))
    now = {"window": "now", "dimension": "all", "member": "all"}
    assert sample(text, "crm_leads_waiting_oldest_seconds", **now) == 8 * 3600
    assert sample(text, "crm_kpi_numerator", kpi="leads_waiting", **now) == 1


def test_all_series_of_a_family_have_the_same_label_names() -> None:
    text = scrape(showing(lead_created("lead-1", "10:00"), lead_contacted("lead-1", "10:07")))
    for family, found in samples(text).items():
        assert len({frozenset(one.labels) for one in found}) <= 1, family
    assert {frozenset(one.labels) for one in samples(text)["crm_lead_response_seconds"]} == {
        frozenset({"window", "dimension", "member", "quantile", "clock"})
    }


def test_a_reading_without_value_has_no_series_and_a_count_over_nothing_is_0() -> None:
    text = scrape(showing(customer_activated("customer-1")))
    families = samples(text)
    assert families["crm_win_ratio"] == []
    assert sample(text, "crm_kpi_denominator", kpi="win_rate", **WHOLE) is None
    assert sample(text, "crm_leads", **WHOLE) == 0


def test_no_series_carries_a_timestamp() -> None:
    found = samples(scrape(showing(lead_created("lead-1"))))
    assert all(one.timestamp is None for family in found.values() for one in family)


def test_help_says_what_the_kpi_is_for() -> None:
    text = scrape(Shown())
    assert (
        "# HELP crm_revenue Revenue. Sell. "
        "Bookings - the amounts of deals that stand won, at the time they were won.\n"
    ) in text


def test_every_kpi_of_the_catalog_is_told_of() -> None:
    info = samples(scrape(Shown()))["crm_kpi_info"]
    assert {one.labels["kpi"] for one in info} == shipped().catalog.kpis.keys()
    assert {
        "kpi": "churn",
        "title": "Customer churn",
        "group": "customers",
        "owner": "success",
        "unit": "ratio",
        "good": "down",
        "guardrail": "",
    } in [one.labels for one in info]
    assert all(one.value == 1 for one in info)


def test_freshness_is_shown_as_far_as_it_is_known() -> None:
    families = samples(scrape(Shown()))
    assert families["crm_event_lag_seconds"] == families["crm_kpi_last_event_timestamp_seconds"] == []
    assert sample(scrape(Shown()), "crm_partitions_stale") == 0
    stale = [Stale(2, "no worker owns it")]
    text = scrape(Shown(NOW_MS, [], newest_ms=1_763_800_000_500, stale=stale, lag_ms={0: 250, 1: 40}))
    assert sample(text, "crm_partitions_stale") == 1
    assert sample(text, "crm_kpi_last_event_timestamp_seconds") == 1_763_800_000.5
    assert sample(text, "crm_event_lag_seconds", partition="0") == 0.25


def test_members_may_be_called_anything() -> None:
    name = 'a"b\\c|d\n<script>'
    text = scrape(showing(lead_created("lead-1", channel="web", team=name)))
    assert sample(text, "crm_leads", window="24h", dimension="team", member=name) == 1


def test_whole_numbers_above_2_to_the_53_are_shown_as_near_as_a_double_can() -> None:
    shown = showing(lead_created("lead-1"))
    readings = [replace_value(reading) for reading in shown.readings if reading.kpi == "lead_volume"]
    text = scrape(replace(shown, readings=readings))
    assert sample(text, "crm_kpi_numerator", kpi="lead_volume", **WHOLE) == float(10**30)


def replace_value(reading: Reading) -> Reading:
    return msgspec.structs.replace(reading, numerator=10**30)


def test_a_catalog_may_have_labels_of_its_own() -> None:
    text = CATALOG.read_text().replace(
        "gauge: crm_win_ratio", "gauge: crm_win_ratio\n    labels: {basis: deals}"
    )
    plan = plan_of(text)
    scraped = scrape(showing(deal_won("deal-1"), plan=plan), plan)
    assert sample(scraped, "crm_win_ratio", **WHOLE, basis="deals") == 1
    assert sample(scraped, "crm_kpi_denominator", kpi="win_rate", **WHOLE, basis="deals") == 1
    assert sample(scraped, "crm_kpi_numerator", kpi="lead_volume", **WHOLE, basis="") == 0


def test_a_scrape_gets_the_whole_registry() -> None:
    shown = showing(lead_created("lead-1"), stale=[Stale(2, "no worker owns it")], lag_ms={0: 250})
    assert Exposition(shipped(), lambda: shown).text().decode() == scrape(shown)


def test_the_same_readings_are_written_once_however_often_they_are_scraped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[CollectorRegistry] = []

    def write(registry: CollectorRegistry) -> bytes:
        written.append(registry)
        return generate_latest(registry)

    monkeypatch.setattr(gauges, "generate_latest", write)
    shown = [showing(lead_created("lead-1"))]
    exposition = Exposition(shipped(), lambda: shown[0])
    assert sample(exposition.text().decode(), "crm_partitions_stale") == 0
    shown.append(replace(shown.pop(), stale=[Stale(2, "no worker owns it")]))
    text = exposition.text().decode()
    assert sample(text, "crm_partitions_stale") == 1, "how fresh they are is new at every scrape"
    assert sample(text, "crm_leads", **WHOLE) == 1
    assert len(written) == 1 + 2
    shown.append(showing(lead_created("lead-1"), lead_created("lead-2")))
    shown.pop(0)
    assert sample(exposition.text().decode(), "crm_leads", **WHOLE) == 2
