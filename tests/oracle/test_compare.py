"""The comparison says what differs, and only that."""

from pathlib import Path
from typing import Any

import pytest

from tests.oracle.compare import differences
from tests.oracle.history import (
    Readings,
    activated,
    answered,
    churned,
    contacted,
    cost,
    deal,
    lead,
    read,
    ticket,
    won,
)
from tests.oracle.oracle import Expected, Key


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    """A little of everything, as of 20 June 2024."""
    history = [
        lead("created", "2024-06-10 10:00", channel="web"),
        contacted("2024-06-10 10:30"),
        lead("created", "2024-06-11 10:00", "b", channel="phone"),
        deal("created", "2024-06-10"),
        won("2024-06-12", amount_minor=123_45),
        won("2024-06-12", "free", amount_minor=0, team="zero"),
        deal("lost", "2024-06-12", "b"),
        deal("lost", "2024-06-12", "c"),
        activated("2024-01-01"),
        activated("2024-01-01", "b", plan="pro"),
        churned("2024-06-12", "b"),
        cost("2024-06-01", 500_00),
        ticket("created", "2024-06-01", team="one"),
        answered("2024-06-12", "a", 3),
        answered("2024-06-12", "b", 9),
        answered("2024-06-12", "c", 10),
    ]
    return read(tmp_path_factory.mktemp("history"), history, as_of="2024-06-20")


def reading(key: Key, ours: Expected) -> dict[str, Any]:
    """What a replay that agrees would print."""
    return {
        **key._asdict(),
        "kpi": ours.kpi,
        "labels": dict(key.labels),
        "value": ours.now.value,
        "numerator": ours.now.numerator,
        "denominator": ours.now.denominator,
        "samples": ours.now.samples,
        "lower": ours.now.lower,
        "upper": ours.now.upper,
        "previous": ours.previous,
        "change": ours.change,
    }


def replay(expected: Readings) -> dict[str, Any]:
    return {"readings": [reading(key, ours) for key, ours in expected.items()]}


def find(said: dict[str, Any], gauge: str, window: str, member: str = "all", **labels: str) -> dict[str, Any]:
    """The one reading, to be changed."""
    (found,) = (
        one
        for one in said["readings"]
        if (one["gauge"], one["window"], one["member"], one["labels"]) == (gauge, window, member, labels)
    )
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("gauge", "window", "labels", "value"),
    [
        ("crm_leads", "30d", {}, 2),
        ("crm_lead_response_seconds_mean", "30d", {"clock": "calendar"}, 1800),
        ("crm_lead_response_seconds", "30d", {"clock": "calendar", "quantile": "0.9"}, 1800),
        ("crm_leads_waiting_oldest_seconds", "now", {}, 8 * 86400 + 14 * 3600),
        ("crm_win_ratio", "30d", {}, 0.5),
        ("crm_revenue", "30d", {"currency": "USD"}, 123.45),
        ("crm_cost_per_lead", "30d", {"currency": "USD"}, 250),
        ("crm_cac", "30d", {"currency": "USD"}, None),
        ("crm_churn_ratio", "30d", {"kind": "voluntary"}, 0.5),
        ("crm_nps_points", "30d", {}, 100 / 3),
        ("crm_csat_ratio", "30d", {}, None),
    ],
)
def test_a_value_is_in_the_unit_of_its_gauge(
    gauge: str, window: str, labels: dict[str, str], value: float | None, expected: Readings
) -> None:
    found = expected.of(gauge, window, **labels).value
    assert found == (None if value is None else pytest.approx(value, rel=1e-12))


def test_a_cost_has_no_value_where_nothing_was_spent(tmp_path: Path) -> None:
    found = read(tmp_path, [lead("created", "2024-06-10")], as_of="2024-06-20")
    nothing = found.of("crm_cost_per_lead", "30d", currency="USD")
    assert (nothing.numerator, nothing.denominator, nothing.value) == (0, 1, None)


def test_a_replay_that_agrees_has_no_differences(expected: Readings) -> None:
    assert differences(expected, replay(expected)) == []


def test_readings_over_nothing_may_be_absent_and_counts_of_nothing_in_a_slice(expected: Readings) -> None:
    said = replay(expected)
    said["readings"] = [one for one in said["readings"] if one["value"] is not None]
    said["readings"].remove(find(said, "crm_revenue", "30d", "zero", currency="USD"))
    assert differences(expected, said) == []


def test_readings_over_nothing_may_say_so(expected: Readings) -> None:
    said = replay(expected)
    nothing = {"value": None, "numerator": 0, "denominator": 0, "samples": 0, "member": "elsewhere"}
    said["readings"].append({**find(said, "crm_win_ratio", "30d"), "dimension": "team", **nothing})
    ours = {"gauge": "crm_dead_letter_ratio", "labels": {}, "window": "24h", "value": 0.01, "numerator": 1}
    said["readings"].append({**find(said, "crm_win_ratio", "30d"), **ours})
    find(said, "crm_csat_ratio", "30d").update(numerator=None, denominator=None)
    assert differences(expected, said) == []


