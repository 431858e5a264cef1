"""Vectors of customers: who is lost, kept, engaged, and what their subscriptions pay."""

from pathlib import Path

import pytest

from tests.oracle.history import activated, churned, lead
from tests.replays import Readings
from tests.stories import interaction, subscription
from tests.vectors.vectors import Vectors, vectors_at

CHURN, RETENTION, CUSTOMERS = "crm_churn_ratio", "crm_retention_ratio", "crm_customers"
MAY = vectors_at("2024-05-01")


@pytest.fixture(scope="module")
def may(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return MAY.read(tmp_path_factory.mktemp("may"))


# -- Retention and churn ----------------------------------------------------------------------------------
#
#     window 30d, read at 1 May:   1 April 00:00 |---------------------------------| now
#                                  S members     |  joins, leavings, returns       | E members

HUNDRED = [activated("2024-01-10", f"c{number}") for number in range(100)]
TWELVE_CHURN = MAY.story(
    "twelve churn",
    *HUNDRED,
    activated("2024-04-05", "inside"),
    churned("2024-04-20", "inside"),
    *(churned("2024-04-10", f"c{number}") for number in range(11)),
    activated("2024-04-15", "c0", kind="reactivated"),
)
THIRTY_LEAVE = MAY.story(
    "thirty leave",
    *HUNDRED,
    *(churned("2024-04-10", f"c{number}") for number in range(30)),
    *(activated("2024-04-12", f"new{number}") for number in range(20)),
)


def test_one_who_returns_and_one_who_joined_inside_the_window_are_not_lost(may: Readings) -> None:
    assert may.fraction(CHURN, "30d", TWELVE_CHURN, kind="all") == (10, 100)
    assert may.value(CHURN, "30d", TWELVE_CHURN, kind="all") == 0.10
    assert may.value(RETENTION, "30d", TWELVE_CHURN) == 0.90


def test_retention_is_e_minus_n_over_s(may: Readings) -> None:
    assert may.amount(CUSTOMERS, "now", THIRTY_LEAVE) == 90
    assert may.value(RETENTION, "30d", THIRTY_LEAVE) == 0.70
    assert may.value(CHURN, "30d", THIRTY_LEAVE, kind="all") == 0.30


OF_EACH_KIND = MAY.story(
    "of each kind",
    *HUNDRED,
    churned("2024-04-10", "c0", "involuntary"),
    activated("2024-04-11", "c0"),
    churned("2024-04-12", "c0", "unknown"),
    churned("2024-04-12", "c1", "voluntary"),
)


@pytest.mark.parametrize(("kind", "lost"), [("all", 2), ("voluntary", 1), ("involuntary", 0), ("unknown", 1)])
def test_churn_of_a_kind_counts_the_last_leaving(may: Readings, kind: str, lost: int) -> None:
    assert may.fraction(CHURN, "30d", OF_EACH_KIND, kind=kind) == (lost, 100)


LONG_AGO = MAY.story("long ago", activated("2021-11-12", "c"), churned("2024-04-30 23:00", "c"))


def test_who_was_activated_900_days_ago_and_churns_today_is_one_less_and_never_minus_one(
    may: Readings,
) -> None:
    assert may.amount(CUSTOMERS, "now", LONG_AGO) == 0
    assert may.fraction(CHURN, "365d", LONG_AGO, kind="all") == (1, 1)
    assert may.value(RETENTION, "365d", LONG_AGO) == 0


#     day          0       1       2       3       4       5
#     customer             joins   |       churns          returns
#     window               from 0: not a member then; from 2: a member then

JOINS, CHURNS = activated("2024-03-02"), churned("2024-03-04")
LIVES = {
    "joins, churns, returns": ([JOINS, CHURNS, activated("2024-03-06", kind="reactivated")], 0),
    "churn sent twice": ([JOINS, CHURNS, CHURNS], 1),
    "churned twice": ([JOINS, CHURNS, churned("2024-03-05")], 1),
    "activated twice": ([JOINS, activated("2024-03-03"), CHURNS], 1),
}
FROM_DAY_0, FROM_DAY_2 = vectors_at("2024-03-31 12:00"), vectors_at("2024-04-02")
FOLLOWED = {
    name: (FROM_DAY_0.story(name, *life), FROM_DAY_2.story(name, *life)) for name, (life, _) in LIVES.items()
}


@pytest.fixture(scope="module")
def from_day_0(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return FROM_DAY_0.read(tmp_path_factory.mktemp("day-0"))


@pytest.fixture(scope="module")
def from_day_2(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return FROM_DAY_2.read(tmp_path_factory.mktemp("day-2"))


@pytest.mark.parametrize("life", LIVES)
def test_who_was_a_member_and_is_none_now_is_lost_once(from_day_2: Readings, life: str) -> None:
    assert from_day_2.fraction(CHURN, "30d", FOLLOWED[life][1], kind="all") == (LIVES[life][1], 1)


@pytest.mark.parametrize("life", LIVES)
def test_who_was_not_a_member_at_the_start_is_not_lost(from_day_0: Readings, life: str) -> None:
    assert from_day_0.fraction(CHURN, "30d", FOLLOWED[life][0], kind="all") == (0, 0)
    assert from_day_0.value(CHURN, "30d", FOLLOWED[life][0], kind="all") is None


# -- Engagement -------------------------------------------------------------------------------------------

SEEN = vectors_at("2024-03-31 12:00")  # day 31
TWICE = SEEN.story(
    "active twice",
    activated("2024-01-10", "c"),
    interaction("2024-03-01 13:00", "1", "c"),
    interaction("2024-03-20 10:00", "2", "c"),
    lead("created", "2024-03-01 09:00", "stranger"),  # who never becomes a customer
    interaction("2024-03-28 10:00", "3", "stranger"),
)
# A file of interactions is imported, and once more ten days later: the events are the same ones.
IMPORT = [interaction(f"2024-03-2{day}", str(day), "c") for day in range(5)]
IMPORTED_TWICE = SEEN.story("imported twice", activated("2024-01-10", "c"), *IMPORT, *IMPORT)


@pytest.fixture(scope="module")
def day_31(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return SEEN.read(tmp_path_factory.mktemp("day-31"))


def test_a_customer_is_engaged_where_they_were_last_active_and_a_stranger_nowhere(day_31: Readings) -> None:
    assert day_31.fraction("crm_engagement_ratio", "30d", TWICE) == (1, 1)
    assert day_31.fraction("crm_engagement_ratio", "7d", TWICE) == (0, 1)


def test_interactions_that_are_imported_twice_count_once(day_31: Readings) -> None:
    assert day_31.fraction("crm_interaction_quality_ratio", "30d", IMPORTED_TWICE) == (5, 5)


# -- Monthly revenue --------------------------------------------------------------------------------------

STAYS_AND_JOINS = MAY.story(
    "stays and joins",
    activated("2024-01-10", "a"),
    activated("2024-04-05", "b"),
    subscription("started", "2024-01-10", after=1000_00, name="a"),
    subscription("started", "2024-04-05", after=100_00, name="b"),
    subscription("expanded", "2024-04-20", before=100_00, after=300_00, name="b"),
)
SWAPS = MAY.story(
    "swaps",
    activated("2024-01-10"),
    subscription("started", "2024-01-10", after=500_00, plan="old"),
    subscription("ended", "2024-04-10 12:00", before=500_00, plan="old"),
    subscription("started", "2024-04-10 12:00", after=600_00, plan="new"),
)
FIRST_SEEN = MAY.story(
    "first seen",
    activated("2024-01-10"),
    subscription("contracted", "2024-04-10", before=150_00, after=120_00),
)


def test_who_joins_and_grows_inside_the_window_adds_nothing_to_net_retention(may: Readings) -> None:
    assert may.fraction("crm_net_revenue_retention_ratio", "30d", STAYS_AND_JOINS) == (1000_00, 1000_00)
    assert may.value("crm_mrr", "now", STAYS_AND_JOINS) == 1300


def test_a_customer_who_swaps_one_subscription_for_a_dearer_one_has_expanded(may: Readings) -> None:
    assert may.value("crm_net_revenue_retention_ratio", "30d", SWAPS) == 1.2
    assert may.value("crm_gross_revenue_retention_ratio", "30d", SWAPS) == 1.0
    moved = {
        movement: may.amount("crm_mrr_movement", "30d", SWAPS, movement=movement)
        for movement in ("new", "reactivated", "expansion", "contraction", "churned")
    }
    assert moved == {"new": 0, "reactivated": 0, "expansion": 100_00, "contraction": 0, "churned": 0}


def test_a_subscription_first_seen_in_its_course_had_its_earlier_amount_at_the_start(may: Readings) -> None:
    assert may.fraction("crm_net_revenue_retention_ratio", "30d", FIRST_SEEN) == (120_00, 150_00)
    assert may.value("crm_mrr", "now", FIRST_SEEN) == 120
    assert may.value("crm_mrr_movement", "30d", FIRST_SEEN, movement="contraction") == 30


# -- Members by their subscriptions -----------------------------------------------------------------------

SUBSCRIBERS = """
version: 1
currency: {report: USD}
dimensions:
  segment: {keeps: first, members: 20}
subjects:
  customer:
    id: customer_id
    keep: forever
    dimensions: [segment]
    transitions:
      membership:
        - {event: crm.subscription.changed, where: "change != 'ended'", state: 1, key: subscription_id}
        - {event: crm.subscription.changed, where: "change == 'ended'", state: 0, key: subscription_id}
    measures:
      customers: {level: membership, value: "min(now, 1)"}
      customers_lost: {trailing: then and not now, of: membership}
kpis:
  customers:
    title: Customers
    group: customers
    goal: Keep the customers we have.
    owner: success
    unit: count
    good: up
    gauge: crm_customers
    windows: [now]
    dimensions: [segment]
    formula: end(customers)
  churn:
    title: Churn
    group: customers
    goal: Keep the customers we have.
    owner: success
    unit: ratio
    good: down
    gauge: crm_churn_ratio
    windows: [30d]
    dimensions: [segment]
    formula: customers_lost / start(customers)
"""
SUBSCRIBED = Vectors("2024-05-01", SUBSCRIBERS)
STILL_ONE = SUBSCRIBED.story(
    "another in the same second",
    subscription("started", "2024-01-10", after=500_00, plan="old"),
    subscription("ended", "2024-04-10 12:00", before=500_00, plan="old"),
    subscription("started", "2024-04-10 12:00", after=600_00, plan="new"),
)
NONE_LEFT = SUBSCRIBED.story(
    "none left",
    subscription("started", "2024-01-10", after=500_00),
    subscription("ended", "2024-04-10 12:00", before=500_00),
)


def test_who_ends_one_subscription_and_starts_another_in_the_same_second_is_still_a_customer(
    tmp_path: Path,
) -> None:
    readings = SUBSCRIBED.read(tmp_path)
    assert readings.amount(CUSTOMERS, "now", STILL_ONE) == 1
    assert readings.fraction(CHURN, "30d", STILL_ONE) == (0, 1)
    assert readings.amount(CUSTOMERS, "now", NONE_LEFT) == 0
    assert readings.fraction(CHURN, "30d", NONE_LEFT) == (1, 1)
