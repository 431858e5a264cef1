"""Customers and their subscriptions, against answers computed by hand (KPIS.md, section 3, and more)."""

from pathlib import Path

import pytest

from tests.oracle.history import (
    activated,
    churned,
    cost,
    lead,
    read,
)


def test_one_who_returns_and_one_who_joined_inside_the_window_are_not_lost(tmp_path: Path) -> None:
    """S = 100. Of twelve that churn one returns, and another was no customer when the window began."""
    base = [activated("2024-01-01", f"c{n}") for n in range(100)]
    leave = [churned("2024-06-10", f"c{n}") for n in range(11)]
    back = [activated("2024-06-20", "c0", kind="reactivated")]
    inside = [activated("2024-06-11", "new"), churned("2024-06-12", "new")]
    found = read(tmp_path, [*base, *leave, *back, *inside], as_of="2024-06-30")
    assert found.fraction("crm_churn_ratio", "30d", kind="all") == (10, 100)
    assert found.fraction("crm_retention_ratio", "30d") == (90, 100)


def test_customers_who_join_inside_the_window_do_not_make_up_for_those_who_leave(tmp_path: Path) -> None:
    """S = 100, 30 leave, 20 join and stay, E = 90: 70 %."""
    base = [activated("2024-01-01", f"c{n}") for n in range(100)]
    leave = [churned("2024-06-10", f"c{n}") for n in range(30)]
    join = [activated("2024-06-11", f"n{n}") for n in range(20)]
    found = read(tmp_path, [*base, *leave, *join], as_of="2024-06-30")
    assert found.fraction("crm_retention_ratio", "30d") == (70, 100)
    assert found.fraction("crm_churn_ratio", "30d", kind="all") == (30, 100)


JOINS = activated("2024-05-01 12:00")
LEAVES = churned("2024-05-03 12:00")
RETURNS = activated("2024-05-05 12:00")


@pytest.mark.parametrize(
    ("history", "lost"),
    [
        ([JOINS, LEAVES, RETURNS], 0),
        ([JOINS, LEAVES, LEAVES], 1),
        ([JOINS, activated("2024-05-02 12:00"), LEAVES], 1),
    ],
    ids=["returns", "churn sent twice", "activated twice"],
)
def test_lost_is_who_was_a_member_then_and_is_none_now(
    history: list[bytes], lost: int, tmp_path: Path
) -> None:
    from_day_2 = read(tmp_path, history, as_of="2024-06-01 09:00")
    assert from_day_2.fraction("crm_churn_ratio", "30d", kind="all") == (lost, 1)
    from_day_0 = read(tmp_path, history, as_of="2024-05-30 09:00")
    assert from_day_0.fraction("crm_churn_ratio", "30d", kind="all") == (0, 0)


@pytest.mark.parametrize("as_of", ["2024-06-01", "2024-08-01"])
def test_leaving_and_joining_at_the_same_moment_changes_nothing(as_of: str, tmp_path: Path) -> None:
    swap = [activated("2024-05-20", "b"), churned("2024-05-20", "b")]
    stays = [activated("2024-01-01"), churned("2024-05-20"), activated("2024-05-20")]
    found = read(tmp_path, [*stays, *swap], as_of=as_of)
    assert found.fraction("crm_churn_ratio", "30d", kind="all") == (0, 1)


def test_a_customer_of_900_days_who_churned_today_is_lost_in_every_window(tmp_path: Path) -> None:
    found = read(tmp_path, [activated("2021-12-15"), churned("2024-06-01 08:00")], as_of="2024-06-01 09:00")
    for window in ("30d", "90d", "365d", "ytd"):
        assert found.fraction("crm_retention_ratio", window) == (0, 1)


def test_the_kind_of_churn_is_that_of_the_last_leaving(tmp_path: Path) -> None:
    history = [
        activated("2024-01-01"),
        churned("2024-06-02", churn_kind="voluntary"),
        activated("2024-06-03"),
        churned("2024-06-04", churn_kind="involuntary"),
        churned("2024-06-05", churn_kind="unknown"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    lost = {"all": 1, "voluntary": 0, "involuntary": 1, "unknown": 0}
    assert {kind: found.of("crm_churn_ratio", "30d", kind=kind).numerator for kind in lost} == lost


def test_a_lost_customer_counts_in_the_plan_that_it_had_when_the_window_began(tmp_path: Path) -> None:
    """The plan is as it was; the channel is that of the earliest event that names one, here of the lead."""
    history = [
        lead("created", "2023-12-01", channel="web"),
        activated("2024-01-01", plan="basic", channel="phone"),
        activated("2024-06-10", plan="pro"),
        churned("2024-06-15"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_churn_ratio", "30d", "plan", "basic", kind="all") == (1, 1)
    assert found.fraction("crm_retention_ratio", "30d", "plan", "basic") == (0, 1)
    assert found.fraction("crm_retention_ratio", "30d", "plan", "pro") == (0, 0)
    assert found.members("crm_retention_ratio", "30d", "channel") == {"web": 0}


def test_who_comes_first_as_reactivated_is_no_new_customer_and_costs_nothing_more(tmp_path: Path) -> None:
    history = [
        activated("2024-06-10", "new"),
        activated("2024-06-11", "old", kind="reactivated"),
        churned("2024-06-12", "new"),
        activated("2024-06-13", "new", kind="reactivated"),
        cost("2024-06-01", 700_00),
        cost("2024-06-01", 300_00, "b", category="sales"),
        cost("2024-06-01", 900_00, "c", category="training"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_cac", "30d", currency="USD") == (1000_00, 1)
