"""Verdicts: a reading is judged by the alert of its series and window, in the direction that is good."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.kpis import Alert, Kpi, Series
from streams.engine.kpis.confidence import Interval
from streams.engine.kpis.verdicts import Judge, Verdict, judged_by
from tests.builders import Ledger, each, lead_converted, lead_created, plan_of

RATE: dict[str, Any] = {
    "title": "Rate",
    "group": "sales",
    "goal": "Sell.",
    "owner": "sales",
    "unit": "ratio",
    "good": "up",
    "gauge": "crm_rate",
    "windows": ["24h", "30d"],
    "formula": "a / b",
}


def judge(good: str = "up", **alert: Any) -> Judge:
    """Of a KPI with one alert in the window 24h."""
    declared = {"windows": ["24h"], "warn": 0.4, "critical": 0.2, **alert}
    kpi = Kpi.model_validate({**RATE, "good": good, "alerts": [declared]})
    return Judge.of(kpi, kpi.all_series()[0])


#        worse than critical | between | better than warn, or at a threshold
UP = [(0.1, "critical"), (0.2, "warn"), (0.3, "warn"), (0.4, "ok"), (0.5, "ok")]


@pytest.mark.parametrize(("value", "verdict"), UP)
def test_a_value_below_a_threshold_is_bad_where_up_is_good(value: float, verdict: str) -> None:
    assert judge().verdict("24h", value, 100, None) == verdict


@pytest.mark.parametrize(("value", "verdict"), UP)
def test_a_value_above_a_threshold_is_bad_where_down_is_good(value: float, verdict: str) -> None:
    mirrored = judge("down", warn=-0.4, critical=-0.2)
    assert mirrored.verdict("24h", -value, 100, None) == verdict


def test_without_a_critical_threshold_nothing_is_worse_than_a_warning() -> None:
    assert judge(critical=None).verdict("24h", 0.0, 100, None) == "warn"


def test_without_a_value_or_an_alert_for_the_window_there_is_no_verdict() -> None:
    assert judge().verdict("24h", None, 100, None) == "none"
    assert judge().verdict("30d", 0.1, 100, None) == "none"


@pytest.mark.parametrize(
    ("samples", "verdict"), [(29, "few_samples"), (30, "critical"), (None, "few_samples")]
)
def test_fewer_samples_than_the_alert_wants_page_nobody(samples: int | None, verdict: str) -> None:
    assert judge(min_samples=30).verdict("24h", 0.1, samples, None) == verdict


def test_an_alert_that_wants_no_samples_judges_what_has_none() -> None:
    assert judge().verdict("24h", 0.1, None, None) == "critical"


BOUND = [
    ("up", Interval(0.05, 0.5), "ok"),
    ("up", Interval(0.05, 0.39), "warn"),
    ("up", Interval(0.05, 0.19), "critical"),
    ("down", Interval(0.3, 0.9), "ok"),
    ("down", Interval(0.5, 0.9), "warn"),
    ("down", Interval(0.7, 0.9), "critical"),
]


@pytest.mark.parametrize(("good", "interval", "verdict"), BOUND)
def test_judged_by_the_bound_only_an_interval_that_is_bad_as_a_whole_is_bad(
    good: str, interval: Interval, verdict: str
) -> None:
    thresholds = {} if good == "up" else {"warn": 0.4, "critical": 0.6}
    by_bound = judge(good, judge="bound", **thresholds)
    assert by_bound.verdict("24h", 0.1 if good == "up" else 0.8, 100, interval) == verdict


def test_judged_by_the_bound_a_value_without_bounds_is_not_judged() -> None:
    assert judge(judge="bound").verdict("24h", 0.1, 100, None) == "none"


BADNESS: list[Verdict] = ["ok", "warn", "critical"]


@given(st.lists(st.floats(-1, 2), min_size=2), st.sampled_from(["up", "down"]))
def test_a_worse_value_never_has_a_better_verdict(values: list[float], good: str) -> None:
    judged = judge(good, **({} if good == "up" else {"warn": 0.4, "critical": 0.6}))
    ordered = sorted(values, reverse=good == "up")
    verdicts = [BADNESS.index(judged.verdict("24h", value, 1, None)) for value in ordered]
    assert all(one <= other for one, other in pairwise(verdicts))


# -- Which series is judged -------------------------------------------------------------------------------

RESPONSE = Kpi.model_validate(
    {
        **{key: value for key, value in RATE.items() if key != "formula"},
        "unit": "seconds",
        "good": "down",
        "series": [
            {"formula": "quantile(a, 0.5)", "labels": {"quantile": "0.5", "clock": "calendar"}},
            {"formula": "quantile(a, 0.9)", "labels": {"quantile": "0.9", "clock": "calendar"}},
            {"formula": "mean(a)", "gauge": "crm_rate_mean", "labels": {"clock": "calendar"}},
        ],
        "alerts": [
            {"windows": ["24h"], "labels": {"quantile": "0.9"}, "warn": 60},
            {"windows": ["30d"], "gauge": "crm_rate_mean", "warn": 30},
        ],
    }
)


def test_an_alert_judges_the_series_that_its_gauge_and_labels_name_and_no_other() -> None:
    median, p90, mean = RESPONSE.all_series()
    assert [judged_by(RESPONSE, alert) for alert in RESPONSE.alerts] == [[p90], [mean]]

    def verdicts(series: Series) -> list[Verdict]:
        return [Judge.of(RESPONSE, series).verdict(window, 100, 1, None) for window in ("24h", "30d")]

    assert verdicts(median) == ["none", "none"]
    assert verdicts(p90) == ["warn", "none"]
    assert verdicts(mean) == ["none", "warn"]


def test_an_alert_that_names_no_gauge_means_any_with_its_labels() -> None:
    assert len(judged_by(RESPONSE, Alert(windows=["24h"], warn=1))) == 3


# -- Of readings ------------------------------------------------------------------------------------------

JUDGED = """
version: 1
time_zone: UTC
currency: {report: USD}
dimensions: {channel: {keeps: first, members: 20}}
subjects:
  lead:
    id: lead_id
    dimensions: [channel]
    steps: {created: {event: crm.lead.created}, converted: {event: crm.lead.converted}}
    measures: {leads: {count: created}, leads_converted: {count: converted, at: created}}
kpis:
  rate:
    title: Lead conversion
    group: sales
    goal: Convert.
    owner: sales
    unit: ratio
    good: up
    gauge: crm_rate
    windows: [24h, 7d]
    dimensions: [channel]
    formula: leads_converted / leads
    bounds: wilson
    alerts: [{windows: [24h], warn: 0.5, critical: 0.2, min_samples: 10, judge: bound}]
"""


def test_readings_of_the_whole_and_of_slices_come_with_their_verdict() -> None:
    ledger = Ledger(plan_of(JUDGED))
    ledger.take(*each(lambda at: lead_created(f"web-{at}", channel="web"), 100))
    ledger.take(*each(lambda at: lead_created(f"mail-{at}", channel="mail"), 9))
    ledger.take(*each(lambda at: lead_created(f"fair-{at}", channel="fair"), 10))
    ledger.take(*each(lambda at: lead_converted(f"fair-{at}", "12:00"), 3))
    assert ledger.reading("rate", "24h").verdict == "critical"
    found = ledger.slices("rate", "24h", "channel")
    assert {member: one.verdict for member, one in found.items()} == {
        "web": "critical",
        "mail": "few_samples",
        "fair": "ok",  # 3 of 10 might be 60 of 100
    }
    assert ledger.reading("rate", "7d").verdict == "none"
