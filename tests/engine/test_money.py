"""Amounts are converted once per event, rounded half to even, by exact rates."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalog import Currency
from streams.engine.money import Converter

USD = Converter(
    Currency.model_validate(
        {
            "report": "USD",
            "rates": {
                "EUR": {"rate": "1.08"},
                "JPY": {"rate": "0.0067", "digits": 0},
                "KWD": {"rate": "3.25", "digits": 3},
                "XHF": {"rate": "0.5"},
            },
        }
    )
)

CONVERTED = [
    (100, "USD", 100),
    (100, None, 100),
    (None, "EUR", None),
    (100, "EUR", 108),
    (1, "EUR", 1),
    (1_000, "JPY", 670),  # 1000 yen have no minor units: 6.70 dollars
    (1_000, "KWD", 325),  # 1000 fils are one dinar: 3.25 dollars
    (1, "XHF", 0),  # 0.5 -> 0
    (3, "XHF", 2),  # 1.5 -> 2
    (5, "XHF", 2),  # 2.5 -> 2
    (10**15, "EUR", 108 * 10**13),
]


@pytest.mark.parametrize(("amount", "currency", "expected"), CONVERTED)
def test_minor_units_of_one_currency_become_minor_units_of_another(
    amount: int | None, currency: str | None, expected: int | None
) -> None:
    assert USD.convert(amount, currency) == expected


@given(st.integers(0, 10**15))
def test_no_amount_is_off_by_more_than_half_a_unit(amount: int) -> None:
    converted = USD.convert(amount, "EUR")
    assert converted is not None
    assert abs(converted - amount * Fraction("1.08")) <= Fraction(1, 2)


def test_the_reporting_currency_is_known_and_a_rate_of_its_own_has_no_say() -> None:
    odd = Converter(Currency.model_validate({"report": "USD", "rates": {"USD": {"rate": "2"}}}))
    assert odd.known == {"USD"}
    assert odd.convert(100, "USD") == 100
