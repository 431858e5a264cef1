"""Numbers as the templates of Prometheus write them, to know what an alert says of a value."""

from collections.abc import Callable, Mapping
from itertools import dropwhile
from typing import Final

_PREFIXES: Final = ("", "k", "M", "G", "T", "P", "E")


def humanize(value: float) -> str:
    """1.234k: four digits that count, and a prefix; of 1 and above and of 0, below 10^21."""
    scaled, prefixes = value, list(_PREFIXES)
    while abs(scaled) >= 1000:
        scaled, prefixes = scaled / 1000, prefixes[1:]
    return f"{scaled:.4g}{prefixes[0]}"


def percentage(value: float) -> str:
    return f"{100 * value:.4g}%"


def duration(seconds: float) -> str:
    """2h 0m 1s; of a second and above, and 0."""
    if 0 < abs(seconds) < 60:
        return f"{seconds:.4g}s"
    sign, whole = "-" if seconds < 0 else "", int(abs(seconds))
    parts = {"d": whole // 86_400, "h": whole // 3_600 % 24, "m": whole // 60 % 60}
    from_largest = dropwhile(lambda part: not part[1], parts.items())
    return sign + "".join(f"{number}{unit} " for unit, number in from_largest) + f"{whole % 60}s"


VALUES: Final[Mapping[str, Callable[[float], str]]] = {
    "ratio": percentage,
    "seconds": duration,
    "points": lambda value: f"{value:+.1f} points",
    "years": lambda value: f"{value:.1f} years",
    "months": lambda value: f"{value:.1f} months",
}
"""Unit -> how an alert tells a value; others are humanized."""
