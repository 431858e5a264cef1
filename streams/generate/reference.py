"""The reference: a page for each KPI, and an index by group, as Markdown."""

import ast
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from schemas.catalog import Catalog
from schemas.kpis import Alert, Guardrail, Kpi, Series
from streams.engine.arrivals import DEAD_LETTERS, EVENTS_RECEIVED
from streams.engine.expressions import parse
from streams.generate.markdown import bullets, code, document, section, sentence, table
from streams.generate.sources import Declared, declared, measures_of, named_by, needs, read_by
from streams.generate.words import in_words
from streams.human import format_value, own_labels
from streams.naming import ALL, NOW, SLICE_LABELS

DIRECTORY: Final = "docs/kpis"
MARKER: Final = "<!-- DO NOT EDIT: made from the catalog by `kpi generate reference`. -->"

_GROUPS: Final = {
    "sales": "Sales",
    "support": "Support",
    "customers": "Customers",
    "campaigns": "Campaigns",
    "health": "Health of the CRM",
    "pipeline": "The pipeline itself",
}
_UNITS: Final = {
    "count": "a number",
    "ratio": "a ratio (1 is 100 %)",
    "seconds": "seconds",
    "money": "money, in major units",
    "points": "points",
    "years": "years",
    "months": "months",
}
_GOOD: Final = {
    "up": "higher is better",
    "down": "lower is better",
    "none": "neither way is better in itself",
}
_BOUNDS: Final = {
    "wilson": "Wilson's interval (95 %): the numerator is a part of the denominator",
    "adjusted_wald": "adjusted Wald (95 %)",
}
_TERMS: Final = {
    "start": "`start(x)`: the level x at the window's start",
    "end": "`end(x)`: the level x at the window's end",
    "avg": "`avg(x)`: the mean of the level x at the window's start and end",
    "mean": "`mean(x)`: the sum of the times x over their number",
    "quantile": "`quantile(x, q)`: the time x at rank ceil(q * n), at most 10 % off",
    "oldest": "`oldest(x)`: the age of the oldest that is open",
    "prev": "`prev(x)`: x over the window before; then all operands are over whole panes",
    "days": "`days`: the time that the window covers, in days",
    "covered": "`covered`: the time that the window covers, in milliseconds",
    EVENTS_RECEIVED: f"`{EVENTS_RECEIVED}`: every record of the topic, at its Kafka timestamp",
    DEAD_LETTERS: f"`{DEAD_LETTERS}`: every record that was refused, at its Kafka timestamp",
}
"""What a formula may say beside measures and KPIs."""


def texts(catalog: Catalog) -> dict[str, str]:
    """Relative path -> text."""
    pages = {f"{DIRECTORY}/{name}.md": _page(name, catalog) for name in catalog.kpis}
    return {f"{DIRECTORY}/README.md": _index(catalog), **pages}


# -- The index --------------------------------------------------------------------------------------------


def _index(catalog: Catalog) -> str:
    by_group = sorted(catalog.kpis.items(), key=lambda item: list(_GROUPS).index(item[1].group))
    sections = [
        section(_GROUPS[group], table(("KPI", "what for", "unit", "good", "gauge"), map(_line, kpis)))
        for group, kpis in groupby(by_group, key=lambda item: item[1].group)
    ]
    text = "What each number means: formula, what counts and what does not, where other definitions differ."
    return document(MARKER, "KPIs", text, *sections)


def _line(item: tuple[str, Kpi]) -> list[str]:
    name, kpi = item
    return [f"[{kpi.title}]({name}.md)", sentence(kpi.goal), kpi.unit, kpi.good, f"`{kpi.gauge}`"]


# -- A page -----------------------------------------------------------------------------------------------


