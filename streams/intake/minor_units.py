"""Amounts as the contract has them: whole minor units, by ISO 4217."""

from decimal import Decimal
from fractions import Fraction
from typing import Final

_DIGITS: Final = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI")
        + ("VND", "VUV", "XAF", "XOF", "XPF"),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""Decimal places of the minor unit of those currencies that have others than two (ISO 4217, list one)."""


def digits(currency: str) -> int:
    """Decimal places of a currency's minor unit."""
    return _DIGITS.get(currency, 2)


def minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount in major units, rounded half to even."""
    return round(Fraction(amount) * Fraction(10) ** digits(currency))


_STRIPE_DIGITS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Decimal places of Stripe's amounts, where they are others than those of ISO 4217
(docs.stripe.com/currencies: special cases, and zero-decimal currencies)."""


def minor_of_stripe(amount: Fraction | int, currency: str) -> int:
    """Minor units of an amount as Stripe has it, rounded half to even."""
    places = digits(currency)
    return round(amount * Fraction(10) ** (places - _STRIPE_DIGITS.get(currency, places)))
