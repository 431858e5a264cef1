"""Explain: the formula with its numbers, and the panes that made them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.engine.kpis.explain import Explanation, PaneSum, explain
from streams.errors import UnknownReading
from tests.builders import (
    Ledger,
    customer_activated,
    customer_churned,
    day,
    deal_won,
    each,
    lead_contacted,
    lead_created,
    lead_qualified,
    ms,
    plan_of,
)

PLAN = plan_of((Path(__file__).parent / "lifetime.yaml").read_text())
NOW = "2024-04-15 15:20"


def explained(ledger: Ledger, kpi: str, window: str, *slice_: str, **labels: str) -> Explanation:
    dimension, member = slice_ or ("all", "all")
    return explain(PLAN, ledger, ms(NOW), kpi, labels, window, dimension, member, ahead=True)


def hundred() -> Ledger:
    """A hundred customers, of whom twelve left in two days."""
    ledger = Ledger(PLAN).take(*each(lambda n: customer_activated(f"c{n}", "2023-01-01", plan="pro"), 100))
    ledger.take(*each(lambda n: customer_churned(f"c{n}", "2024-04-02 12:00", plan="pro"), 7))
    return ledger.take(*each(lambda n: customer_churned(f"c{50 + n}", "2024-04-09 12:00", plan="pro"), 5))


def test_a_ratio_is_explained_by_its_numbers_and_their_panes() -> None:
    found = explained(hundred(), "churn", "30d")
    assert (found.formula, found.filled) == ("lost / start(customers)", "12 / 100")
    assert (found.value, found.numerator, found.denominator, found.samples) == (0.12, 12, 100, 100)
    assert (found.start_ms, found.end_ms, found.unit) == (day("2024-03-16"), ms(NOW), "ratio")
    lost, start = found.operands
    left = [PaneSum(day("2024-04-02"), 7), PaneSum(day("2024-04-09"), 5)]
    assert (lost.text, lost.measure, lost.value, lost.tier, lost.panes) == ("lost", "lost", "12", "day", left)
    assert (start.text, start.value, start.running) == ("start(customers)", "100", 88)
    assert start.panes == [PaneSum(pane.start_ms, -pane.value) for pane in left]
    assert found.references == []


def test_a_slice_is_explained_by_its_own_panes() -> None:
    found = explained(hundred().take(customer_activated("x", "2024-04-03", plan="free")), "customers", "24h")
    assert found.filled == "89"
    sliced = explained(hundred(), "churn", "30d", "plan", "pro")
    assert (sliced.dimension, sliced.member, sliced.filled) == ("plan", "pro", "12 / 100")


def test_a_kpi_that_is_named_is_explained_in_the_same_window_and_slice() -> None:
    found = explained(hundred(), "lifespan", "30d", "plan", "pro")
    assert found.filled == f"min(5, {30 + 920 / 1440:.6g} / 365 / 0.12) if 0.12 > 0 else 5"
    assert found.operands == []
    (churn,) = found.references
    assert (churn.kpi, churn.window, churn.member, churn.filled) == ("churn", "30d", "pro", "12 / 100")
    assert churn.value == 0.12
    worth = explained(hundred(), "worth", "30d", basis="half")
    (revenue,) = worth.references
    assert revenue.labels == {"basis": "revenue", "currency": "USD"}
    assert [one.kpi for one in revenue.references] == ["frequency", "lifespan"]
    assert worth.filled == "none / 2", "without orders"


def test_the_window_before_is_explained_beside_the_window() -> None:
    ledger = Ledger(PLAN).take(
        deal_won("a", "2024-04-13 16:30", amount_minor=400),
        deal_won("b", "2024-04-14 16:30", amount_minor=500),
    )
    found = explained(ledger, "growth", "24h")
    assert (found.filled, found.value) == ("500 / 400 - 1", 0.25)
    assert [one.text for one in found.operands] == ["revenue", "prev(revenue)"]
    assert [one.panes for one in found.operands] == [
        [PaneSum(ms("2024-04-14 16:00"), 500)],
        [PaneSum(ms("2024-04-13 16:00"), 400)],
    ]
    assert (found.start_ms, found.end_ms) == (ms("2024-04-14 15:00"), ms("2024-04-15 15:00"))


def test_a_reading_is_explained_with_its_change() -> None:
    ledger = Ledger(PLAN).take(
        *each(lambda n: lead_created(f"a{n}", "2024-04-13 16:30"), 4), lead_created("b", "2024-04-14 16:30")
    )
    found = explained(ledger, "volume", "24h")
    assert (found.value, found.previous, found.change) == (1.0, 4.0, -0.75)
    reading = ledger.reading("volume", "24h", now=NOW)
    assert {name: getattr(found, name) for name in ("samples", "lower", "upper", "verdict")} == {
        name: getattr(reading, name) for name in ("samples", "lower", "upper", "verdict")
    }


def test_a_quantile_is_explained_by_how_many_durations_ended_in_each_pane() -> None:
    ledger = Ledger(PLAN).take(*each(lambda n: lead_created(f"a{n}", "2024-04-15 10:00"), 3))
    ledger.take(lead_contacted("a0", "10:05"), lead_contacted("a1", "11:05"), lead_contacted("a2", "11:30"))
    (operand,) = explained(ledger, "response", "24h").operands
    assert operand.text == "quantile(answer_time, 0.5)"
    assert operand.panes == [PaneSum(ms("10:00"), 1), PaneSum(ms("11:00"), 2)]
    assert operand.samples == 3


def test_what_is_now_has_no_panes() -> None:
    ledger = Ledger(PLAN).take(lead_created("a", "10:00"))
    found = explained(ledger, "waiting", "now")
    assert (found.start_ms, found.end_ms, found.filled) == (ms(NOW), ms(NOW), "1")
    assert [(one.tier, one.panes, one.running) for one in found.operands] == [("", [], 1)]


def test_over_nothing_is_explained_too() -> None:
    found = explained(Ledger(PLAN), "acceptance", "30d")
    assert (found.value, found.filled) == (None, "0 / 0")


def test_an_explanation_can_be_written_as_json() -> None:
    ledger = Ledger(PLAN).take(lead_created("a"), lead_qualified("a", "11:00", stage="accepted"))
    found = explained(ledger, "acceptance", "24h")
    text = msgspec.json.encode(found)
    assert msgspec.json.decode(text, type=Explanation) == found


UNKNOWN: list[tuple[tuple[str, ...], dict[str, str], str]] = [
    (("volum", "30d"), {}, "unknown KPI 'volum'; known: volume, acceptance"),
    (
        ("worth", "30d"),
        {"basis": "x"},
        "series of worth 'basis=x'; known: basis=revenue, currency=USD, ",
    ),
    (("volume", "now"), {}, "unknown window 'now'; known: 5m, 15m"),
    (("volume", "30d", "plan", "pro"), {}, "unknown dimension 'plan'; known: all, channel"),
    (("volume", "30d", "channel", "fax"), {}, "unknown channel 'fax'; known: web"),
    (("volume", "30d", "all", "web"), {}, "unknown member 'web'; known: all"),
]


@pytest.mark.parametrize(("asked", "labels", "message"), UNKNOWN)
def test_what_is_not_there_is_answered_with_what_is(asked: Any, labels: dict[str, str], message: str) -> None:
    ledger = Ledger(PLAN).take(lead_created("a", channel="web"))
    with pytest.raises(UnknownReading, match=message):
        explained(ledger, *asked, **labels)
