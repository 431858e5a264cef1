"""Monthly recurring revenue of a Stripe subscription, exactly: a fraction of minor units until it is rounded.

    minor units = sum over items of unit amount * quantity / months of the interval

Discounts, taxes and usage are not in it: webhooks name discounts by id only, and usage is not recurring.
A year has 12 months and 365 days.
"""

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from streams.intake import values
from streams.intake.drafts import Unreadable

METERED: Final = "price.metered"
WITHOUT_AMOUNT: Final = "price.without_amount"
MORE_ITEMS: Final = "items.more"

_MONTHS: Final = {
    "day": Fraction(12, 365),
    "week": Fraction(7 * 12, 365),
    "month": Fraction(1),
    "year": Fraction(12),
}
"""Months of an interval."""


def monthly(
    subscription: Mapping[str, Any], amounts: Mapping[str, int], left_out: Counter[str], path: str
) -> Fraction:
    """Stripe's minor units a month, whatever its status is; items without an amount count in `left_out`.

    `amounts`: price id -> unit amount of prices that tell none. Raises Unreadable.
    """
    listed = values.member(subscription, "items")
    items = values.member(listed, "data")
    if not isinstance(items, list):
        raise Unreadable(f"{path}.items.data", "items.data should be the list of what is subscribed to")
    if values.member(listed, "has_more") is True:
        left_out[MORE_ITEMS] += 1
    each = (_item(item, amounts, left_out, f"{path}.items.data[{at}]") for at, item in enumerate(items))
    return sum(each, Fraction(0))


def _item(item: object, amounts: Mapping[str, int], left_out: Counter[str], path: str) -> Fraction:
    name = (
        "price" if isinstance(values.member(item, "price"), dict) else "plan"
    )  # as it was called before 2020
    price = values.member(item, name)
    if not isinstance(price, dict):
        raise Unreadable(f"{path}.price", "price should be an object")
    recurring = price if name == "plan" else values.member(price, "recurring")
    if values.member(recurring, "usage_type") == "metered":
        left_out[METERED] += 1
        return Fraction(0)
    unit = _unit_amount(price, amounts, f"{path}.{name}")
    if unit is None:
        left_out[WITHOUT_AMOUNT] += 1
        return Fraction(0)
    return unit * _quantity(item, price, path) / _months(recurring, f"{path}.{name}")


def _unit_amount(price: Mapping[str, Any], amounts: Mapping[str, int], path: str) -> Fraction | None:
    for name in ("unit_amount_decimal", "unit_amount", "amount_decimal", "amount"):
        if price.get(name) is not None:
            amount = values.number(price[name])
            if amount is None:
                raise Unreadable(f"{path}.{name}", f"{name} should be an amount in minor units")
            return Fraction(amount)
    told = amounts.get(values.text(price.get("id")) or "")
    return None if told is None else Fraction(told)


def _quantity(item: object, price: Mapping[str, Any], path: str) -> int:
    told = values.member(item, "quantity")
    quantity = 1 if told is None else values.whole(told)
    if quantity is None:
        raise Unreadable(f"{path}.quantity", "quantity should be a whole number from 0 on")
    package = price.get("transform_quantity")
    size = values.whole(values.member(package, "divide_by"))
    if not size:
        return quantity
    return -(-quantity // size) if values.member(package, "round") == "up" else quantity // size


def _months(recurring: object, path: str) -> Fraction:
    interval = values.text(values.member(recurring, "interval")) or ""
    told = values.member(recurring, "interval_count")
    count = 1 if told is None else values.whole(told)
    if interval.lower() not in _MONTHS or not count:
        raise Unreadable(f"{path}.recurring", "recurring should have an interval (day, week, month, year)")
    return _MONTHS[interval.lower()] * count
