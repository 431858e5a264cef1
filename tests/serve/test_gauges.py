"""The gauges, as a scrape shows them."""

from dataclasses import replace

import msgspec
import pytest

from streams.engine.kpis.guardrails import Breach, breaches
from streams.engine.kpis.readings import Reading
from streams.engine.kpis.sizes import sizes
from streams.engine.plan import Plan
from streams.serve.board import Shown
from streams.serve.follower import Stale
from streams.serve.gauges import Exposition
from streams.serve.kpi_gauges import KpiGauges
from streams.serve.server_memory import Memory
from tests.builders import (
    CATALOG,
    Event,
    Ledger,
    customer_activated,
    deal_won,
    lead_contacted,
    lead_converted,
    lead_created,
    lead_qualified,
    ms,
    plan_of,
    shipped,
)
from tests.serve.builders import NOW_MS, sample, samples, showing

WHOLE = {"window": "24h", "dimension": "all", "member": "all"}
WEEK = {**WHOLE, "window": "7d"}


def scrape(shown: Shown, plan: Plan | None = None) -> str:
    """What a scrape gets."""
    return Exposition(plan or shipped(), lambda: shown).text().decode()


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
    names = {"kpi", "window", "dimension", "member"}.union(*(one.labels for one in shipped().series))
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
        "guardrail": ",".join(rail.kpi for rail in shipped().catalog.kpis["churn"].guardrails),
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


def test_the_memory_of_redis_is_told_while_it_answers() -> None:
    families = samples(scrape(Shown()))
    assert families["crm_redis_memory_bytes"] == families["crm_redis_memory_limit_bytes"] == []
    text = scrape(Shown(memory=Memory(used=700, limit=1_000)))
    assert sample(text, "crm_redis_memory_bytes") == 700
    assert sample(text, "crm_redis_memory_limit_bytes") == 1_000


def test_members_may_be_called_anything() -> None:
    name = 'a"b\\c|d\n<script>'
    text = scrape(showing(lead_created("lead-1", channel="web", team=name)))
    assert sample(text, "crm_leads", window="24h", dimension="team", member=name) == 1


def test_whole_numbers_above_2_to_the_53_are_shown_as_near_as_a_double_can() -> None:
    shown = showing(lead_created("lead-1"))
    readings = [replace_value(reading) for reading in shown.readings if reading.kpi == "lead_volume"]
    text = scrape(replace(shown, readings=readings))
    assert float(sample(text, "crm_kpi_numerator", kpi="lead_volume", **WHOLE) or 0) == float(10**30)


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


def test_the_same_readings_are_written_once_however_often_they_are_scraped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[Shown] = []
    text_of = KpiGauges.text

    def write(gauges: KpiGauges, shown: Shown) -> str:
        written.append(shown)
        return text_of(gauges, shown)

    monkeypatch.setattr(KpiGauges, "text", write)
    shown = [showing(lead_created("lead-1"))]
    exposition = Exposition(shipped(), lambda: shown[0])
    assert sample(exposition.text().decode(), "crm_partitions_stale") == 0
    shown.append(replace(shown.pop(), stale=[Stale(2, "no worker owns it")]))
    text = exposition.text().decode()
    assert sample(text, "crm_partitions_stale") == 1, "how fresh they are is new at every scrape"
    assert sample(text, "crm_leads", **WHOLE) == 1
    assert len(written) == 1
    shown.append(showing(lead_created("lead-1"), lead_created("lead-2")))
    shown.pop(0)
    assert sample(exposition.text().decode(), "crm_leads", **WHOLE) == 2


# -- What stands beside -----------------------------------------------------------------------------------

JUDGED = """
  leads_made:
    title: Lead volume
    group: sales
    goal: More.
    owner: sales
    unit: count
    good: up
    gauge: crm_leads_made
    windows: [24h]
    dimensions: [channel]
    formula: leads
    target: 50
    guardrails: [{kpi: taken, why: Many leads are easily had.}, {kpi: spent, why: At any price.}]
    alerts: [{windows: [24h], warn: 3, critical: 1}]
  taken:
    title: Lead acceptance
    group: sales
    goal: More.
    owner: sales
    unit: ratio
    good: up
    gauge: crm_taken_ratio
    windows: [24h]
    dimensions: [channel]
    formula: leads_accepted / leads_mql
    bounds: wilson
    target: 0.8
  spent:
    title: Spent
    group: sales
    goal: Less.
    owner: sales
    unit: money
    good: down
    gauge: crm_spent
    windows: [30d]
    formula: cost_marketing
    target: 1500
"""
SUMMED = CATALOG.read_text().partition("\nkpis:\n")[0] + "\nkpis:"
"""The shipped catalog without its KPIs."""
JUDGED_PLAN = plan_of(SUMMED + JUDGED)


