"""The page: a table of readings per group. Plain HTML without scripts; everything from outside is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby, repeat
from typing import Final, Self
from urllib.parse import urlencode

from schemas.kpis import Kpi
from streams.engine.kpis.readings import Reading
from streams.engine.plan import Plan
from streams.human import NONE, format_seconds, format_value, rfc3339, series_name
from streams.naming import ALL, NOW
from streams.serve.board import Shown

REFRESH_S: Final = 5
DEFAULT_WINDOW: Final = "24h"
_NUMBERS: Final = [("Value", "number"), ("Samples", "number samples")]
GROUPS: Final = {
    "sales": "Sales",
    "support": "Support",
    "customers": "Customers",
    "campaigns": "Campaigns",
    "health": "CRM health",
    "pipeline": "Pipeline",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the page shows, of all there is: one window, one dimension."""

    window: str
    dimension: str
    windows: Sequence[str]
    dimensions: Sequence[str]

    @classmethod
    def of(cls, known: Mapping[str, Sequence[str]], query: Mapping[str, str]) -> Self:
        """What a query asks for; the defaults where it asks for what is not there."""
        windows = [window for window in known["window"] if window != NOW] or [NOW]
        default = DEFAULT_WINDOW if DEFAULT_WINDOW in windows else windows[0]
        window, dimension = query.get("window", default), query.get("dimension", ALL)
        return cls(
            window=window if window in windows else default,
            dimension=dimension if dimension in known["dimension"] else ALL,
            windows=windows,
            dimensions=known["dimension"],
        )

    def shows(self, reading: Reading) -> bool:
        """Levels have no window: they are always shown. Members that are folded stand in `other`."""
        here = reading.dimension == self.dimension and reading.window in (self.window, NOW)
        return here and reading.fold != "member"

    def href(self) -> str:
        return "?" + urlencode({"window": self.window, "dimension": self.dimension})


def render(plan: Plan, shown: Shown, troubles: Sequence[str], choice: Choice) -> str:
    """The whole page as HTML."""
    chosen = [reading for reading in shown.readings if choice.shows(reading)]
    windows = [(window, replace(choice, window=window)) for window in choice.windows]
    dimensions = [(name, replace(choice, dimension=name)) for name in choice.dimensions]
    return _PAGE.format(
        refresh=REFRESH_S,
        href=escape(choice.href()),
        fresh=escape(_fresh(shown)),
        troubles=_troubles(troubles),
        windows=_links("Window", windows, choice),
        dimensions=_links("Slice by", dimensions, choice),
        groups="".join(_groups(plan, chosen, choice)) or '<p class="empty">No readings yet.</p>',
    )


def _fresh(shown: Shown) -> str:
    if shown.as_of_ms is None:
        return "No readings yet"
    text = f"As of {rfc3339(shown.as_of_ms)[:19].replace('T', ' ')} UTC"
    if shown.newest_ms is None:
        return f"{text}, no event yet"
    age_s = (shown.as_of_ms - shown.newest_ms) // 1000
    return f"{text}, newest event {format_seconds(age_s) + ' ago' if age_s > 0 else 'just now'}"


def _troubles(troubles: Sequence[str]) -> str:
    if not troubles:
        return ""
    items = "".join(f"<li>{escape(trouble)}</li>" for trouble in troubles)
    return f'<section class="trouble" role="alert"><h2>Not up to date</h2><ul>{items}</ul></section>'


def _links(title: str, links: Iterable[tuple[str, Choice]], chosen: Choice) -> str:
    items = [
        f'<a href="{escape(choice.href())}"{_current(choice == chosen)}>{escape(name)}</a>'
        for name, choice in links
    ]
    return f'<nav aria-label="{title}"><span>{title}</span>{"".join(items)}</nav>'


def _current(current: bool) -> str:
    return ' aria-current="page"' if current else ""


def _groups(plan: Plan, readings: Sequence[Reading], choice: Choice) -> Iterable[str]:
    """A table per group that has something to show."""
    for group, title in GROUPS.items():
        rows = [reading for reading in readings if plan.catalog.kpis[reading.kpi].group == group]
        if rows:
            yield _table(plan, title, rows, sliced=choice.dimension != ALL)


def _table(plan: Plan, title: str, readings: Sequence[Reading], *, sliced: bool) -> str:
    heads = [("KPI", ""), *([("Member", "member")] if sliced else []), *_NUMBERS]
    head = "".join(f'<th scope="col" class="{style}">{name}</th>' for name, style in heads)
    kpis = groupby(readings, lambda reading: reading.kpi)
    bodies = "".join(_body(plan, list(of_kpi), sliced=sliced) for _, of_kpi in kpis)
    style = "sliced" if sliced else "whole"
    caption = f"<caption>{escape(title)}</caption>"
    return f'<table class="{style}">{caption}<thead><tr>{head}</tr></thead>{bodies}</table>'


def _body(plan: Plan, readings: Sequence[Reading], *, sliced: bool) -> str:
    """The rows of one KPI, series by series."""
    kpi = plan.catalog.kpis[readings[0].kpi]
    rows: list[str] = []
    for _, of_series in groupby(readings, lambda reading: (reading.gauge, reading.labels)):
        series = list(of_series)
        heads = [_head(kpi, series, again=bool(rows)), *repeat("", len(series) - 1)]
        rows += [
            f"<tr>{head}{_cells(plan, reading, sliced)}</tr>"
            for head, reading in zip(heads, series, strict=True)
        ]
    return f"<tbody>{''.join(rows)}</tbody>"


def _head(kpi: Kpi, series: Sequence[Reading], *, again: bool) -> str:
    """The name of a series, beside all its rows; faint when the KPI's name stands above it already."""
    scope = f'scope="rowgroup" rowspan="{len(series)}"' if len(series) > 1 else 'scope="row"'
    name = f'<span class="{"again" if again else "title"}">{escape(kpi.title)}</span>'
    detail = series_name(kpi, series[0].gauge, series[0].labels)
    small = f" <small>{escape(detail)}</small>" if detail else ""
    return f'<th {scope} title="{escape(kpi.goal)}">{name}{small}</th>'


def _cells(plan: Plan, reading: Reading, sliced: bool) -> str:
    unit = next(series.unit for series in plan.series if series.gauge == reading.gauge)
    value = format_value(reading.value, unit, reading.labels.get("currency"))
    an_amount = unit == "money" and reading.denominator is None  # whose samples are the amount again
    samples = NONE if reading.samples is None or an_amount else f"{reading.samples:,}"
    member = f'<td class="member">{escape(reading.member)}</td>' if sliced else ""
    return f'{member}<td class="number">{escape(value)}</td><td class="number samples">{samples}</td>'


_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="{refresh};url={href}">
<title>CRM KPIs</title>
<link rel="stylesheet" href="board.css">
</head>
<body>
<header>
<h1>CRM KPIs</h1>
<p>{fresh}</p>
{troubles}
{windows}
{dimensions}
</header>
<main>
{groups}
</main>
<footer>
<a href="metrics">Gauges</a> <a href="api/v1/readings">JSON</a> <a href="readyz">Readiness</a>
</footer>
</body>
</html>
"""
