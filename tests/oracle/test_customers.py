"""Customers and their subscriptions, against answers computed by hand (KPIS.md, section 3, and more)."""

from pathlib import Path

import pytest

from tests.oracle.history import (
    Readings,
    activated,
    churned,
    consent,
    cost,
    interaction,
    lead,
    paid,
    read,
    reference,
    subscribed,
    told,
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


def test_activated_900_days_ago_and_churned_today_is_from_1_to_0(tmp_path: Path) -> None:
    history = [activated("2021-12-15"), churned("2024-06-02 08:00"), churned("2024-06-02 08:30")]
    assert read(tmp_path, history, as_of="2024-06-02 07:59").of("crm_customers", "now").numerator == 1
    assert read(tmp_path, history, as_of="2024-06-02 09:00").of("crm_customers", "now").numerator == 0


def test_churn_is_compared_with_that_of_as_many_days_before_by_its_own_kind(tmp_path: Path) -> None:
    """Ten customers: two left in May, one of them came back and left again in June, as did another."""
    history = [activated("2024-01-01", f"c{n}") for n in range(10)]
    history += [churned("2024-05-10", "c0", churn_kind="involuntary"), activated("2024-05-25", "c0")]
    history += [
        churned("2024-05-11", "c9"),
        churned("2024-06-10", "c0"),
        churned("2024-06-11", "c1", churn_kind="unknown"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20 12:00")
    churn = found.reading("crm_churn_ratio", "30d", kind="all")
    # On 21 May eight were there, and c1 of them is lost; on 21 April ten, and on 21 May c0 and c9 were gone.
    assert (churn.now.numerator, churn.now.denominator) == (1, 8)
    assert churn.previous == 2 / 10
    assert churn.change == pytest.approx((1 / 8) / (2 / 10) - 1)
    kinds = {
        kind: found.reading("crm_churn_ratio", "30d", kind=kind).previous
        for kind in ("voluntary", "involuntary", "unknown")
    }
    assert kinds == {"voluntary": 1 / 10, "involuntary": 1 / 10, "unknown": 0}
    assert found.reading("crm_churn_ratio", "ytd", kind="all").previous is None


def test_engaged_is_who_was_active_last_in_the_window_and_is_a_member(tmp_path: Path) -> None:
    """Active on day 1 and day 20, seen on day 31; a lead who never became a customer is active too."""
    history = [activated("2024-05-01"), interaction("2024-06-02", "i1"), interaction("2024-06-21", "i2")]
    history += [lead("created", "2024-06-01", "b"), interaction("2024-06-10", "i3", customer="b")]
    history += [interaction("2024-06-30", "i4", meaningful=False)]
    found = read(tmp_path, history, as_of="2024-07-01 12:00")
    assert found.fraction("crm_engagement_ratio", "30d") == (1, 1)
    assert found.fraction("crm_engagement_ratio", "7d") == (0, 1)
    assert found.fraction("crm_interactions_per_engaged", "30d") == (3, 1)
    assert found.fraction("crm_interaction_quality_ratio", "30d") == (3, 4)
    assert found.reading("crm_engagement_ratio", "30d").previous is None


def test_the_same_interactions_imported_twice_count_once(tmp_path: Path) -> None:
    """Ten days apart, by another import: other events of the same interactions."""
    history = [interaction("2024-06-02", f"i{n}") for n in range(5)]
    again = [interaction("2024-06-02", f"i{n}", topic="import") for n in range(5)]
    found = read(tmp_path, [*history, *again], as_of="2024-06-20")
    assert found.fraction("crm_interaction_quality_ratio", "30d") == (5, 5)


def test_who_bought_twice_ever_is_a_buyer_again(tmp_path: Path) -> None:
    history = [paid("2023-01-01", "o1"), paid("2024-06-10", "o2"), paid("2024-06-10", "o3", customer_id="b")]
    found = read(tmp_path, [*history, paid("2024-06-11", "o3", customer_id="b")], as_of="2024-06-20")
    assert found.fraction("crm_repeat_purchase_ratio", "30d") == (1, 2)


def test_referrers_are_members_who_sent_somebody(tmp_path: Path) -> None:
    history = [activated("2024-01-01"), activated("2024-01-01", "b")]
    history += [
        told("crm.referral.made", f"2024-06-{10 + n}", referral_id=f"r{n}", customer_id=name, lead_id=f"l{n}")
        for n, name in enumerate(["a", "a", "stranger"])
    ]
    history += [lead("created", "2024-06-10", "x", origin="referral"), lead("created", "2024-06-10", "y")]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_referrers_ratio", "30d") == (1, 2)
    assert found.fraction("crm_referral_ratio", "30d") == (1, 2)


def test_a_reference_holds_while_agreed_and_a_member(tmp_path: Path) -> None:
    history = [activated("2024-01-01", name) for name in "abcd"]
    history += [reference("2024-02-01", "requested", name) for name in "abc"]
    history += [reference("2024-02-02", "agreed", name) for name in "abx"]
    history += [reference("2024-02-02", "declined", "c"), reference("2024-03-01", "withdrawn", "b")]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_referenceability_ratio", "now") == (1, 4)
    assert found.fraction("crm_reference_acceptance_ratio", "365d") == (2, 3)
    gone = read(tmp_path, [*history, churned("2024-06-01")], as_of="2024-06-20")
    assert gone.fraction("crm_referenceability_ratio", "now") == (0, 3)


def test_consent_is_per_purpose_and_ends_with_membership(tmp_path: Path) -> None:
    history = [activated("2024-01-01", name) for name in "abc"]
    history += [consent("2024-02-01", "marketing", True), consent("2024-02-01", "analytics", True)]
    history += [consent("2024-02-01", "analytics", True, "b"), consent("2024-03-01", "analytics", False)]
    history += [consent("2024-02-01", "marketing", True, "c"), churned("2024-03-01", "c")]
    found = read(tmp_path, history, as_of="2024-06-20")
    granted = {purpose: found.fraction("crm_consent_ratio", "now", purpose=purpose) for purpose in PURPOSES}
    assert granted == {"any": (2, 2), "marketing": (1, 2), "analytics": (1, 2), "profiling": (0, 2)}


PURPOSES = ("any", "marketing", "analytics", "profiling")


# -- Subscriptions ----------------------------------------------------------------------------------------


def mrr(found: Readings, window: str = "30d") -> tuple[int | None, int | None, int | None]:
    """Kept, kept at most as it was, and what it was when the window began."""
    net, start = found.fraction("crm_net_revenue_retention_ratio", window)
    gross, _ = found.fraction("crm_gross_revenue_retention_ratio", window)
    return net, gross, start


def movements(found: Readings, window: str = "30d") -> dict[str, int | None]:
    names = ("new", "reactivated", "expansion", "contraction", "churned")
    figures = {n: found.of("crm_mrr_movement", window, movement=n, currency="USD").numerator for n in names}
    return {movement: amount for movement, amount in figures.items() if amount}


def test_who_joins_and_grows_inside_the_window_keeps_no_revenue(tmp_path: Path) -> None:
    """A stays at 1000, B joins at 100 and grows to 300: 1.0."""
    history = [subscribed("2024-01-01", "a", 0, 1000_00, "started")]
    history += [
        subscribed("2024-06-05", "b", 0, 100_00, "started"),
        subscribed("2024-06-10", "b", 100_00, 300_00),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert mrr(found) == (1000_00, 1000_00, 1000_00)
    assert movements(found) == {"new": 100_00, "expansion": 200_00}
    assert found.of("crm_mrr", "now", currency="USD").numerator == 1300_00


def test_a_swap_of_subscriptions_is_net_an_expansion(tmp_path: Path) -> None:
    """500 for 600: 1.2; gross at most 1. In the same second it is no leaving and no return."""
    history = [subscribed("2024-01-01", "a", 0, 500_00, "started")]
    history += [subscribed("2024-06-10", "a", 500_00, 0, "ended")]
    history += [subscribed("2024-06-10", "a", 0, 600_00, "started", subscription_id="other")]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert mrr(found) == (600_00, 500_00, 500_00)
    assert movements(found) == {"expansion": 100_00}


def test_the_earliest_before_opens_the_level_in_no_pane(tmp_path: Path) -> None:
    """First seen as 150 -> 120: it was 150 when the window began, and never new."""
    found = read(tmp_path, [subscribed("2024-06-10", "a", 150_00, 120_00, "contracted")], as_of="2024-06-20")
    assert mrr(found) == (120_00, 120_00, 150_00)
    assert movements(found) == {"contraction": 30_00}
    back = [
        subscribed("2024-06-11", "a", 120_00, 0, "ended"),
        subscribed("2024-06-12", "a", 0, 90_00, "started"),
    ]
    again = read(tmp_path, [subscribed("2024-06-10", "a", 150_00, 120_00), *back], as_of="2024-06-20")
    assert movements(again) == {"contraction": 30_00, "churned": 120_00, "reactivated": 90_00}
    assert mrr(again) == (90_00, 90_00, 150_00)


def test_a_paused_subscription_is_worth_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    history = [
        subscribed("2024-01-01", "a", 0, 100_00, "started"),
        subscribed("2024-06-10", "a", 100_00, 100_00, "paused"),
    ]
    assert mrr(read(tmp_path, history, as_of="2024-06-20")) == (0, 0, 100_00)
    history += [subscribed("2024-06-15", "a", 100_00, 100_00, "resumed")]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert mrr(found) == (100_00, 100_00, 100_00)
    assert movements(found) == {"churned": 100_00, "reactivated": 100_00}


def test_kept_revenue_is_compared_and_counts_in_the_plan_of_the_start(tmp_path: Path) -> None:
    history = [activated("2024-01-01", plan="basic"), subscribed("2024-01-01", "a", 0, 100_00, "started")]
    history += [subscribed("2024-05-10", "a", 100_00, 50_00), activated("2024-06-01", plan="pro")]
    history += [subscribed("2024-06-10", "a", 50_00, 75_00)]
    found = read(tmp_path, history, as_of="2024-06-20")
    kept = found.reading("crm_net_revenue_retention_ratio", "30d", "plan", "basic")
    assert (kept.now.value, kept.previous) == (1.5, 0.5)
    assert (
        found.of("crm_mrr_movement", "30d", "plan", "pro", movement="expansion", currency="USD").numerator
        == 25_00
    )
    assert found.of("crm_mrr", "now", "plan", "pro", currency="USD").numerator == 75_00
    assert found.of("crm_mrr", "now", "plan", "basic", currency="USD").numerator == 0


# -- Erased -----------------------------------------------------------------------------------------------


def erased(at: str, name: str = "a") -> bytes:
    return told("crm.customer.erased", at, customer_id=name)


def test_who_is_erased_leaves_for_an_unknown_reason_and_nothing_later_counts(tmp_path: Path) -> None:
    history = [
        activated("2024-01-01"),
        activated("2024-01-01", "b"),
        consent("2024-01-02", "marketing", True),
    ]
    history += [subscribed("2024-01-01", "a", 0, 100_00, "started"), paid("2024-06-01"), erased("2024-06-10")]
    later = [activated("2024-06-11"), subscribed("2024-06-11", "a", 0, 70_00), paid("2024-06-12", "again")]
    found = read(tmp_path, [*history, *later], as_of="2024-06-20")
    assert found.of("crm_customers", "now").numerator == 1
    assert found.fraction("crm_churn_ratio", "30d", kind="unknown") == (1, 2)
    assert found.fraction("crm_consent_ratio", "now", purpose="any") == (0, 1)
    assert mrr(found) == (0, 0, 100_00)
    assert movements(found) == {"churned": 100_00}
    # The order is a subject of its own; the customer bought once before the erasure, and stays counted.
    assert found.of("crm_sales", "30d", currency="USD").numerator == 200_00
    assert found.fraction("crm_repeat_purchase_ratio", "30d") == (0, 1)


def test_who_had_left_before_the_erasure_has_left_for_that_reason(tmp_path: Path) -> None:
    history = [activated("2024-01-01"), churned("2024-06-01"), erased("2024-06-10")]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_churn_ratio", "30d", kind="voluntary") == (1, 1)
    late = [activated("2024-01-01"), erased("2024-06-10"), churned("2024-06-01")]
    found = read(tmp_path, late, as_of="2024-06-20")
    assert found.fraction("crm_churn_ratio", "30d", kind="unknown") == (1, 1)