def mqls(number: int, accepted: int) -> list[Event]:
    """Leads of the web that qualified, some of whom were accepted."""
    ids = [f"lead-{at}" for at in range(number)]
    return [
        *(lead_created(one, "09:00", channel="web") for one in ids),
        *(lead_qualified(one, "10:00", channel="web") for one in ids),
        *(lead_qualified(one, "11:00", stage="accepted", channel="web") for one in ids[:accepted]),
    ]


def judged(*events: Event) -> Shown:
    return showing(*events, plan=JUDGED_PLAN)


def test_bounds_stand_beside_the_gauge_for_the_whole_and_slices() -> None:
    text = scrape(judged(*mqls(5, accepted=4)), JUDGED_PLAN)
    for where in (WHOLE, {**WHOLE, "dimension": "channel", "member": "web"}):
        lower = sample(text, "crm_kpi_bound", kpi="taken", bound="lower", **where)
        upper = sample(text, "crm_kpi_bound", kpi="taken", bound="upper", **where)
        assert lower == pytest.approx(0.376, abs=0.001)
        assert upper == pytest.approx(0.964, abs=0.001)
    assert {one.labels["kpi"] for one in samples(text)["crm_kpi_bound"]} == {"taken"}


def test_a_target_is_told_once_in_the_unit_of_its_gauge() -> None:
    found = samples(scrape(Shown(), JUDGED_PLAN))["crm_kpi_target"]
    assert {(one.labels["kpi"], one.labels["currency"]): one.value for one in found} == {
        ("leads_made", ""): 50,
        ("taken", ""): 0.8,
        ("spent", "USD"): 1500,
    }


def test_the_guardrails_of_a_kpi_are_told_with_it() -> None:
    info = samples(scrape(Shown(), JUDGED_PLAN))["crm_kpi_info"]
    assert {one.labels["kpi"]: one.labels["guardrail"] for one in info}["leads_made"] == "taken,spent"


@pytest.mark.parametrize(("leads", "verdict"), [(1, 1), (2, 1), (3, 0)])
def test_a_verdict_is_a_number_that_rules_can_compare(leads: int, verdict: int) -> None:
    text = scrape(judged(*mqls(leads, accepted=0)), JUDGED_PLAN)
    where = {"kpi": "leads_made", "gauge": "crm_leads_made", **WHOLE}
    assert sample(text, "crm_kpi_verdict", **where) == verdict


def test_what_is_critical_is_2_and_without_an_alert_or_enough_samples_there_is_no_verdict() -> None:
    text = scrape(judged(), JUDGED_PLAN)
    found = samples(text)["crm_kpi_verdict"]
    assert [(one.labels["kpi"], one.value) for one in found] == [("leads_made", 2)]
    careful = JUDGED.replace("critical: 1}", "critical: 1, min_samples: 9}")
    plan = plan_of(SUMMED + careful)
    assert samples(scrape(showing(plan=plan), plan))["crm_kpi_verdict"] == []


def test_samples_are_told_of_the_windows_and_slices_that_an_alert_wants_enough_of() -> None:
    alert = "{windows: [24h], dimensions: [channel], warn: 0.7, min_samples: 9, judge: bound}"
    text = SUMMED + JUDGED.replace("    target: 0.8\n", f"    target: 0.8\n    alerts: [{alert}]\n").replace(
        "windows: [24h]\n    dimensions: [channel]\n    formula: leads_acc",
        "windows: [24h, 30d]\n    dimensions: [channel, team]\n    formula: leads_acc",
    )
    plan = plan_of(text)
    found = samples(scrape(showing(*mqls(5, accepted=4), plan=plan), plan))["crm_kpi_samples"]
    assert {(one.labels["window"], one.labels["dimension"], one.labels["member"]) for one in found} == {
        ("24h", "all", "all"),
        ("24h", "channel", "web"),
    }
    assert all(one.value == 5 for one in found)
    assert {(one.labels["kpi"], one.labels["gauge"]) for one in found} == {("taken", "crm_taken_ratio")}
    assert samples(scrape(judged(*mqls(5, accepted=4)), JUDGED_PLAN))["crm_kpi_samples"] == []