def _page(name: str, catalog: Catalog) -> str:
    kpi = catalog.kpis[name]
    facts = f"Owner: {kpi.owner}. Unit: {_UNITS[kpi.unit]}; {_GOOD[kpi.good]}. Group: {_GROUPS[kpi.group]}."
    return document(
        MARKER,
        kpi.title,
        sentence(kpi.goal),
        facts,
        section("Formula", _formulas(kpi, catalog), sentence(kpi.note), _requires(kpi)),
        section("In words", *_in_words(kpi, catalog)),
        section("What counts", sentence(kpi.counts)),
        section("What does not", sentence(kpi.leaves_out)),
        section("Other definitions", sentence(kpi.differs)),
        section("Events needed", _events(kpi, catalog)),
        section("Windows and slices", *_extent(kpi, catalog)),
        section("Target, benchmark, alerts", *_limits(kpi, catalog)),
        section("Guardrails", _guardrails(kpi, catalog)),
    )


def _formulas(kpi: Kpi, catalog: Catalog) -> str:
    rows = [(f"`{_gauge(series, catalog)}`", f"`{series.formula}`") for series in kpi.all_series()]
    return table(("gauge", "formula"), rows)


def _gauge(series: Series, catalog: Catalog) -> str:
    """With its own labels; every gauge has those of window and slice beside them."""
    labels = dict(series.labels)
    if series.unit == "money":
        labels["currency"] = catalog.currency.report
    told = ", ".join(f'{name}="{labels[name]}"' for name in own_labels(labels))
    return f"{series.gauge}{{{told}}}" if told else str(series.gauge)


def _requires(kpi: Kpi) -> str:
    if not kpi.requires:
        return ""
    what = f"{code(kpi.requires)} is" if len(kpi.requires) == 1 else f"all of {code(kpi.requires)} are"
    return f"There is no value where {what} 0 in the window."


def _in_words(kpi: Kpi, catalog: Catalog) -> Iterator[str]:
    """Numerator and denominator of each ratio once; then what each measure is."""
    known = declared(catalog)
    formulas = list(dict.fromkeys(series.formula for series in kpi.all_series()))
    ratios = [ratio for formula in formulas if (ratio := _ratio(formula))]
    yield bullets(f"Numerator `{above}`, denominator `{below}`." for above, below in dict.fromkeys(ratios))
    read = dict.fromkeys(name for formula in formulas for name in read_by(formula, known))
    terms = dict.fromkeys(name for formula in formulas for name in _words(formula) if name in _TERMS)
    others = dict.fromkeys(name for formula in formulas for name in named_by(formula, catalog))
    yield bullets(
        [
            *(
                f"`{name}`: {in_words(known[name])}."
                for name in dict.fromkeys((*read, *kpi.requires))
                if name in known
            ),
            *(f"{_TERMS[name]}." for name in terms),
            *(f"`{name}`: the KPI [{catalog.kpis[name].title}]({name}.md)." for name in others),
        ]
    )


def _words(formula: str) -> list[str]:
    """Every name in a formula, also those of functions."""
    return [node.id for node in ast.walk(parse(formula)) if isinstance(node, ast.Name)]


def _ratio(formula: str) -> tuple[str, str] | None:
    """The two sides of a formula that is one division."""
    node = parse(formula)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return ast.unparse(node.left), ast.unparse(node.right)
    return None


def _events(kpi: Kpi, catalog: Catalog) -> str:
    measures: list[Declared] = measures_of(kpi, catalog)
    rows = [
        (f"`{need.event}`", need.kind, need.fact, f"`{' '.join(need.where.split())}`" if need.where else "")
        for need in needs(measures)
    ]
    return table(("event type", "of", "as", "where"), rows) if rows else "Any event."


# -- How far it reaches -----------------------------------------------------------------------------------


