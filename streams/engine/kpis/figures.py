"""Figures: what stands beside a KPI's gauge (numerator, denominator, bounds, change), and of which series."""

import ast
from collections.abc import Iterable

from streams.engine.expressions import parse
from streams.engine.kpis.readings import Reading
from streams.engine.kpis.series import SeriesPlan

FigureKey = tuple[str, tuple[tuple[str, str], ...]]
"""(KPI, its own labels)."""


def figure_key(one: SeriesPlan | Reading) -> FigureKey:
    return one.kpi, tuple(sorted(one.labels.items()))


def figure_owners(series: Iterable[SeriesPlan]) -> dict[FigureKey, str]:
    """Which gauge's figures are shown for a KPI and its own labels: the first one's.

    The age of the oldest that waits would else be a second numerator of the KPI that counts those who wait.
    """
    owners: dict[FigureKey, str] = {}
    for one in series:
        owners.setdefault(figure_key(one), one.gauge)
    return owners


def number_of_parts(series: SeriesPlan) -> int:
    """How many of numerator and denominator its readings may have."""
    match parse(series.formula.text):
        case ast.BinOp(op=ast.Div()) | ast.Call(func=ast.Name(id="mean")):
            return 2
        case ast.Call(func=ast.Name(id="quantile")):
            return 0
    return 1