def test_a_quantile_and_the_age_of_the_oldest_in_a_slice_may_be_a_little_off(expected: Readings) -> None:
    said = replay(expected)
    quantile = {"clock": "calendar", "quantile": "0.5"}
    find(said, "crm_lead_response_seconds", "30d", **quantile)["value"] *= 1.1
    oldest = find(said, "crm_tickets_open_oldest_seconds", "now", "one")
    oldest.update(numerator=oldest["numerator"] + 3_600_000, value=oldest["value"] + 3600)
    assert differences(expected, said) == []


@pytest.mark.parametrize(
    ("gauge", "window", "member", "labels", "change"),
    [
        ("crm_leads", "30d", "all", {}, {"numerator": 3}),
        ("crm_leads", "30d", "all", {}, {"previous": 1.0}),
        ("crm_leads", "30d", "all", {}, {"lower": 0.5}),
        ("crm_win_ratio", "30d", "all", {}, {"upper": None}),
        ("crm_win_ratio", "30d", "all", {}, {"lower": 0.1501}),
        ("crm_leads", "30d", "all", {}, {"previous": None}),
        ("crm_leads", "7d", "all", {}, {"change": None}),
        ("crm_leads", "7d", "all", {}, {"change": -0.99}),
        ("crm_leads_waiting", "now", "all", {}, {"previous": 0.0}),
        ("crm_leads", "30d", "all", {}, {"numerator": 2.0}),
        ("crm_leads", "30d", "web", {}, {"value": 2}),
        ("crm_leads", "30d", "web", {}, {"kpi": "leads"}),
        ("crm_win_ratio", "30d", "all", {}, {"denominator": 3}),
        ("crm_win_ratio", "30d", "all", {}, {"value": 0.5000001}),
        ("crm_win_ratio", "30d", "all", {}, {"value": None}),
        ("crm_csat_ratio", "30d", "all", {}, {"value": 0.0}),
        ("crm_revenue", "30d", "all", {"currency": "USD"}, {"value": 12345.0}),
        ("crm_cac", "30d", "all", {"currency": "USD"}, {"numerator": 1}),
        ("crm_lead_response_seconds", "30d", "all", {"clock": "calendar", "quantile": "0.5"}, {"samples": 2}),
        (
            "crm_lead_response_seconds",
            "30d",
            "all",
            {"clock": "calendar", "quantile": "0.5"},
            {"value": 1981},
        ),
        ("crm_leads_waiting_oldest_seconds", "now", "all", {}, {"numerator": 1}),
        ("crm_leads_waiting_oldest_seconds", "now", "phone", {}, {"numerator": 1}),
        ("crm_leads_waiting_oldest_seconds", "now", "phone", {}, {"value": 1.0}),
    ],
)
def test_whatever_is_changed_is_one_sentence(
    gauge: str, window: str, member: str, labels: dict[str, str], change: dict[str, Any], expected: Readings
) -> None:
    said = replay(expected)
    find(said, gauge, window, member, **labels).update(change)
    (sentence,) = differences(expected, said)
    assert sentence.startswith(f"{gauge}{{")
    assert "theirs" in sentence


def test_a_sentence_names_the_reading_ours_and_theirs(expected: Readings) -> None:
    said = replay(expected)
    find(said, "crm_churn_ratio", "30d", "pro", kind="all")["numerator"] = 7
    assert differences(expected, said) == [
        'crm_churn_ratio{kind="all"} over 30d, plan=pro: numerator: ours is 1, theirs is 7'
    ]


def test_what_is_missing_is_a_difference(expected: Readings) -> None:
    said = replay(expected)
    said["readings"].remove(find(said, "crm_leads", "1h"))
    said["readings"].remove(find(said, "crm_leads", "30d", "web"))
    assert differences(expected, said) == [
        "crm_leads{} over 1h, the whole: ours is value 0.0, numerator 0, theirs is absent",
        "crm_leads{} over 30d, channel=web: ours is value 1.0, numerator 1, theirs is absent",
    ]


def test_what_is_too_much_is_a_difference(expected: Readings) -> None:
    said = replay(expected)
    whole = find(said, "crm_leads", "30d")
    said["readings"] += [
        {**whole, "window": "2d"},
        {**whole, "gauge": "crm_leeds"},
        {**whole, "labels": {"state": "final"}},
        {**whole, "dimension": "channel", "member": "post"},
        whole,
    ]
    assert len(differences(expected, said)) == 5