def _extent(kpi: Kpi, catalog: Catalog) -> Iterator[str]:
    by_windows: dict[tuple[str, ...], list[str]] = {}
    for series in kpi.all_series():
        by_windows.setdefault(tuple(series.windows or ()), []).append(_gauge(series, catalog))
    for windows, gauges in by_windows.items():
        of = f" of {code(gauges)}" if len(by_windows) > 1 else ""
        yield f"Windows{of}: {code(windows)}." if windows != (NOW,) else f"Now{of}."
    for span in dict.fromkeys(series.mature_after for series in kpi.all_series() if series.mature_after):
        yield f"`final`: the window that ended {span} ago, so that everything in it had {span} to happen."
    slices = f"each {code(kpi.dimensions)}" if kpi.dimensions else "no slices"
    yield f"The whole, and {slices}. Labels of every gauge: {code(SLICE_LABELS)}."
    for bounds in dict.fromkeys(series.bounds for series in kpi.all_series() if series.bounds):
        yield f"Bounds: {_BOUNDS[bounds]}."


def _limits(kpi: Kpi, catalog: Catalog) -> Iterator[str]:
    target = (
        "none: no volume or amount fits every company; set your own"
        if kpi.target is None
        else _value(kpi.target, kpi.unit, catalog)
    )
    yield bullets([f"Target: {target}.", f"Benchmark: {_benchmark(kpi, catalog)}."])
    rows = [_alert(alert, kpi, catalog) for alert in kpi.alerts]
    yield table(_ALERT_HEADING, rows) if rows else "No alerts."


_ALERT_HEADING: Final = (
    *("alert on", "windows", "of", "warns beyond", "critical beyond"),
    *("samples", "judged by", "for", "ends"),
)


def _benchmark(kpi: Kpi, catalog: Catalog) -> str:
    if kpi.benchmark is None:
        return "none"
    low, high = (_value(number, kpi.unit, catalog) for number in (kpi.benchmark.low, kpi.benchmark.high))
    span = low if low == high else f"{low} to {high}"
    return f"{span} ({kpi.benchmark.source.rstrip('.')}; {kpi.benchmark.date.isoformat()})"


def _alert(alert: Alert, kpi: Kpi, catalog: Catalog) -> list[str]:
    unit = _unit(alert, kpi)
    critical = "" if alert.critical is None else _value(alert.critical, unit, catalog)
    labels = ", ".join(f'{name}="{value}"' for name, value in alert.labels.items())
    return [
        f"`{alert.gauge or kpi.gauge}{f'{{{labels}}}' if labels else ''}`",
        code(alert.windows),
        code([ALL, *alert.dimensions]),
        _value(alert.warn, unit, catalog),
        critical,
        str(alert.min_samples) if alert.min_samples else "any",
        {"point": "the value", "bound": "its better bound"}[alert.judge],
        alert.for_,
        _ends(alert, unit, catalog),
    ]


def _ends(alert: Alert, unit: str, catalog: Catalog) -> str:
    if alert.clear is None:
        return ""
    at = f"at {_value(alert.clear, unit, catalog)}"
    both = alert.warn not in (alert.clear, alert.critical) and alert.critical is not None
    return f"{at}; critical at {_value(alert.warn, unit, catalog)}" if both else at


def _unit(alert: Alert, kpi: Kpi) -> str:
    units = [series.unit for series in kpi.all_series() if alert.gauge in (None, series.gauge)]
    return units[0] or kpi.unit if units else kpi.unit


def _value(value: float, unit: str, catalog: Catalog) -> str:
    return format_value(value, unit, catalog.currency.report)


def _guardrails(kpi: Kpi, catalog: Catalog) -> str:
    return bullets(
        f"[{catalog.kpis[one.kpi].title}]({one.kpi}.md) must not get worse by more than "
        f"{_tolerance(one, catalog)} while this one gets better. {sentence(one.why)}"
        for one in kpi.guardrails
        if one.kpi in catalog.kpis
    )


def _tolerance(guardrail: Guardrail, catalog: Catalog) -> str:
    in_points = catalog.kpis[guardrail.kpi].unit == "points"
    return f"{guardrail.tolerance:g} points" if in_points else f"{100 * guardrail.tolerance:g} %"
