import pytest

from streams.human import format_value, in_words, rfc3339, series_name
from tests.builders import shipped

DASH = "–"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "ratio", DASH),
        (0.1234, "ratio", "12.3 %"),
        (0.0, "ratio", "0.0 %"),
        (13.5, "ratio", "1,350.0 %"),
        (8040.0, "seconds", "2 h 14 min"),
        (0.0, "seconds", "0 s"),
        (0.35, "seconds", "350 ms"),
        (9.5, "seconds", "9.5 s"),
        (59.7, "seconds", "1 min 0 s"),
        (252.0, "seconds", "4 min 12 s"),
        (273_600.0, "seconds", "3 d 4 h"),
        (-90.0, "seconds", "-1 min 30 s"),
        (1234.5, "money", "USD 1,234.50"),
        (-1_200_000.0, "money", "USD -1.20 M"),
        (2_500_000_000.0, "money", "USD 2.50 bn"),
        (1234.0, "count", "1,234"),
        (12.25, "count", "12.25"),
        (30.0, "points", "+30.0"),
        (-12.34, "points", "-12.3"),
        (1.644, "years", "1.6 years"),
        (14.0, "months", "14.0 months"),
    ],
)
def test_values_read_as_people_say_them(value: float | None, unit: str, text: str) -> None:
    assert format_value(value, unit, "USD") == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.4, "ratio", "40 %"),
        (0.125, "ratio", "12.5 %"),
        (10.0, "ratio", "1,000 %"),
        (30.0, "points", "+30 points"),
        (1200.0, "money", "USD 1,200"),
        (1200.5, "money", "USD 1,200.50"),
        (3_000_000.0, "count", "3 M"),
        (9.0, "seconds", "9 s"),
        (14.0, "months", "14 months"),
    ],
)
def test_in_a_sentence_decimals_that_are_0_are_left_out(value: float, unit: str, text: str) -> None:
    assert in_words(value, unit, "USD") == text


def test_money_without_a_known_currency_is_a_number() -> None:
    assert format_value(5.0, "money") == "5.00"


def test_a_series_is_named_by_what_sets_it_apart() -> None:
    kpis = shipped().catalog.kpis
    response, waiting = kpis["lead_response"], kpis["leads_waiting"]
    labels = {"clock": "calendar", "quantile": "0.99"}
    assert series_name(response, "crm_lead_response_seconds", labels) == "p99, calendar"
    assert series_name(response, "crm_lead_response_seconds_mean", {"clock": "calendar"}) == "mean, calendar"
    assert series_name(waiting, "crm_leads_waiting_oldest_seconds", {}) == "oldest"
    assert series_name(kpis["churn"], "crm_churn_ratio", {"kind": "all"}) == "kind all"
    assert series_name(kpis["revenue"], "crm_revenue", {"currency": "USD"}) == ""


def test_times_are_rfc_3339_to_the_millisecond() -> None:
    assert rfc3339(1_763_800_000_123) == "2025-11-22T08:26:40.123Z"
