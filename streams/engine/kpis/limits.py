"""What the words of KPIs must keep to: alerts, targets, benchmarks and guardrails that can mean something.

Only the catalog is read, so a fault in a formula hides none of these. Each check gives (path, message) pairs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from operator import gt, lt
from typing import Final

from schemas.catalog import Catalog
from schemas.documents import Path
from schemas.kpis import Alert, Kpi, Series
from schemas.words import nearest
from streams.engine.kpis.alert_names import alert_name
from streams.engine.kpis.verdicts import judged_by, target_of
from streams.naming import PIPELINE_ALERTS

Fault = tuple[Path, str]


def limit_faults(catalog: Catalog) -> Iterator[Fault]:
    """All that cannot be in the words of the KPIs."""
    yield from _called_alike(catalog.kpis)
    for name, kpi in catalog.kpis.items():
        for path, message in _of_kpi(name, kpi, catalog):
            yield ("kpis", name, *path), message


def _of_kpi(name: str, kpi: Kpi, catalog: Catalog) -> Iterator[Fault]:
    if not _is_known(kpi):
        return
    yield from _direction(kpi)
    yield from _benchmark(kpi)
    yield from _guardrails(name, kpi, catalog.kpis)
    yield from _alerts(kpi)
    yield from _amounts(kpi)


def _is_known(kpi: Kpi) -> bool:
    """Whether it can be said what is judged."""
    return (kpi.formula is None) != (not kpi.series)


def _direction(kpi: Kpi) -> Iterator[Fault]:
    """Better and worse need a direction."""
    if kpi.good != "none":
        return
    for field, given in (("alerts", kpi.alerts), ("guardrails", kpi.guardrails)):
        if given:
            yield (
                (field,),
                f"with `good: none` nothing is better or worse: say up or down, or leave {field} out",
            )


def _benchmark(kpi: Kpi) -> Iterator[Fault]:
    if kpi.benchmark is not None and kpi.benchmark.low > kpi.benchmark.high:
        yield ("benchmark", "low"), f"{kpi.benchmark.low:g} is more than `high`, {kpi.benchmark.high:g}"


def _guardrails(name: str, kpi: Kpi, kpis: Mapping[str, Kpi]) -> Iterator[Fault]:
    seen: set[str] = set()
    for at, guardrail in enumerate(kpi.guardrails):
        path: Path = ("guardrails", at, "kpi")
        if guardrail.kpi not in kpis:
            yield path, f"unknown KPI {guardrail.kpi!r}{nearest(guardrail.kpi, kpis)}"
        elif guardrail.kpi == name:
            yield path, "a KPI cannot be its own guardrail: name the one that pays for its gains"
        elif guardrail.kpi in seen:
            yield path, f"{guardrail.kpi} is a guardrail of this KPI already"
        elif kpis[guardrail.kpi].good == "none":
            yield path, f"{guardrail.kpi} has `good: none` and so cannot get worse: give it a direction"
        seen.add(guardrail.kpi)


# -- Alerts -----------------------------------------------------------------------------------------------


def _alerts(kpi: Kpi) -> Iterator[Fault]:
    taken: dict[tuple[int, str], int] = {}
    for at, alert in enumerate(kpi.alerts):
        path: Path = ("alerts", at)
        series = judged_by(kpi, alert)
        if len(series) != 1:
            yield path, _which(kpi, alert, series)
            continue
        yield from _placed(path, _of_series(kpi, alert, series[0]))
        for window in alert.windows:
            first = taken.setdefault((kpi.all_series().index(series[0]), window), at)
            if first != at:
                yield (*path, "windows"), f"alert {first} judges this series in {window} already"
    if kpi.good != "none":
        for at, alert in enumerate(kpi.alerts):
            yield from _placed(("alerts", at), _order(kpi, alert))


def _called_alike(kpis: Mapping[str, Kpi]) -> Iterator[Fault]:
    """Rules, runbooks and silences know an alert by its name."""
    taken = dict.fromkeys(PIPELINE_ALERTS, "the pipeline has an alert")
    for name, kpi in kpis.items():
        for at, alert in enumerate(kpi.alerts if _is_known(kpi) else ()):
            called = alert_name(name, kpi, alert)
            if called in taken:
                yield ("kpis", name, "alerts", at), f"{taken[called]} {called} too: give this one a `name`"
            taken.setdefault(called, f"{name} has an alert")


def _placed(path: Path, faults: Iterable[Fault]) -> Iterator[Fault]:
    return (((*path, *below), message) for below, message in faults)


def _which(kpi: Kpi, alert: Alert, found: list[Series]) -> str:
    """That an alert names no series, or several."""
    there = "; ".join(dict.fromkeys(_name(series) for series in found or kpi.all_series()))
    if found:
        return f"judges one series, and {len(found)} are meant: say which by `gauge` and `labels`: {there}"
    return f"there is no such series, by `gauge` and `labels`; there are: {there}"


def _name(series: Series) -> str:
    labels = ", ".join(f'{name}="{value}"' for name, value in series.labels.items())
    return f"{series.gauge}{{{labels}}}" if labels else str(series.gauge)


def _of_series(kpi: Kpi, alert: Alert, series: Series) -> Iterator[Fault]:
    """What its series must have: the windows, and bounds to be judged by."""
    yield from _sliced(kpi, alert, series)
    windows = series.windows or kpi.windows
    for at, window in enumerate(alert.windows):
        if window not in windows:
            yield (
                ("windows", at),
                f"{_name(series)} is not read in {window}; its windows: {', '.join(windows)}",
            )
    if alert.judge == "bound":
        yield from _bound(kpi, series)


def _bound(kpi: Kpi, series: Series) -> Iterator[Fault]:
    """Bounds are exported of one gauge for a KPI and its own labels: the first."""
    first = next(one for one in kpi.all_series() if one.labels == series.labels)
    if series.bounds is None:
        yield ("judge",), f"{_name(series)} has no bounds: give it `bounds`, or judge by the point"
    elif first.gauge != series.gauge:
        text = f"the bounds exported are those of {_name(first)}, which has the same labels"
        yield (
            ("judge",),
            f"{text}: give {_name(series)} labels of its own, or put it first, or judge by the point",
        )


def _sliced(kpi: Kpi, alert: Alert, series: Series) -> Iterator[Fault]:
    for at, dimension in enumerate(alert.dimensions):
        if dimension not in kpi.dimensions:
            text = f"{_name(series)} is not sliced by {dimension!r}"
            yield ("dimensions", at), f"{text}{nearest(dimension, kpi.dimensions)}"


def _order(kpi: Kpi, alert: Alert) -> Iterator[Fault]:
    """From good to bad: target, clear, warn, critical; two of them may be the same."""
    better, side = _BETTER[kpi.good], "at most" if kpi.good == "up" else "at least"
    ladder = {
        "target": target_of(kpi, alert),
        "clear": alert.clear,
        "warn": alert.warn,
        "critical": alert.critical,
    }
    steps = [(name, value) for name, value in ladder.items() if value is not None]
    for (name, value), (below, worse) in combinations(steps, 2):
        if better(worse, value):
            text = f"where {kpi.good} is good, {below} is {side} {name}, which is {value:g}; not {worse:g}"
            yield (below,), text


_BETTER: Final[Mapping[str, Callable[[float, float], bool]]] = {"up": gt, "down": lt}


# -- Amounts ----------------------------------------------------------------------------------------------

_PERCENT: Final = "a proportion lies in 0..1: {value:g} means {percent:,.10g} %"


def _amounts(kpi: Kpi) -> Iterator[Fault]:
    """What is given in the unit of a series must be a value that it can have."""
    first = kpi.all_series()[0]
    given: list[tuple[Path, float | None, Series]] = [(("target",), kpi.target, first)]
    if kpi.benchmark is not None:
        given += [(("benchmark", field), getattr(kpi.benchmark, field), first) for field in ("low", "high")]
    for at, alert in enumerate(kpi.alerts):
        for series in judged_by(kpi, alert)[:1]:
            for field in ("warn", "critical", "clear"):
                given.append((("alerts", at, field), getattr(alert, field), series))
    for path, value, series in given:
        if value is not None and (text := _misfit(value, series)):
            yield path, text


def _misfit(value: float, series: Series) -> str | None:
    if series.bounds == "wilson" and not 0 <= value <= 1:
        better = f"; write {value / 100:g}" if 1 < value <= 100 else ""
        return _PERCENT.format(value=value, percent=100 * value) + better
    if series.bounds == "adjusted_wald" and not -100 <= value <= 100:
        return f"a score lies in -100..100 points, and {value:g} does not"
    if series.unit in ("count", "seconds") and value < 0:
        return f"nothing in unit {series.unit} is below 0, as {value:g} is"
    return None


# -- Notes ------------------------------------------------------------------------------------------------
