"""Units: what a formula gives is what the KPI says it gives, for every formula of the KPIs that we define."""

from dataclasses import replace
from pathlib import Path

import pytest

from schemas.catalog import parse
from schemas.words import Unit
from streams.engine.faults import PlanFault
from streams.engine.kpis.formulas import compile_formula
from streams.engine.kpis.terms import Formula
from streams.engine.kpis.units import FITS, check_unit, money_measures
from streams.engine.measures.base import Measure
from tests.builders import shipped

MONEY = frozenset(
    {
        *("revenue", "sales", "sales_gross", "refunds", "sales_costed", "cost_of_goods", "cost", "benefits"),
        *("mrr", "mrr_kept"),
    }
)
COUNT = shipped().measures["leads"]
LEVEL = shipped().measures["customers"]
MEASURES: dict[str, Measure] = {
    **{
        name: replace(COUNT, name=name)
        for name in (*MONEY, "leads", "orders", "new", "lost", "points", "engaged")
    },
    **{
        name: replace(shipped().measures["customers"], name=name)
        for name in ("customers", "mrr", "components")
    },
    "mrr_kept": replace(COUNT, name="mrr_kept"),
    "downtime": replace(COUNT, name="downtime", kind="union"),
    "response": replace(shipped().measures["lead_response"], name="response"),
    "waiting": replace(shipped().measures["leads_waiting"], name="waiting"),
}
KPIS: dict[str, str] = {
    "churn": "lost / start(customers)",
    "frequency": "orders / avg(customers) * 365 / days",
    "lifespan": "min(5, days / 365 / churn) if churn > 0 else 5",
    "margin": "(sales_costed - cost_of_goods) / sales_costed",
    "cac": "(cost + cost) / new",
    "clv.margin": "sales / orders * frequency * lifespan * margin",
}


def kpi(name: str) -> Formula | None:
    return compile_formula(KPIS[name], MEASURES, kpi) if name in KPIS else None


GIVES: list[tuple[str, Unit]] = [
    ("leads", "count"),
    ("leads / orders", "ratio"),
    ("(start(customers) - lost) / start(customers)", "ratio"),
    ("cost / leads", "money"),
    ("revenue", "money"),
    ("end(mrr)", "money"),
    ("revenue / prev(revenue) - 1", "ratio"),
    ("refunds / sales_gross", "ratio"),
    ("(benefits - cost - cost) / (cost + cost)", "ratio"),
    ("mrr_kept / start(mrr)", "ratio"),
    ("churn", "ratio"),
    ("frequency", "ratio"),
    ("lifespan", "years"),
    ("min(5, days / 365 / churn)", "years"),
    ("sales / orders * frequency * lifespan", "money"),
    ("clv.margin", "money"),
    ("clv.margin / cac", "ratio"),
    (
        "cac / (sales * (sales_costed - cost_of_goods) / sales_costed / avg(customers) / (days * 12 / 365))",
        "months",
    ),
    ("100 * (leads - orders) / points", "points"),
    ("points / leads", "points"),
    ("quantile(response, 0.9)", "seconds"),
    ("mean(response)", "seconds"),
    ("oldest(waiting)", "seconds"),
    ("end(waiting)", "count"),
    ("downtime", "seconds"),
    ("1 - downtime / (end(components) * covered)", "ratio"),
    ("max(0, revenue - cost) if revenue > 0 else 0", "money"),
]


@pytest.mark.parametrize(("text", "unit"), GIVES)
def test_a_formula_gives_its_unit_and_none_of_another_kind(text: str, unit: Unit) -> None:
    formula = compile_formula(text, MEASURES, kpi)
    check_unit(formula, unit, MONEY)
    alike = [{"years", "months"}, {"count", "ratio", "points"}]
    may_be = next((units for units in alike if unit in units), {unit})
    for other in FITS.keys() - may_be:
        with pytest.raises(PlanFault, match=f"does not fit {other}"):
            check_unit(formula, other, MONEY)


FAULTS = [
    ("revenue + leads", "money and a number do not go together by +"),
    ("min(revenue, days)", "money and days do not go together by min"),
    ("revenue if leads > 3 else leads", "money and a number do not go together by if"),
    ("leads if revenue > leads else 1", "money and a number do not go together by >"),
    ("mean(response) + 1000", "milliseconds [+] a bare number"),
    ("days / covered * leads", "gives days per milliseconds, which does not fit count"),
    ("revenue * revenue", "gives money\\^2, which does not fit count"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_what_does_not_go_together_is_refused(text: str, message: str) -> None:
    with pytest.raises(PlanFault, match=message):
        check_unit(compile_formula(text, MEASURES, kpi), "count", MONEY)


SMALL = (Path(__file__).parents[2] / "schemas" / "small.yaml").read_text()

SUBJECT = """
  deal:
    id: deal_id
    steps: {won: {event: crm.deal.won}, lost: {event: crm.deal.lost}}
    registers:
      won_for: {event: crm.deal.won, fields: [amount_minor]}
      score: {event: crm.survey.answered, fields: [score]}
    maps: {parts: {event: crm.deal.won, key: product_id, field: amount_minor}}
    transitions:
      worth: [{event: crm.deal.won, state: {field: amount_minor}}]
      alive: [{event: crm.deal.won, state: 1}, {event: crm.deal.lost, state: 0}]
    measures:
      of_register: {sum: won_for.amount_minor, at: won}
      of_map: {sum: parts, at: won}
      of_score: {sum: score.score, at: won}
      worth: {level: worth}
      worth_a_year: {level: worth, value: 12 * now}
      members: {level: worth, value: "min(now, 1)"}
      alive: {level: alive}
      won_more: {movement: worth, which: expansion}
      became: {movement: alive, which: new}
      kept: {trailing: now if then > 0 else 0, of: worth}
      kept_gross: {trailing: "min(then, now)", of: worth}
      gone: {trailing: then and not now, of: worth}
"""


def test_a_measure_is_money_if_the_amounts_of_events_are_what_it_sums() -> None:
    parsed = parse(SMALL.replace("\n  cost:\n", f"{SUBJECT}  cost:\n"))
    assert parsed.catalog is not None, parsed.problems
    assert money_measures(parsed.catalog) == {
        *("of_register", "of_map", "worth", "worth_a_year", "won_more", "kept", "kept_gross", "cost"),
    }
