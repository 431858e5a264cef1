"""Orders, costs and what follows from them, against answers computed by hand."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.oracle.history import activated, churned, cost, lead, paid, read, refunded, told, won

APRIL = {"period_start": "2024-04-01", "period_end": "2024-04-30"}


def booked(name: str) -> bytes:
    return cost("2024-04-02", 300_00, name, region=name, **APRIL)


def corrected(name: str) -> bytes:
    return cost("2024-04-03", 600_00, name, region=name, **APRIL)


def revised(name: str) -> bytes:
    return cost("2024-04-01", 600_00, name, region=name, revision=1, **APRIL)


def test_a_cost_is_spread_over_its_days_and_today_counts_whole(tmp_path: Path) -> None:
    """300 for April, told once; then 600, at a later time or by a revision; then the first again."""
    told_so = {
        "once": ([booked("once")], 150_00),
        "later": ([booked("later"), corrected("later")], 300_00),
        "revised": ([booked("revised"), revised("revised")], 300_00),
        "again": ([booked("again"), corrected("again"), booked("again")], 300_00),
    }
    history = []
    for region, (costs, _) in told_so.items():
        history += [*costs, lead("created", "2024-04-10", region, region=region)]
    found = read(tmp_path, history, as_of="2024-04-15 10:00")
    for region, (_, spent) in told_so.items():
        for window in ("mtd", "28d"):
            fraction = found.fraction("crm_cost_per_lead", window, "region", region, currency="USD")
            assert fraction == (spent, 1), (region, window)


def test_the_days_of_a_cost_add_up_to_it(tmp_path: Path) -> None:
    """100 minor units over 3 days are 33, 33 and 34."""
    history = [cost("2024-03-30", 100, period_start="2024-03-31", period_end="2024-04-02")]
    for day, spent in (("2024-03-31", 33), ("2024-04-01", 66), ("2024-04-02", 100), ("2024-04-03", 100)):
        found = read(tmp_path, history, as_of=f"{day} 10:00")
        assert found.of("crm_cost_per_lead", "90d", currency="USD").numerator == spent


# -- Orders -----------------------------------------------------------------------------------------------


def test_refunds_count_at_the_order_and_once_each(tmp_path: Path) -> None:
    """100 in May; 30 in June, 30 more, delivered twice; 10 more 200 days later: 70, 40, then 30."""
    history = [
        paid("2024-05-10"),
        refunded("2024-06-03", "a", 30_00, refund_id="r1"),
        refunded("2024-06-04", "a", 30_00, refund_id="r2"),
        refunded("2024-06-04", "a", 30_00, refund_id="r2"),
        refunded("2024-11-26", "a", 10_00),
        paid("2024-06-10", "june", 50_00),
    ]
    for events, left in ((2, 70_00), (4, 40_00), (5, 30_00)):
        found = read(tmp_path, [*history[:events], history[5]], as_of="2024-12-15 12:00")
        assert found.of("crm_sales", "365d", currency="USD").numerator == left + 50_00
    assert found.fraction("crm_refund_ratio", "365d") == (70_00, 150_00)
    assert found.fraction("crm_average_order", "365d", currency="USD") == (150_00, 2)
    assert found.of("crm_sales", "mtd", currency="USD").numerator == 0


def test_a_refund_of_an_unknown_order_counts_nowhere(tmp_path: Path) -> None:
    found = read(tmp_path, [refunded("2024-06-10", "a", 30_00)], as_of="2024-06-20")
    assert found.fraction("crm_refund_ratio", "30d") == (0, 0)


def test_a_thousand_customers_with_an_order_a_year_each_buy_once_a_year(tmp_path: Path) -> None:
    """Read at midnight; an order every 31,536 seconds."""
    customers = [activated("2021-01-01", f"c{n}") for n in range(1000)]
    start = datetime.fromisoformat("2023-06-01")
    orders = [
        paid((start + timedelta(milliseconds=31_536_000 * n)).isoformat(" "), f"o{n}", customer_id=f"c{n}")
        for n in range(1000)
    ]
    found = read(tmp_path, [*customers, *orders], as_of="2024-05-31")
    for window in ("30d", "90d", "365d"):
        assert found.of("crm_purchase_frequency", window).value == pytest.approx(1.0, rel=0.02)
    assert found.of("crm_purchase_frequency", "365d").value == 1.0
    assert found.of("crm_repeat_purchase_ratio", "365d").value == 0


def test_a_lifespan_is_the_inverse_of_churn_and_five_years_at_most(tmp_path: Path) -> None:
    base = [activated("2023-01-01", f"c{n}") for n in range(100)]
    stays = read(tmp_path, base, as_of="2024-06-30")
    assert stays.of("crm_customer_lifespan_years", "30d").value == 5
    leave = [churned("2024-06-15", f"c{n}") for n in range(5)]
    found = read(tmp_path, [*base, *leave], as_of="2024-06-30")
    assert found.of("crm_customer_lifespan_years", "30d").value == pytest.approx(30 / 365 / 0.05)
    assert found.of("crm_customer_lifespan_years", "30d").value == pytest.approx(1.64, abs=0.005)


def test_clv_is_order_value_times_frequency_times_lifespan_and_at_margin_less(tmp_path: Path) -> None:
    """An order of 50, four a year, three years (a third leaves in the year): 600, at 70 % margin 420."""
    customers = [activated("2023-01-01", f"c{n}") for n in range(3)]
    orders = [
        paid(f"2024-0{2 + n % 3}-{10 + n}", f"o{n}", 50_00, customer_id="c1", cost_of_goods_minor=15_00)
        for n in range(10)
    ]
    # (3 + 2) / 2 customers on average, ten orders: four a year each.
    left = [churned("2024-05-01", "c0")]
    spent = [
        cost("2024-03-01", 100_00),
        cost("2024-03-01", 50_00, "b", category="sales"),
        activated("2024-05-01", "late"),
        churned("2024-05-02", "late"),
    ]
    found = read(tmp_path, [*customers, *orders, *left, *spent], as_of="2024-06-30")
    assert found.of("crm_clv", "365d", basis="revenue", currency="USD").value == pytest.approx(600)
    assert found.of("crm_clv", "365d", basis="margin", currency="USD").value == pytest.approx(420)
    # One new customer for 150: 420 / 150, and 150 / (500 * 0.7 / 2.5 / 12) months.
    assert found.of("crm_clv_to_cac_ratio", "365d").value == pytest.approx(2.8)
    assert found.of("crm_cac_payback_months", "365d").value == pytest.approx(150 / (500 * 0.7 / 2.5 / 12))


def test_margin_is_that_of_orders_whose_cost_of_goods_is_known(tmp_path: Path) -> None:
    history = [activated("2023-01-01"), paid("2024-06-01", "a", 100_00)]
    history += [paid("2024-06-02", "b", 50_00, cost_of_goods_minor=20_00), refunded("2024-06-03", "b", 10_00)]
    found = read(tmp_path, history, as_of="2024-06-30")
    revenue = found.of("crm_clv", "90d", basis="revenue", currency="USD").value
    margin = found.of("crm_clv", "90d", basis="margin", currency="USD").value
    assert revenue is not None and margin == pytest.approx(revenue * (40 - 20) / 40)


def test_return_is_benefit_less_cost_over_cost_and_none_without_cost(tmp_path: Path) -> None:
    benefit = told(
        "crm.benefit.recorded",
        "2024-06-10",
        benefit_id="b",
        amount_minor=500_00,
        currency="USD",
        method="measured",
    )
    costs = [
        cost("2024-06-01", 100_00, "a", category="crm_software"),
        cost("2024-06-01", 60_00, "b", category="crm_people"),
        cost("2024-06-01", 40_00, "c", category="training"),
    ]
    found = read(tmp_path, [benefit, *costs], as_of="2024-06-20")
    assert found.fraction("crm_roi_ratio", "30d") == (300_00, 200_00)
    assert read(tmp_path, [benefit], as_of="2024-06-20").of("crm_roi_ratio", "30d").value is None


def test_growth_compares_whole_panes_with_as_many_before(tmp_path: Path) -> None:
    """100 in the thirty days before today, 80 in those before, 50 today, which no whole pane holds."""
    history = [won("2024-06-10", "a", 100_00), won("2024-05-10", "b", 80_00), won("2024-06-20", "c", 50_00)]
    found = read(tmp_path, history, as_of="2024-06-20 12:00")
    assert found.of("crm_revenue", "30d", currency="USD").numerator == 150_00
    assert found.of("crm_sales_growth_ratio", "30d").value == pytest.approx(0.25)
    revenue = found.reading("crm_revenue", "30d", currency="USD")
    assert revenue.previous == 80
    assert revenue.change == pytest.approx(0.25)


def test_growth_is_compared_with_the_growth_of_the_window_before(tmp_path: Path) -> None:
    """40, 80 and 100 in three times thirty days: growth fell from 100 % to 25 %."""
    history = [won("2024-04-10", "a", 40_00), won("2024-05-10", "b", 80_00), won("2024-06-10", "c", 100_00)]
    growth = read(tmp_path, history, as_of="2024-06-20 12:00").reading("crm_sales_growth_ratio", "30d")
    assert (growth.now.value, growth.previous, growth.change) == (0.25, 1, -0.75)
