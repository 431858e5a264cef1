"""Limits: what a catalog may say of its KPIs. What is refused stands in tests/schemas/faults.txt."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.catalog import Catalog, parse
from streams.engine.kpis.guardrails import guardrail_notes
from streams.engine.kpis.limits import limit_faults
from tests.builders import plan_of, shipped

SMALL = (Path(__file__).parents[2] / "schemas" / "small.yaml").read_text()


def catalog(**volume: Any) -> Catalog:
    """The small catalog, with more said of its first KPI."""
    parsed = parse(SMALL)
    assert parsed.catalog is not None
    data = parsed.catalog.model_dump(by_alias=True, exclude_unset=True)
    data["kpis"]["volume"] |= volume
    return Catalog.model_validate(data)


def faults(**volume: Any) -> list[str]:
    return [message for _, message in limit_faults(catalog(**volume))]


# -- What may be said -------------------------------------------------------------------------------------


def alert(**given: Any) -> dict[str, Any]:
    return {"windows": ["24h"], "warn": 10, **given}


@pytest.mark.parametrize("good", ["up", "down"])
def test_thresholds_may_stand_in_order_or_be_the_same(good: str) -> None:
    ladder = [10.0, 8.0, 6.0, 4.0] if good == "up" else [4.0, 6.0, 8.0, 10.0]
    target, clear, warn, critical = ladder
    assert faults(good=good, target=target, alerts=[alert(warn=warn, critical=critical, clear=clear)]) == []
    assert faults(good=good, target=5, alerts=[alert(warn=5, critical=5, clear=5)]) == []


def test_thresholds_need_no_target_and_a_target_no_thresholds() -> None:
    assert faults(alerts=[alert()]) == faults(target=10) == []


def test_a_kpi_without_a_direction_may_have_a_target_and_a_benchmark() -> None:
    benchmark = {"low": 1, "high": 1, "source": "Us", "date": "2024-01-31"}
    assert faults(good="none", target=10, benchmark=benchmark) == []


def test_two_alerts_may_judge_two_windows_or_two_series() -> None:
    assert faults(alerts=[alert(), alert(windows=["30d"], name="month")]) == []
    twice = [{"formula": "leads"}, {"formula": "leads + leads", "gauge": "crm_twice"}]
    by_gauge = [alert(gauge="crm_leads"), alert(gauge="crm_twice")]
    assert faults(formula=None, series=twice, alerts=by_gauge) == []


@pytest.mark.parametrize("value", [0, 0.4, 1])
def test_a_proportion_may_be_anything_from_0_to_1(value: float) -> None:
    assert faults(unit="ratio", bounds="wilson", target=value, alerts=[alert(warn=value)]) == []


def test_a_ratio_that_is_no_proportion_may_be_more_than_1_or_less_than_0() -> None:
    assert faults(unit="ratio", target=3, alerts=[alert(warn=-0.5)]) == []


def test_money_and_points_may_be_below_0() -> None:
    assert faults(unit="money", target=-3) == faults(unit="points", target=-3) == []
    assert faults(unit="points", bounds="adjusted_wald", target=-101) == [
        "a score lies in -100..100 points, and -101 does not"
    ]


def test_what_is_wrong_with_a_formula_hides_no_fault_of_its_words() -> None:
    text = SMALL.replace("formula: leads\n", "formula: nothing\n    target: -1\n")
    parsed = parse(text)
    assert parsed.catalog is not None
    assert [message for _, message in limit_faults(parsed.catalog)] == [
        "nothing in unit count is below 0, as -1 is"
    ]


# -- Notes ------------------------------------------------------------------------------------------------


def notes(guardrail: dict[str, Any], **volume: Any) -> list[str]:
    """Of the KPI `volume` in 24h and 30d by channel, with the other KPI of the catalog as its guardrail."""
    data = catalog(guardrails=[{"kpi": "waiting", "why": "Because."}], **volume).model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    data["kpis"]["waiting"] |= {"formula": "leads", "dimensions": ["channel"], **guardrail}
    data["kpis"]["waiting"] = {
        key: value for key, value in data["kpis"]["waiting"].items() if value is not None
    }
    return guardrail_notes(plan_of(json.dumps(data)))  # JSON is YAML


def test_a_pair_that_shares_a_window_and_a_dimension_needs_no_note() -> None:
    assert notes({"windows": ["30d"]}) == []


@pytest.mark.parametrize(
    ("guardrail", "listed"),
    [
        ({"windows": ["7d"]}, "7d"),
        ({"windows": ["now"], "formula": "end(leads_open)"}, "none"),
        ({"windows": ["24h"], "formula": "oldest(leads_open)", "unit": "seconds"}, "none"),
    ],
)
def test_a_pair_without_a_window_in_common_that_has_one_before_it_is_told(
    guardrail: dict[str, Any], listed: str
) -> None:
    assert notes(guardrail, windows=["24h"]) == [
        "volume and its guardrail waiting share no window that has one before it: "
        f"they are never compared (24h; {listed})"
    ]


def test_a_pair_without_a_dimension_in_common_is_told_unless_there_is_nothing_to_share() -> None:
    both = {"windows": ["24h"]}
    assert notes({**both, "dimensions": []}) == [
        "volume and its guardrail waiting share no dimension: they are compared as a whole only"
    ]
    assert notes({**both, "dimensions": ["channel"]}, dimensions=[]) == []


def test_the_series_that_stands_for_a_kpi_is_the_one_that_must_share() -> None:
    first, final = {"formula": "leads", "windows": ["7d"]}, {"formula": "leads", "windows": ["24h"]}
    series = [{**first, "labels": {"state": "provisional"}}, {**final, "labels": {"state": "final"}}]
    assert len(notes({"formula": None, "series": series}, windows=["24h"])) == 1
    series[1]["mature_after"] = "7d"
    assert notes({"formula": None, "series": series}, windows=["24h"]) == []


def test_of_the_shipped_catalog_only_what_counts_distinct_subjects_has_no_window_before() -> None:
    """Who was active in a window that ended earlier is not known: such pairs are to be read together."""
    never = [note.split(" and ")[0] for note in guardrail_notes(shipped()) if "share no window" in note]
    assert never == ["engagement", "interactions_per_engaged", "crm_roi", "adoption"]
