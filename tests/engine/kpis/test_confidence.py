"""Intervals: the published figures, the edges of what can be, and which formulas may have them."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.kpis.confidence import Interval, adjusted_wald, margin, wilson
from streams.errors import CatalogError
from tests.builders import Ledger, each, lead_converted, lead_created, plan_of, survey_answered

# -- Figures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "trials", "percent"),
    [(3, 3, (43.9, 100)), (4, 5, (37.6, 96.4)), (80, 100, (71.1, 86.7)), (0, 10, (0, 27.8))],
)
def test_wilsons_bounds_of_a_proportion(successes: int, trials: int, percent: tuple[float, float]) -> None:
    interval = wilson(successes, trials)
    assert interval is not None
    assert (round(100 * interval.lower, 1), round(100 * interval.upper, 1)) == percent


@pytest.mark.parametrize(
    ("promoters", "detractors", "answers", "half", "digits"),
    [(5, 2, 10, 42, 0), (50, 20, 100, 15, 0), (500, 200, 1000, 4.8, 1)],
)
def test_adjusted_walds_half_width_of_a_score(
    promoters: int, detractors: int, answers: int, half: float, digits: int
) -> None:
    interval = adjusted_wald(promoters, detractors, answers)
    assert interval is not None
    assert round((interval.upper - interval.lower) / 2, digits) == half


def test_two_values_differ_by_chance_as_the_squares_of_their_intervals_add_up() -> None:
    assert margin(Interval(0.1, 0.7), Interval(0.2, 1.0)) == pytest.approx(0.5)
    assert margin(Interval(0.1, 0.7), None) is margin(None, Interval(0.1, 0.7)) is None


def test_adjusted_walds_interval_lies_around_the_adjusted_score() -> None:
    interval = adjusted_wald(5, 2, 10)
    assert interval is not None
    assert round((interval.lower + interval.upper) / 2, 1) == 23.1


# -- Edges ------------------------------------------------------------------------------------------------

COUNTS = st.integers(0, 10**6)


@given(COUNTS, COUNTS)
def test_wilsons_bounds_hold_the_proportion_and_stay_between_0_and_1(successes: int, failures: int) -> None:
    trials = successes + failures
    interval = wilson(successes, trials)
    if not trials:
        assert interval is None
    else:
        assert interval is not None
        assert 0 <= interval.lower <= successes / trials <= interval.upper <= 1


@given(COUNTS, COUNTS, COUNTS)
def test_adjusted_walds_bounds_stay_between_100_points_to_both_sides(good: int, bad: int, rest: int) -> None:
    interval = adjusted_wald(good, bad, good + bad + rest)
    low, high = interval or (inf, inf)
    assert interval is None if not good + bad + rest else -100 <= low < high <= 100


def test_a_score_of_promoters_alone_is_clipped_at_100_points() -> None:
    praised, blamed = adjusted_wald(10_000, 0, 10_000), adjusted_wald(0, 10_000, 10_000)
    assert praised is not None and 99.8 < praised.lower < praised.upper == 100
    assert blamed is not None and -100 == blamed.lower < blamed.upper < -99.8


@pytest.mark.parametrize(("successes", "trials"), [(4, 3), (-1, 3), (0, 0), (1, 0), (-2, -1)])
def test_what_is_no_proportion_has_no_bounds(successes: int, trials: int) -> None:
    assert wilson(successes, trials) is None


@pytest.mark.parametrize("counts", [(2, 2, 3), (-1, 1, 3), (1, -1, 3), (0, 0, 0)])
def test_what_is_no_score_has_no_bounds(counts: tuple[int, int, int]) -> None:
    assert adjusted_wald(*counts) is None


def test_bounds_of_whole_numbers_of_any_size_are_finite() -> None:
    interval = wilson(10**30, 2 * 10**30)
    assert interval is not None
    assert interval.lower == pytest.approx(0.5) == interval.upper


# -- Of readings ------------------------------------------------------------------------------------------


SUMMED = """
version: 1
time_zone: UTC
currency: {report: USD}
dimensions: {channel: {keeps: first, members: 20}}
subjects:
  lead:
    id: lead_id
    dimensions: [channel]
    steps: {created: {event: crm.lead.created}, converted: {event: crm.lead.converted}}
    measures:
      leads: {count: created}
      leads_converted: {count: converted, at: created}
      conversions: {count: converted}
      cycle: {duration: created, to: converted}
  deal:
    id: deal_id
    dimensions: [channel]
    steps: {won: {event: crm.deal.won}}
    registers: {winning: {event: crm.deal.won, fields: [amount_minor]}}
    measures: {revenue: {sum: winning.amount_minor, at: won}}
  answer:
    id: response_id
    dimensions: [channel]
    steps: {answered: {event: crm.survey.answered}}
    registers: {answer: {event: crm.survey.answered, fields: [score]}}
    measures:
      answers: {count: answered}
      promoters: {count: answered, when: answer.score >= 9}
      detractors: {count: answered, when: answer.score <= 6}
