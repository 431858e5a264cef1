"""Campaigns, incidents, users, erasures and removed records, against answers computed by hand."""

from pathlib import Path

import pytest

from tests.oracle.history import (
    activated,
    contacted,
    cost,
    erasure,
    incident,
    interaction,
    lead,
    paid,
    read,
    removed,
    subscribed,
    ticket,
    told,
    touched,
    won,
)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

# -- Campaigns --------------------------------------------------------------------------------------------


def test_a_recipient_clicks_once_and_machines_do_not(tmp_path: Path) -> None:
    history = [touched("2024-06-01", "delivered", name) for name in "abcd"]
    history += [touched("2024-06-02", "clicked"), touched("2024-06-03", "clicked")]
    history += [touched("2024-06-02", "clicked", "b", machine=True), touched("2024-06-19", "clicked", "c")]
    history += [touched("2024-06-02", "clicked", "nobody"), touched("2024-06-02", "unsubscribed", "d")]
    history += [touched("2024-06-02", "complained", "d"), touched("2024-06-02", "bounced", "d")]
    history += [touched("2024-06-01", "delivered", "a", campaign_id="summer")]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_campaign_click_ratio", "30d", state="provisional") == (2, 5)
    assert found.fraction("crm_campaign_click_ratio", "30d", state="final") == (1, 5)
    spring = found.fraction("crm_campaign_click_ratio", "30d", "campaign_id", "spring", state="provisional")
    assert spring == (2, 4)
    assert found.fraction("crm_campaign_unsubscribe_ratio", "30d", state="provisional") == (1, 5)
    assert found.fraction("crm_campaign_complaint_ratio", "30d", state="provisional") == (1, 5)


def test_a_campaign_returns_what_it_brought_less_what_it_cost(tmp_path: Path) -> None:
    history = [touched("2024-06-01", "delivered", name) for name in "ab"]
    usd = {"currency": "USD"}
    converted = told(
        "crm.campaign.converted",
        "2024-06-02",
        conversion_id="c",
        campaign_id="spring",
        amount_minor=300_00,
        **usd,
    )
    history += [converted]
    history += [cost("2024-06-01", 100_00, campaign_id="spring"), cost("2024-06-01", 50_00, "b")]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_campaign_roi_ratio", "30d", "campaign_id", "spring") == (200_00, 100_00)
    assert found.fraction("crm_campaign_roi_ratio", "30d") == (150_00, 150_00)
    assert found.fraction("crm_campaign_conversion_ratio", "30d", "campaign_id", "spring") == (1, 2)


# -- Incidents and requests -------------------------------------------------------------------------------


def test_overlapping_outages_of_a_component_count_once(tmp_path: Path) -> None:
    """10 to 12 and 11 to 14, one of the web since 18 that still lasts, and maintenance, which is none."""
    history = [
        incident("opened", "2024-06-19 10:00", "1"),
        incident("resolved", "2024-06-19 12:00", "1"),
        incident("opened", "2024-06-19 11:00", "2", impact="partial"),
        incident("resolved", "2024-06-19 14:00", "2"),
        incident("opened", "2024-06-19 18:00", "3", "web"),
        incident("opened", "2024-06-19 15:00", "4", impact="maintenance"),
        incident("resolved", "2024-06-19 16:00", "5"),
    ]
    found = read(tmp_path, history, as_of="2024-06-19 20:00")
    down = {
        member: found.of("crm_downtime_seconds", "24h", "component", member).value
        for member in ("api", "web")
    }
    assert down == {"api": 4 * 3600, "web": 2 * 3600}
    assert found.of("crm_downtime_seconds", "24h").value == 6 * 3600
    assert found.of("crm_availability_ratio", "24h", "component", "api").value == pytest.approx(20 / 24)
    assert found.of("crm_availability_ratio", "24h").value == pytest.approx((20 / 24 + 22 / 24) / 2)
    assert found.of("crm_incidents", "24h").numerator == 3
    assert found.of("crm_incidents_open", "now", "component", "web").numerator == 1
    assert found.reading("crm_downtime_seconds", "1h").now.value == 3600
    assert found.reading("crm_downtime_seconds", "1h").previous == 3600


def test_an_outage_of_forty_days_leaves_nothing_of_thirty(tmp_path: Path) -> None:
    found = read(tmp_path, [incident("opened", "2024-05-10")], as_of="2024-06-19 20:00")
    assert found.of("crm_availability_ratio", "30d").value == 0
    assert found.of("crm_downtime_seconds", "30d").numerator == 30 * DAY_MS + 20 * HOUR_MS
    assert found.of("crm_downtime_seconds", "365d").numerator == 40 * DAY_MS + 20 * HOUR_MS


def test_a_request_is_as_slow_as_its_latest_word_says(tmp_path: Path) -> None:
    history = [
        told(
            "crm.request.sampled",
            "2024-06-19 10:00",
            request_id=f"r{n}",
            component="api",
            duration_ms=n,
            ok=n != 7,
        )
        for n in range(1, 11)
    ]
    history += [
        told(
            "crm.request.sampled",
            "2024-06-19 10:01",
            request_id="r10",
            component="api",
            duration_ms=9,
            ok=True,
        )
    ]
    found = read(tmp_path, history, as_of="2024-06-19 12:00")
    p99 = found.of("crm_request_seconds", "24h", quantile="0.99")
    assert (p99.samples, p99.duration_ms) == (10, 9)
    assert found.fraction("crm_request_failure_ratio", "24h", "component", "api") == (1, 10)


