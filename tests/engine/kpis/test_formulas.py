"""Formulas: exact arithmetic, with numerator and denominator, and plain words for what cannot be."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest

from streams.engine.buckets import Counts, bucket, estimate_ms
from streams.engine.expressions import ExpressionError
from streams.engine.kpis.formulas import compile_formula
from streams.engine.kpis.terms import Figures
from streams.engine.measures.base import Measure
from tests.builders import shipped


@dataclass
class Given:
    """Sums of one window and slice, by name."""

    sums: Mapping[str, int] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    """Levels at the end of the window."""
    spans_ms: Mapping[int, int] = field(default_factory=dict)
    """Duration in milliseconds -> how often; of every duration measure."""
    age_ms: int | None = None
    covered_ms: int = 0
    before: "Given | None" = None

    def sum(self, measure: Measure) -> int:
        return self.sums.get(measure.name, 0)

    def start(self, measure: Measure) -> int:
        return self.end(measure) - self.sum(measure)

    def end(self, measure: Measure) -> int:
        return self.totals.get(measure.name, 0)

    def trailing(self, measure: Measure) -> int:
        return self.sum(measure) + self.end(measure)

    def latest(self, measure: Measure) -> int:
        return self.sum(measure)

    def lasting_ms(self, measure: Measure) -> int:
        return self.sums[f"{measure.name} ms"]

    def suffix(self, measure: Measure, suffix: str) -> int:
        if suffix == "n":
            return self.sums.get(f"{measure.name}.n", 0)
        assert suffix == "sum"
        return sum(duration * number for duration, number in self.spans_ms.items())

    def durations(self, measure: Measure) -> Counts:
        ordered = sorted(self.spans_ms)
        return Counts([bucket(duration) for duration in ordered], map(self.spans_ms.__getitem__, ordered))

    def oldest_ms(self, measure: Measure) -> int | None:
        return self.age_ms


DOWNTIME = replace(shipped().measures["leads"], name="downtime", kind="union")
ENGAGED = replace(shipped().measures["leads"], name="engaged", kind="distinct", only_now=True)
MEASURES = {**shipped().measures, "downtime": DOWNTIME, "engaged": ENGAGED}


def figures(text: str, given: Given) -> Figures:
    return compile_formula(text, MEASURES).evaluate(given)


FLOWS = Given(
    sums={
        "leads": 8,
        "conversions": 6,
        "deals_won": 1,
        "deals_lost": 2,
        "revenue": 10**17 + 1,
        "revenue.n": 5,
        "cost_sales": 300,
        "downtime ms": 36_000,
        "engaged": 3,
    },
    totals={"customers": 10, "leads_waiting": 4},
    covered_ms=3_600_000,
)

GIVES = [
    ("leads", Figures(Fraction(8), 8, None, 8)),
    ("conversions / leads", Figures(Fraction(3, 4), 6, 8, 8)),
    ("deals_won / (deals_won + deals_lost)", Figures(Fraction(1, 3), 1, 3, 3)),
    ("100 * (conversions - deals_won) / leads", Figures(Fraction(500, 8), 5, 8, 8)),
    ("0.1 * conversions / leads", Figures(Fraction(6, 80), 6, 8, 8)),
    ("100 * leads", Figures(Fraction(800), 800, None, 8)),
    ("1 - conversions / leads", Figures(Fraction(1, 4), None, None, 8)),
    ("revenue", Figures(Fraction(10**17 + 1), 10**17 + 1, None, 5)),
    ("revenue / leads", Figures(Fraction(10**17 + 1, 8), 10**17 + 1, 8, 8)),
    ("leads / revenue", Figures(Fraction(8, 10**17 + 1), 8, 10**17 + 1, 5)),
    ("cost_sales", Figures(300, 300, None, None)),
    ("leads / cost_sales", Figures(Fraction(8, 300), 8, 300, None)),
    ("conversions / csat_answers", Figures(None, 6, 0, 0)),
    ("conversions / (leads - 8)", Figures(None, 6, 0, 0)),
    ("1 - conversions / csat_answers", Figures(None, None, None, 0)),
    ("(conversions / csat_answers) / leads", Figures(None, None, 8, 8)),
    ("conversions / (leads / csat_answers)", Figures(None, 6, None, 0)),
    ("leads / days", Figures(Fraction(8 * 24), 8, None, 8)),
    ("1 - downtime / covered", Figures(Fraction(99, 100), None, None, None)),
    ("1 - downtime / (end(customers) * covered)", Figures(Fraction(999, 1000), None, None, 10)),
    ("avg(customers)", Figures(10, None, None, 10)),
    ("engaged / end(customers)", Figures(Fraction(3, 10), 3, 10, 10)),
    ("min(leads, conversions)", Figures(6, 6, None, 6)),
    ("max(leads, conversions, 7.5)", Figures(8, None, None, 6)),
    ("min(leads, conversions / csat_answers)", Figures(None, None, None, 0)),
    ("5 if leads > 8 else conversions", Figures(6, 6, None, 6)),
    ("5 if leads >= 8 else conversions", Figures(5, 5, None, 8)),
    ("5 if leads == 8 else conversions / csat_answers", Figures(5, None, None, 8)),
    ("5 if conversions / csat_answers > 1 else leads", Figures(None, None, None, 0)),
    ("leads / prev(leads) - 1", Figures(None, None, None, 8)),
]


@pytest.mark.parametrize(("text", "expected"), GIVES)
def test_a_formula_gives_value_numerator_denominator_and_samples(text: str, expected: Figures) -> None:
    assert figures(text, FLOWS) == expected


def test_a_level_is_read_at_the_edges_of_a_window() -> None:
    level = Given(sums={"customers": -10}, totals={"customers": 90})
    assert figures("start(customers)", level) == Figures(Fraction(100), 100, None, 100)
    assert figures("end(customers)", level) == Figures(Fraction(90), 90, None, 90)


def test_the_mean_of_a_level_is_that_of_both_its_edges() -> None:
    level = Given(sums={"customers": -11}, totals={"customers": 90})
    assert figures("avg(customers)", level) == Figures(Fraction(191, 2), None, None, 90)


def test_prev_is_the_window_before() -> None:
    both = Given(sums={"revenue": 300, "revenue.n": 9}, before=Given(sums={"revenue": 200, "revenue.n": 4}))
    assert figures("revenue / prev(revenue) - 1", both) == Figures(Fraction(1, 2), None, None, 4)
    assert figures("prev(revenue + 2 * revenue) / revenue", both).value == 2
    assert compile_formula("revenue / prev(revenue) - 1", MEASURES).compares
    assert not compile_formula("revenue / leads", MEASURES).compares


def test_what_is_not_chosen_costs_nothing() -> None:
    class Untouchable(Given):
        def durations(self, measure: Measure) -> Counts:
            raise AssertionError("nobody asked for it")

    formula = compile_formula("leads if leads > 1 else mean(lead_response)", MEASURES)
    assert formula.value(Untouchable(sums={"leads": 2})) == 2
    formula = compile_formula("leads / conversions * mean(lead_response)", MEASURES)
    assert formula.value(Untouchable(sums={"leads": 2})) is None


def test_what_is_required_must_be_there_for_a_value_and_nothing_else() -> None:
    formula = compile_formula(
        "leads / conversions", MEASURES, requires=[MEASURES["cost_sales"], MEASURES["cost_marketing"]]
    )
    without = Given(sums={"leads": 3, "conversions": 2})
    assert formula.evaluate(without) == Figures(None, 3, 2, 2)
    assert formula.value(without) is None
    assert formula.value(Given(sums={**without.sums, "cost_marketing": 1})) == Fraction(3, 2)


def test_another_kpi_stands_for_its_value_and_its_samples() -> None:
    rate = compile_formula("conversions / leads", MEASURES)
    formula = compile_formula("1 - rate", MEASURES, lambda name: rate if name == "rate" else None)
    assert formula.evaluate(FLOWS) == Figures(Fraction(1, 4), None, None, 8)
    alone = compile_formula("rate", MEASURES, lambda name: rate)
    assert alone.evaluate(FLOWS) == Figures(Fraction(3, 4), 6, 8, 8)
    assert [one.measure.name for one in formula.operands] == ["conversions", "leads"]


def test_a_formula_knows_where_its_names_stand() -> None:
    formula = compile_formula(" 2*(revenue /\n prev(revenue + leads)) - min(1, days)", MEASURES)
    assert formula.text == "2*(revenue / prev(revenue + leads)) - min(1, days)"
    found = [formula.text[leaf.start : leaf.end] for leaf in formula.leaves]
    assert found == ["revenue", "prev(revenue + leads)", "days"]


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
    assert figures("oldest(leads_waiting)", Given()) == Figures(None, None, None, 0)


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
    ("xyz", r"unknown measure 'xyz' in 'xyz'; \d+ are known, most alike: \w+, \w+, \w+$"),
    ("customers", r"customers is a level: read it as start\(customers\) or end\(customers\) or avg"),
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
    ("max(leads)", "not allowed"),
    ("abs(leads)", "not allowed"),
    ("leads[0]", "not allowed"),
    ("prev(leads, 2)", "not allowed"),
    ("prev(leads / prev(leads))", "in prev"),
    ("avg(leads)", "read it as leads"),
    ("(lambda: leads)()", "not allowed"),
    ("leads.real.imag", "not allowed"),
    ("leads ** 2", "not allowed"),
    ("leads % 2", "not allowed"),
    ("-leads", "not allowed"),
    ("leads if leads else conversions", "is no comparison"),
    ("leads if leads in (1, 2) else conversions", "is no comparison"),
    ("leads if 1 < leads < 3 else conversions", "is no comparison"),
    ("leads if leads > 1 and leads < 3 else conversions", "is no comparison"),
    ("leads > 3", "not allowed"),
    ("leads.real", "unknown KPI 'leads.real'"),
    ("days / 365", "reads no measure"),
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
        compile_formula(text, MEASURES)
