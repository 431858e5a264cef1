"""Checks of compiled series: what in them could never have a value, or not the value that they promise.

A window is refused when no tier holds it, or when it reaches further back (with its maturity) than panes or
rows are kept. The window before need not be held: then there is no comparison, and the reading has none.
"""

from collections.abc import Iterator

from schemas.documents import Path
from streams.engine.kpis.series import SeriesPlan, lacks_whole
from streams.engine.kpis.terms import Covered, Operand, walk
from streams.engine.kpis.values import counts_samples
from streams.engine.measures.base import BARE
from streams.engine.panes import KEEP_MS
from streams.engine.windows import longest_ms, tier_of
from streams.naming import NOW

Faults = Iterator[tuple[Path, str]]


def check_series(path: Path, series: SeriesPlan) -> Faults:
    """What is wrong with a series of the KPI at `path`, each with where it stands."""
    for at, window in enumerate(series.windows):
        where = (*path, "windows", at)
        checks = (_of_now,) if window == NOW else (_not_held, _not_kept, _not_whole)
        yield from ((where, fault) for check in checks for fault in check(series, window))
    yield from _not_sliced(path, series)
    yield from _not_counted(path, series)


def _read(series: SeriesPlan) -> list[Operand]:
    """All operands, and what is required as one."""
    counted = series.formula.counted
    operands = [*series.formula.operands, *(counted.operands if counted else ())]
    read = {operand.measure.name for operand in operands}
    required = [Operand(BARE, one) for one in series.formula.measures if one.name not in read]
    return [*operands, *required]


def _of_now(series: SeriesPlan, window: str) -> Iterator[str]:
    for operand in _read(series):
        if operand.function not in ("end", "oldest"):
            yield f"`now` is for levels: {operand.measure.name} has no value without a span"
    if any(isinstance(term, Covered) for term in walk(series.formula.term)):
        yield "`now` covers no time: days and covered have no value in it"
    if series.formula.compares:
        yield "`now` has no window before it: leave prev(..), or `now`"
    if series.mature_ms:
        yield "`now` does not mature: leave `mature_after`, or `now`"


def _not_held(series: SeriesPlan, window: str) -> Iterator[str]:
    tier, whole = tier_of(window), series.whole
    for operand in _read(series):
        measure = operand.measure
        needs_panes = operand.function not in ("end", "oldest") or whole
        if needs_panes and tier not in measure.tiers:
            text = f"{measure.name} is not held in {tier} panes, which {window} is made of"
            yield f"{text}; it has panes of: {', '.join(measure.tiers)}"


def _not_kept(series: SeriesPlan, window: str) -> Iterator[str]:
    """What a window may still read must be remembered, so that it can be taken back."""
    reach_ms, tier = longest_ms(window) + series.mature_ms, tier_of(window) or ""
    after = " and `mature_after`" if series.mature_ms else ""
    if reach_ms > KEEP_MS[tier]:
        yield f"{tier} panes are not kept for as long as {window}{after}: take a longer window"
    for measure in series.formula.measures:
        if measure.keep_ms is not None and measure.keep_ms < reach_ms:
            text = f"{measure.name} is not remembered for as long as {window}{after}"
            yield f"{text}: raise its subject's `keep`"


def _not_whole(series: SeriesPlan, window: str) -> Iterator[str]:
    """What has no value over whole panes cannot stand beside prev(..), nor in a final series."""
    if series.whole:
        why = "prev(..)" if series.formula.compares else "`mature_after`"
        for operand in series.formula.operands:
            if lacking := lacks_whole(operand, window):
                yield f"{lacking}, which {why} needs"


def _not_counted(path: Path, series: SeriesPlan) -> Faults:
    """An alert that wants samples of what counts none would never fire."""
    counting = series.formula.counted or series.formula
    if series.judge.gated and not any(map(counts_samples, counting.operands)):
        text = f"{series.gauge} counts no samples, so there are never enough"
        yield (*path, "alerts"), f"{text}: give the KPI `samples`, or leave `min_samples`"


def _not_sliced(path: Path, series: SeriesPlan) -> Faults:
    for at, dimension in enumerate(series.dimensions):
        lacking = [one.name for one in series.formula.measures if dimension not in one.dimensions]
        if lacking:
            text = f"{', '.join(lacking)} cannot be sliced by {dimension!r}"
            yield (*path, "dimensions", at), f"{text}: declare it on the subject, or leave it"