# -- Users and records ------------------------------------------------------------------------------------


def test_adoption_is_of_those_who_are_licensed_now(tmp_path: Path) -> None:
    history = [told("crm.user.licensed", "2024-01-01", user_id=name, active=True) for name in "abcd"]
    history += [told("crm.user.licensed", "2024-06-15", user_id="d", active=False)]
    acts = [("a", True), ("b", False), ("d", True), ("unlicensed", True)]
    history += [
        told("crm.user.acted", "2024-06-10", user_id=name, action="record_updated", meaningful=meaningful)
        for name, meaningful in acts
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_adoption_ratio", "30d") == (1, 3)


def test_a_training_is_of_a_user_and_a_course(tmp_path: Path) -> None:
    states = [
        ("a", "x", "assigned"),
        ("a", "x", "completed"),
        ("a", "y", "assigned"),
        ("b", "x", "completed"),
    ]
    history = [
        told("crm.training.changed", f"2024-06-{10 + n}", user_id=user, course_id=course, state=state)
        for n, (user, course, state) in enumerate(states)
    ]
    history += [told("crm.task.completed", "2024-06-10", task_id=f"t{n}", automated=n < 3) for n in range(4)]
    history += [
        told(
            "crm.record.checked",
            "2024-06-10",
            check_id=f"c{n}",
            complete=n > 0,
            valid=n > 1,
            duplicate=n == 5,
        )
        for n in range(6)
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.fraction("crm_training_ratio", "30d") == (1, 2)
    assert found.fraction("crm_automation_ratio", "30d") == (3, 4)
    assert found.fraction("crm_data_quality_ratio", "30d") == (4, 6)
    assert found.fraction("crm_record_duplicate_ratio", "30d") == (1, 6)


def test_an_erasure_is_overdue_from_its_due_time_and_by_default_after_thirty_days(tmp_path: Path) -> None:
    history = [
        erasure("requested", "2024-05-01", "a"),
        erasure("requested", "2024-06-10", "b", due_at="2024-06-15T00:00:00Z"),
        erasure("requested", "2024-06-10", "c"),
        erasure("requested", "2024-06-01", "d", due_at="2024-06-05T00:00:00Z"),
        erasure("completed", "2024-06-05", "d"),
        erasure("requested", "2024-06-01", "e", due_at="2024-06-05T00:00:00Z"),
        erasure("completed", "2024-06-06", "e"),
    ]
    found = read(tmp_path, history, as_of="2024-06-20")
    assert found.of("crm_erasures_waiting", "now").numerator == 3
    assert found.of("crm_erasures_overdue", "now").numerator == 2
    assert found.of("crm_erasures_waiting_oldest_seconds", "now").numerator == 50 * DAY_MS
    median = found.of("crm_erasure_seconds", "30d", quantile="0.5")
    assert (median.samples, median.duration_ms) == (2, 4 * DAY_MS)


# -- Removed records --------------------------------------------------------------------------------------


def test_what_a_removed_record_contributed_is_taken_back_and_no_more(tmp_path: Path) -> None:
    """Its own only: the customer of a removed order has ordered, and another kind's id takes nothing."""
    history = [lead("created", "2024-06-01"), contacted("2024-06-01"), lead("created", "2024-06-02", "b")]
    history += [
        won("2024-06-03"),
        ticket("created", "2024-06-03"),
        paid("2024-06-04", "x"),
        paid("2024-06-04", "y"),
    ]
    history += [activated("2024-01-01"), subscribed("2024-06-01", "a", 0, 100, "started")]
    history += [
        interaction("2024-06-05", "i"),
        touched("2024-06-01", "delivered"),
        touched("2024-06-01", "delivered", "b"),
    ]
    gone = [
        ("lead", "lead-a"),
        ("deal", "deal-a"),
        ("ticket", "ticket-a"),
        ("order", "order-x"),
        ("interaction", "i"),
    ]
    gone += [("lead", "ticket-a"), ("lead", "unknown"), ("touch", "a")]
    takes = [removed("2024-06-06", entity, id_) for entity, id_ in gone]
    found = read(tmp_path, [*takes, *history], as_of="2024-06-20")
    assert found.of("crm_leads", "30d").numerator == 1
    assert found.of("crm_leads_waiting", "now").numerator == 1
    assert found.fraction("crm_win_ratio", "30d") == (0, 0)
    assert found.of("crm_tickets_open", "now").numerator == 0
    assert found.of("crm_sales", "30d", currency="USD").numerator == 100_00
    assert found.fraction("crm_repeat_purchase_ratio", "30d") == (1, 1)
    assert found.fraction("crm_engagement_ratio", "30d") == (1, 1)
    assert found.fraction("crm_interaction_quality_ratio", "30d") == (0, 0)
    assert found.fraction("crm_campaign_click_ratio", "30d", state="provisional") == (0, 2)
    nobody = read(tmp_path, [*history, removed("2024-06-06", "customer", "a")], as_of="2024-06-20")
    assert nobody.of("crm_customers", "now").numerator == 0
    assert nobody.of("crm_mrr", "now", currency="USD").numerator == 0
    assert nobody.of("crm_leads", "30d").numerator == 2