# -- Against the window before ----------------------------------------------------------------------------


def qualified(lead: str, day: str, accepted: bool) -> list[Event]:
    """A lead of the web that sales has accepted, or not."""
    stages = ["mql", *(["accepted"] if accepted else [])]
    return [
        lead_created(lead, f"{day} 10:00", channel="web"),
        *(lead_qualified(lead, f"{day} 11:00", stage=stage, channel="web") for stage in stages),
    ]


def test_leads_double_and_acceptance_falls_from_40_to_20_percent_from_event_to_gauge() -> None:
    before = [(f"before-{at}", "2024-04-03", at < 40) for at in range(100)]
    now = [(f"now-{at}", "2024-04-10", at < 40) for at in range(200)]
    events = [event for lead in (*before, *now) for event in qualified(*lead)]
    plan = plan_of(SUMMED + JUDGED.replace("windows: [24h]", "windows: [7d]"))
    readings = Ledger(plan).take(*events).readings("2024-04-15 09:00", folds=True)
    text = scrape(Shown(ms("2024-04-15 09:00"), readings, breaches=breaches(plan, readings)), plan)
    for where in (WEEK, {**WEEK, "dimension": "channel", "member": "web"}):
        assert sample(text, "crm_kpi_guardrail_breach", kpi="leads_made", **where) == 1
        assert sample(text, "crm_kpi_change", kpi="leads_made", **where) == 1
        assert sample(text, "crm_kpi_change", kpi="taken", **where) == -0.5
    (found,) = {one.sentence for one in breaches(plan, readings) if one.guardrail == "taken"}
    assert found == "Lead volume rose 100 % while lead acceptance fell from 40 % to 20 %"


def test_a_pair_that_was_compared_and_is_fine_is_0_and_one_that_was_not_has_no_series() -> None:
    fine = Breach("leads_made", "taken", "24h", "all", "all", breached=False, sentence="")
    text = scrape(Shown(NOW_MS, breaches=[fine]), JUDGED_PLAN)
    assert [one.value for one in samples(text)["crm_kpi_guardrail_breach"]] == [0]
    assert samples(scrape(Shown(), JUDGED_PLAN))["crm_kpi_guardrail_breach"] == []


# -- Many members -----------------------------------------------------------------------------------------


def test_the_twenty_largest_members_have_series_and_other_stands_for_the_rest() -> None:
    ids = [(size, f"{size}/{at}") for size in range(1, 42) for at in range(size)]
    ledger = Ledger().take(*(lead_created(one, channel=f"c{size:02}") for size, one in ids))
    ledger.take(*(lead_created(f"other/{at}", channel="other") for at in range(100)), lead_created("none"))
    text = scrape(Shown(NOW_MS, ledger.readings(NOW_MS, folds=True)))
    found = {
        one.labels["member"]: one.value
        for one in samples(text)["crm_leads"]
        if (one.labels["window"], one.labels["dimension"]) == ("24h", "channel")
    }
    assert found == {
        **{f"c{size:02}": size for size in range(22, 42)},
        "other": sum(range(1, 22)) + 100,
        "unknown": 1,
    }
    assert sum(found.values()) == sample(text, "crm_leads", **WHOLE)


def test_no_family_has_more_series_than_the_catalog_was_said_to_have() -> None:
    events = [lead_created(f"{at}", channel=f"c{at}", team=f"t{at % 30}") for at in range(60)]
    ledger = Ledger().take(*events, *(lead_converted(f"{at}", "12:00") for at in range(60)))
    text = scrape(Shown(NOW_MS, ledger.readings(NOW_MS, folds=True)))
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) <= sizes(shipped()).all_series


def test_what_is_folded_has_no_breach_of_its_own() -> None:
    one = Breach("leads_made", "taken", "24h", "channel", "tiny", breached=True, sentence="So.", folded=True)
    text = scrape(Shown(NOW_MS, breaches=[one]), JUDGED_PLAN)
    assert samples(text)["crm_kpi_guardrail_breach"] == []
