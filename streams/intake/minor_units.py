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
    return round(Fraction(amount) * 10 ** digits(currency))