"""
KPI = """
kpis:
  rate:
    title: Rate
    group: sales
    goal: More.
    owner: sales
    unit: {unit}
    good: up
    gauge: crm_rate
    windows: [24h]
    dimensions: [channel]
    formula: {formula}
    {bounds}
"""
SCORE = "100 * (promoters - detractors) / answers"


def ledger_of(formula: str, bounds: str = "bounds: wilson", unit: str = "ratio") -> Ledger:
    """With one KPI that is called rate."""
    return Ledger(plan_of(SUMMED + KPI.format(formula=formula, bounds=bounds, unit=unit)))


def test_a_reading_of_a_proportion_has_the_bounds_of_its_numerator_and_denominator() -> None:
    ledger = ledger_of("leads_converted / leads")
    ledger.take(*each(lambda at: lead_created(f"lead-{at}", channel="web"), 5))
    ledger.take(*each(lambda at: lead_converted(f"lead-{at}", "12:00"), 4))
    for where in ({}, {"dimension": "channel", "member": "web"}):
        found = ledger.reading("rate", "24h", **where)
        assert found.value == 0.8
        assert Interval(found.lower or 0, found.upper or 0) == wilson(4, 5)


def test_a_reading_of_a_score_has_the_bounds_of_promoters_and_detractors() -> None:
    ledger = ledger_of(SCORE, "bounds: adjusted_wald", "points")
    scores = [10] * 5 + [8] * 3 + [2] * 2
    ledger.take(*each(lambda at: survey_answered(f"answer-{at}", score=scores[at]), 10))
    found = ledger.reading("rate", "24h")
    assert found.value == 30
    assert Interval(found.lower or 0, found.upper or 0) == adjusted_wald(5, 2, 10)


def test_a_reading_without_value_or_of_a_kpi_without_bounds_has_none() -> None:
    ledger = ledger_of("leads_converted / leads").take(lead_created("lead-1", "10:00"))
    later = ledger.reading("rate", "24h", now="2024-04-20")
    assert (later.value, later.lower, later.upper) == (None, None, None)
    without = ledger_of("leads_converted / leads", bounds="").take(lead_created("lead-1", "10:00"))
    found = without.reading("rate", "24h")
    assert (found.value, found.lower, found.upper) == (0, None, None)


def test_more_successes_than_trials_have_a_value_but_no_bounds() -> None:
    ledger = ledger_of("conversions / leads")
    ledger.take(lead_created("a", "2024-04-01"), lead_created("b", "2024-04-15"))
    ledger.take(lead_converted("a", "2024-04-15 12:00"), lead_converted("b", "2024-04-15 12:00"))
    found = ledger.reading("rate", "24h")
    assert (found.value, found.lower, found.upper) == (2, None, None)


# -- Refused ----------------------------------------------------------------------------------------------

REFUSED = {
    ("count", "wilson"): "bounds: wilson are those of a KPI in unit ratio, not count",
    ("ratio", "adjusted_wald"): "bounds: adjusted_wald are those of a KPI in unit points, not ratio",
}


@pytest.mark.parametrize(("unit", "bounds"), REFUSED)
def test_bounds_that_do_not_fit_the_unit_are_refused(unit: str, bounds: str) -> None:
    with pytest.raises(CatalogError, match=REFUSED[unit, bounds]):
        ledger_of("leads" if unit == "count" else "leads / conversions", f"bounds: {bounds}", unit)


FORMULAS = {
    "leads_converted": "are those of a proportion, such as",
    "1 - leads_converted / leads": "are those of a proportion, such as",
    "100 * leads_converted / leads": "are those of a proportion, such as",
    "revenue / leads": "need numbers of subjects, and revenue in 'revenue / leads' is none",
    "leads_converted / mean(cycle)": "need numbers of subjects, and cycle in",
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_wilsons_bounds_of_what_is_no_proportion_are_refused_at_its_line(formula: str) -> None:
    line = SUMMED.count("\n") + 1 + KPI.partition("formula:")[0].count("\n")
    with pytest.raises(CatalogError) as refused:
        ledger_of(formula)
    assert f"line {line}: kpis.rate.formula: bounds: wilson {FORMULAS[formula]}" in str(refused.value)


@pytest.mark.parametrize(
    "formula",
    [
        "100 * promoters / answers",
        "10 * (promoters - detractors) / answers",
        "100 * (promoters + detractors) / answers",
        "100 * (promoters - detractors) / (answers + leads)",
        "promoters - detractors",
    ],
)
def test_adjusted_walds_bounds_of_another_formula_are_refused(formula: str) -> None:
    with pytest.raises(CatalogError, match="bounds: adjusted_wald are those of 100"):
        ledger_of(formula, "bounds: adjusted_wald", "points")
