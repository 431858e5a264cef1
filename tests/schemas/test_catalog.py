"""A catalog that cannot be is refused with the path, the line, what is wrong and what would be right."""

from pathlib import Path

import pytest

from schemas.catalog import Catalog, parse
from schemas.words import span_ms
from streams.engine.plan import read_plan
from streams.errors import CatalogError
from tests.builders import CATALOG, shipped
from tests.faults import faults

SMALL = Path(__file__).with_name("small.yaml").read_text()


def changed(old: str, new: str) -> str:
    """The small catalog with one place changed."""
    assert SMALL.count(old) == 1, old
    return SMALL.replace(old, new)


def problems(text: str) -> list[str]:
    with pytest.raises(CatalogError) as refused:
        read_plan(text, "my.yaml")
    assert str(refused.value) == "\n".join(f"my.yaml: {problem}" for problem in refused.value.problems)
    return [str(problem) for problem in refused.value.problems]


# -- What is accepted -------------------------------------------------------------------------------------


def test_the_shipped_catalog_is_accepted() -> None:
    plan = shipped()
    assert list(plan.subjects) == list(plan.catalog.subjects)
    assert {series.kpi for series in plan.series} == set(plan.catalog.kpis)
    assert plan.open_measures == [
        *(
            "leads_waiting",
            "deals_open",
            "tickets_open",
            "incidents_open",
            "erasures_waiting",
            "erasures_overdue",
        ),
    ]


def test_every_kpi_of_the_shipped_catalog_says_what_it_is_for() -> None:
    for kpi in shipped().catalog.kpis.values():
        assert kpi.title and kpi.goal.endswith(".") and kpi.owner


def test_the_small_catalog_is_accepted() -> None:
    assert read_plan(SMALL, "my.yaml").catalog.version == 1


def test_a_catalog_that_is_written_as_json_is_accepted_too() -> None:
    parsed = parse(SMALL)
    assert parsed.catalog is not None
    again = parse(parsed.catalog.model_dump_json(exclude_defaults=True, serialize_as_any=True))
    assert isinstance(again.catalog, Catalog)


@pytest.mark.parametrize(
    ("span", "expected"),
    [("500ms", 500), ("90s", 90_000), ("5m", 300_000), ("24h", 86_400_000), ("800d", 69_120_000_000)],
)
def test_a_span_is_milliseconds(span: str, expected: int) -> None:
    assert span_ms(span) == expected


# -- What is refused --------------------------------------------------------------------------------------


FAULTS = faults(Path(__file__).with_name("faults.txt"), SMALL) | {
    "empty": ("", ["line 1: Input should be a mapping"]),
    "a list": ("- version: 1", ["line 1: Input should be a mapping"]),
    "a tab": (
        changed("    title: Leads", "\ttitle: Leads"),
        ["line 35: found character '\\t' that cannot start any token"],
    ),
    "a control character": (SMALL + "# \a\n", ["line 55: special characters are not allowed (#x07)"]),
    "a number that nobody can read": (
        changed("    formula: leads\n", f"    formula: leads\n    target: {'9' * 5_000}\n"),
        [
            f"line 45: '{'9' * 40}': Exceeds the limit (4300 digits) for integer string conversion: "
            "value has 5000 digits; use sys.set_int_max_str_digits() to increase the limit"
        ],
    ),
    "nested without end": ("[" * 1_000, ["line 1: nested too deeply"]),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_is_named_once_with_path_line_and_remedy(what: str) -> None:
    text, expected = FAULTS[what]
    assert problems(text) == expected


def test_all_faults_of_a_catalog_are_named_at_once() -> None:
    text = (
        SMALL.replace("time_zone: UTC", "time_zone: Moon")
        .replace("{event: crm.lead.created}\n", "{event: crm.lead.creatd}\n")
        .replace("start: booking.period_start", "start: booking.period")
        .replace("end(leads_open)", "leads_open")
        .replace("    dimensions: [channel]\n    formula: leads\n", "    formula: nothing\n")
    )
    assert [problem.partition(": ")[0] for problem in problems(text)] == [
        "line 2",
        "line 12",
        "line 32",
        "line 43",
    ]


def test_a_fault_that_several_series_share_is_named_once() -> None:
    series = "    series: [{formula: leads}, {formula: leads + leads, gauge: crm_leads_twice}]\n"
    text = changed("    formula: leads\n", series).replace(
        "{count: created}", "{count: created, tiers: [hour]}"
    )
    assert len(problems(text)) == 1


def test_a_fault_in_the_shipped_catalog_is_found_at_its_line() -> None:
    text = CATALOG.read_text().replace("formula: conversions / leads", "formula: conversion / leads")
    line = 1 + text[: text.index("formula: conversion / leads")].count("\n")
    assert problems(text) == [
        f"line {line}: kpis.lead_conversion_in_period.formula: "
        "unknown measure 'conversion' in 'conversion / leads'; did you mean 'conversions'?"
    ]
