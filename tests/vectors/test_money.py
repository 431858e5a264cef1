"""Vectors of money: orders, refunds, customer lifetime value, and costs spread over their period."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.oracle.history import activated, churned, cost, lead
from tests.replays import Readings, Slice
from tests.stories import paid, refunded
from tests.vectors.vectors import vectors_at

MAY = vectors_at("2024-05-01")  # at midnight: a window of 30 days holds 30 whole days and nothing else


@pytest.fixture(scope="module")
def may(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return MAY.read(tmp_path_factory.mktemp("may"))


def days_before_may(days: float) -> str:
    moment = datetime(2024, 5, 1, tzinfo=UTC) - timedelta(days=days)
    return moment.isoformat(" ", "seconds")[:19]


# -- Lifetime value ---------------------------------------------------------------------------------------

# Over the year: 3 customers at its start and 2 at its end, so churn is 1/3 and they stay 3 years. 10 orders
# of 50 over an average of 2.5 customers are 4 a year; 30 % of what they pay is the cost of goods.
THREE_YEARS = MAY.story(
    "three years",
    *(activated("2023-01-10", f"c{number}") for number in range(3)),
    churned("2023-11-01", "c0"),
    *(
        paid(f"2023-{6 + number // 2:02d}-0{5 + number % 2}", 50_00, f"{number}", cost_of_goods_minor=15_00)
        for number in range(10)
    ),
)
# Orders every 8 h 45 min 36 s, for ever.
THOUSAND = MAY.story(
    "thousand",
    *(activated("2023-01-10", f"c{number}") for number in range(1000)),
    *(paid(days_before_may((number + 0.5) * 0.365), 1, f"{number}", f"c{number}") for number in range(1000)),
)
ONE_IN_TWENTY = MAY.story(
    "one in twenty",
    *(activated("2023-01-10", f"c{number}") for number in range(20)),
    churned("2024-04-20", "c0"),
)
NOBODY_LEAVES = MAY.story("nobody leaves", activated("2023-01-10"))


def test_fifty_four_times_a_year_for_three_years_is_worth_600_and_at_70_percent_margin_420(
    may: Readings,
) -> None:
    assert may.value("crm_average_order", "365d", THREE_YEARS) == 50
    assert may.value("crm_purchase_frequency", "365d", THREE_YEARS) == 4
    assert may.value("crm_customer_lifespan_years", "365d", THREE_YEARS) == pytest.approx(3, rel=1e-12)
    assert may.value("crm_clv", "365d", THREE_YEARS, basis="revenue") == pytest.approx(600, rel=1e-12)
    assert may.value("crm_clv", "365d", THREE_YEARS, basis="margin") == pytest.approx(420, rel=1e-12)


@pytest.mark.parametrize("window", ["30d", "90d", "365d"])
def test_customers_who_order_once_a_year_do_so_in_every_window(may: Readings, window: str) -> None:
    """Orders come whole: in 30 days there are 82, where a thousand a year make 82.2."""
    days = int(window.removesuffix("d"))
    orders = round(1000 * days / 365)
    assert may.fraction("crm_average_order", window, THOUSAND) == (orders, orders)
    frequency = may.value("crm_purchase_frequency", window, THOUSAND)
    assert frequency == pytest.approx(orders / 1000 * 365 / days, rel=1e-12) and round(frequency, 1) == 1.0


def test_a_churn_of_5_percent_in_30_days_is_a_life_of_1_64_years(may: Readings) -> None:
    assert may.value("crm_churn_ratio", "30d", ONE_IN_TWENTY, kind="all") == 0.05
    years = may.value("crm_customer_lifespan_years", "30d", ONE_IN_TWENTY)
    assert years == pytest.approx(30 / 365 / 0.05) and round(years, 2) == 1.64


def test_where_nobody_leaves_a_life_is_five_years(may: Readings) -> None:
    assert may.value("crm_customer_lifespan_years", "30d", NOBODY_LEAVES) == 5


# -- Refunds ----------------------------------------------------------------------------------------------

ORDER = paid("2024-05-10", 100_00)
REFUND, ANOTHER = (refunded(f"2024-06-0{n}", 30_00, refund_id=f"refund-{n}") for n in (3, 5))
MUCH_LATER = refunded("2024-12-22", 10_00, refund_id="refund-late")
END_OF_JUNE, NEXT_YEAR = vectors_at("2024-06-30"), vectors_at("2025-01-15")
STAGES: list[tuple[str, list[bytes], int]] = [
    ("one refund", [ORDER, REFUND], 70),
    ("delivered twice", [ORDER, REFUND, REFUND], 70),
    ("two refunds", [ORDER, REFUND, ANOTHER, REFUND], 40),
    ("refund first", [ANOTHER, REFUND, ORDER], 40),
]
SOLD = {name: END_OF_JUNE.story(name, *lines) for name, lines, _ in STAGES}
LONG_SOLD = NEXT_YEAR.story("another refund much later", ORDER, REFUND, ANOTHER, REFUND, MUCH_LATER)


@pytest.fixture(scope="module")
def end_of_june(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return END_OF_JUNE.read(tmp_path_factory.mktemp("june"))


@pytest.mark.parametrize(("stage", "left"), [(name, left) for name, _, left in STAGES])
def test_a_refund_in_june_takes_from_mays_sales_and_leaves_junes_alone(
    end_of_june: Readings, stage: str, left: int
) -> None:
    assert end_of_june.amount("crm_sales", "qtd", SOLD[stage]) == left * 100
    assert end_of_june.amount("crm_sales", "mtd", SOLD[stage]) == 0
    assert end_of_june.fraction("crm_refund_ratio", "qtd", SOLD[stage]) == (100_00 - left * 100, 100_00)
    assert end_of_june.fraction("crm_refund_ratio", "mtd", SOLD[stage]) == (0, 0)


def test_a_refund_200_days_later_still_takes_from_mays_sales(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    readings = NEXT_YEAR.read(tmp_path_factory.mktemp("next-year"))
    assert readings.amount("crm_sales", "365d", LONG_SOLD) == 30_00
    assert readings.amount("crm_sales", "30d", LONG_SOLD) == 0


# -- Large amounts ----------------------------------------------------------------------------------------

LARGE = MAY.story("large", *(paid("2024-04-10", 10**15 - 1, f"{number}") for number in range(1_001)))


def test_sums_above_2_to_the_53rd_are_exact(may: Readings) -> None:
    assert may.fraction("crm_average_order", "30d", LARGE) == (1_001 * (10**15 - 1), 1_001)


# -- Costs ------------------------------------------------------------------------------------------------
#
#     April: 300.00 over 30 days, read on the 15th, which counts whole.

APRIL_15 = vectors_at("2024-04-15 12:00")
PERIOD = {"period_start": "2024-04-01", "period_end": "2024-04-30"}
BOOKED = cost("2024-04-01 08:00", 300_00, **PERIOD)
LATER = cost("2024-04-10 08:00", 600_00, **PERIOD)
REVISED = cost("2024-03-28 08:00", 600_00, revision=1, **PERIOD)
COSTS: list[tuple[str, list[bytes], int]] = [
    ("booked", [BOOKED], 150_00),
    ("restated later", [BOOKED, LATER], 300_00),
    ("restated later, the first again", [BOOKED, LATER, BOOKED], 300_00),
    ("restated by a revision", [BOOKED, REVISED], 300_00),
    ("restated by a revision, the first again", [REVISED, BOOKED], 300_00),
]
SPENT = {name: APRIL_15.story(name, lead("created", "2024-04-05"), *lines) for name, lines, _ in COSTS}


@pytest.fixture(scope="module")
def april_15(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return APRIL_15.read(tmp_path_factory.mktemp("april"))


@pytest.mark.parametrize(("story", "minor"), [(name, minor) for name, _, minor in COSTS])
def test_by_the_15th_half_of_aprils_cost_has_been_spent_as_it_was_stated_last(
    april_15: Readings, story: str, minor: int
) -> None:
    spent: Slice = SPENT[story]
    assert april_15.fraction("crm_cost_per_lead", "mtd", spent) == (minor, 1)
    assert april_15.value("crm_cost_per_lead", "mtd", spent) == minor / 100
