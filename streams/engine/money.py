"""Amounts: whole minor units, converted to the reporting currency once per event."""

from fractions import Fraction

from schemas.catalog import Currency


class Converter:
    """Converts minor units of the catalog's currencies to minor units of the reporting currency."""

    def __init__(self, currency: Currency) -> None:
        self.known = frozenset({currency.report, *currency.rates})
        self._factors = {
            code: Fraction(rate.rate) * Fraction(10) ** (currency.digits - rate.digits)
            for code, rate in currency.rates.items()
            if code != currency.report
        }

    def no_rate(self, currency: str) -> str | None:
        """What to say of a currency that cannot be converted; None of one that can."""
        if currency in self.known:
            return None
        return f"no rate for {currency!r}; the catalog has {', '.join(sorted(self.known))}"

    def convert(self, amount_minor: int | None, currency: str | None) -> int | None:
        """Minor units of the reporting currency, rounded half to even. None as currency means that one."""
        factor = self._factors.get(currency or "")
        if factor is None or amount_minor is None:
            return amount_minor
        return round(amount_minor * factor)
