"""Formulas: exact arithmetic, with numerator and denominator, and plain words for what cannot be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import pytest

from streams.engine.buckets import Counts, bucket, estimate_ms
from streams.engine.expressions import ExpressionError
from streams.engine.formulas import Figures, compile_formula
from streams.engine.measures.base import Measure
from tests.builders import shipped


@dataclass
class Given:
    """Sums of one window and slice, by name."""

    sums: Mapping[str, int] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    spans_ms: Mapping[int, int] = field(default_factory=dict)
    """Duration in milliseconds -> how often; of every duration measure."""
    age_ms: int | None = None

    def sum(self, measure: Measure) -> int:
        return self.sums.get(measure.name, 0)

    def total(self, measure: Measure) -> int:
        return self.totals.get(measure.name, 0)

    def suffix(self, measure: Measure, suffix: str) -> int:
        assert suffix == "sum"
        return sum(duration * number for duration, number in self.spans_ms.items())

    def durations(self, measure: Measure) -> Counts:
        ordered = sorted(self.spans_ms)
        return Counts([bucket(duration) for duration in ordered], map(self.spans_ms.__getitem__, ordered))

    def oldest_ms(self, measure: Measure) -> int | None:
        return self.age_ms


def figures(text: str, given: Given) -> Figures:
    return compile_formula(text, shipped().measures).evaluate(given)


FLOWS = Given(sums={"leads": 8, "conversions": 6, "deals_won": 1, "deals_lost": 2, "revenue": 10**17 + 1})

GIVES = [
    ("leads", Figures(Fraction(8), 8, None, 8)),
    ("conversions / leads", Figures(Fraction(3, 4), 6, 8, 8)),
    ("deals_won / (deals_won + deals_lost)", Figures(Fraction(1, 3), 1, 3, 3)),
    ("100 * (conversions - deals_won) / leads", Figures(Fraction(500, 8), 5, 8, 8)),
    ("0.1 * conversions / leads", Figures(Fraction(6, 80), 6, 8, 8)),
    ("100 * leads", Figures(Fraction(800), 800, None, None)),
    ("1 - conversions / leads", Figures(Fraction(1, 4), None, None, None)),
    ("revenue", Figures(Fraction(10**17 + 1), 10**17 + 1, None, None)),
    ("revenue / leads", Figures(Fraction(10**17 + 1, 8), 10**17 + 1, 8, 8)),
    ("conversions / csat_answers", Figures(None, 6, 0, 0)),
    ("conversions / (leads - 8)", Figures(None, 6, 0, 0)),
    ("1 - conversions / csat_answers", Figures(None)),
    ("(conversions / csat_answers) / leads", Figures(None, None, 8, 8)),
    ("conversions / (leads / csat_answers)", Figures(None, 6, None, None)),
]


@pytest.mark.parametrize(("text", "expected"), GIVES)
def test_a_formula_gives_value_numerator_denominator_and_samples(text: str, expected: Figures) -> None:
    assert figures(text, FLOWS) == expected


def test_a_level_is_read_at_the_edges_of_a_window() -> None:
    level = Given(sums={"customers": -10}, totals={"customers": 90})
    assert figures("start(customers)", level) == Figures(Fraction(100), 100, None, 100)
    assert figures("end(customers)", level) == Figures(Fraction(90), 90, None, 90)


def test_a_trailing_measure_is_its_sum_and_what_holds_now() -> None:
    lost = Given(sums={"customers_lost": 12}, totals={"customers_lost": -2, "customers": 100})
    assert figures("customers_lost / start(customers)", lost) == Figures(Fraction(1, 10), 10, 100, 100)


def test_mean_and_quantiles_of_a_duration() -> None:
    hours = Given(spans_ms={3_600_000: 1, 7_200_000: 2})
    assert figures("mean(lead_response)", hours) == Figures(Fraction(6_000_000), 18_000_000, 3, 3)
    median = estimate_ms(bucket(7_200_000))
    assert figures("quantile(lead_response, 0.5)", hours) == Figures(median, None, None, 3)


def test_of_nothing_there_is_neither_mean_nor_quantile_nor_age() -> None:
    assert figures("mean(lead_response)", Given()) == Figures(None, 0, 0, 0)
    assert figures("quantile(lead_response, 0.5)", Given()) == Figures(None, None, None, 0)
    assert figures("oldest(leads_waiting)", Given()) == Figures(None)


def test_the_age_of_the_oldest() -> None:
    waiting = Given(totals={"leads_waiting": 3}, age_ms=5_000)
    assert figures("oldest(leads_waiting)", waiting) == Figures(Fraction(5_000), 5_000, None, 3)


def test_the_operands_tell_which_measures_are_read_and_how() -> None:
    formula = compile_formula("customers_lost / start(customers)", shipped().measures)
    assert [(one.function, one.measure.name) for one in formula.operands] == [
        ("", "customers_lost"),
        ("start", "customers"),
    ]


FAULTS = [
    ("leeds / leads", "unknown measure 'leeds' in 'leeds / leads'; did you mean 'leads'"),
    ("xyz", "unknown measure 'xyz'.*; known: leads, leads_mql"),
    ("customers", r"customers is a level: read it as start\(customers\) or end\(customers\)"),
    ("leads_waiting", r"start\(leads_waiting\) or end\(leads_waiting\) or oldest\(leads_waiting\)"),
    ("lead_response", r"is a duration: read it as mean\(lead_response\) or quantile\(lead_response\)"),
    ("mean(leads)", "leads is a count: read it as leads in"),
    ("start(leads)", "read it as leads"),
    ("oldest(customers)", "read it as"),
    ("quantile(lead_response)", "not allowed"),
    ("quantile(lead_response, 90)", "a quantile between 0.0 and 1.0"),
    ("quantile(lead_response, 1.0)", "a quantile between 0.0 and 1.0"),
    ("quantile(lead_response, 0.5, exact=1)", "not allowed"),
    ("quantile(lead_response, leads)", "not allowed"),
    ("mean(lead_response, 0.5)", "not allowed"),
    ("mean(mean(lead_response))", "not allowed"),
    ("max(leads, conversions)", "not allowed"),
    ("leads ** 2", "not allowed"),
    ("leads % 2", "not allowed"),
    ("-leads", "not allowed"),
    ("leads if leads else conversions", "not allowed"),
    ("leads > 3", "not allowed"),
    ("leads.real", "not allowed"),
    ("'a' * leads / leads", "\"'a'\" is not allowed"),
    ("True * leads / leads", "'True' is not allowed"),
    ("1e400 * leads / leads", "not allowed"),
    ("1j * leads", "not allowed"),
    ("2 + 2", "reads no measure"),
    ("1", "not allowed|reads no measure"),
    ("", "is not an expression"),
    ("leads /", "is not an expression"),
    ("leads conversions", "is not an expression"),
    ("+".join(["leads"] * 20_000), "nested too deeply|is not an expression"),
    ("(" * 150 + "leads" + ")" * 150 + "+" + "-" * 3_000 + "1", "nested too deeply|is not an expression"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS, ids=lambda text: text[:30])
def test_what_a_formula_cannot_say(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        compile_formula(text, shipped().measures)
