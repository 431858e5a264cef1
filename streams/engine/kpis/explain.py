"""Explain: how one reading came about, from the formula down to the panes that were summed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import msgspec

from streams.engine.kpis import terms
from streams.engine.kpis.cells import Index, bucket_cell
from streams.engine.kpis.frames import Moment, PastPart, PresentPart
from streams.engine.kpis.lines import Line, Reading
from streams.engine.kpis.readings import slices_of
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.sums import Slice, Sums
from streams.engine.kpis.terms import Before, Formula, Named, Number, Term, parts_of
from streams.engine.kpis.values import samples_of, value_of
from streams.engine.plan import Plan
from streams.engine.windows import AHEAD_MS
from streams.errors import UnknownReading
from streams.naming import ALL, cell

Part = PresentPart | PastPart


class PaneSum(msgspec.Struct, frozen=True, gc=False):
    """What one pane holds of a part, of all partitions together; never 0."""

    start_ms: int
    value: int


class Operand(msgspec.Struct, frozen=True, gc=False):
    """A measure as the formula reads it: `leads`, `start(customers)`, `quantile(lead_response, 0.9)`."""

    text: str
    measure: str
    value: str | None
    """The number that stands for it in the formula: milliseconds, minor units of money, or a count."""
    samples: int | None
    tier: str
    """Whose panes were summed; "" for what needs none (the level now, the age of the oldest)."""
    panes: Sequence[PaneSum]
    """In order of time, without those that hold nothing: of a level its changes, of a mean the milliseconds,
    of a quantile how many durations ended in each."""
    running: int | None
    """The running total, for what has one: a level at the end is that, less what came after the window."""


class Explanation(msgspec.Struct, frozen=True, gc=False):
    """One reading, with all that it was computed from. Times are milliseconds since the epoch."""

    kpi: str
    gauge: str
    labels: Mapping[str, str]
    window: str
    dimension: str
    member: str
    unit: str
    start_ms: int
    end_ms: int
    """The window is [start_ms, end_ms); for `now` both are now."""
    formula: str
    filled: str
    """The formula with its numbers: `(100 - 12) / 100`; `none` for what has no value."""
    value: float | None
    numerator: int | None
    denominator: int | None
    samples: int | None
    previous: float | None
    compared: float | None
    change: float | None
    previous_samples: int | None
    compared_samples: int | None
    margin: float | None
    lower: float | None
    upper: float | None
    verdict: str | None
    operands: Sequence[Operand]
    """Of this formula, each once, in the order in which they stand there; not those of `references`."""
    references: Sequence["Explanation"]
    """Of the KPIs that the formula names, in the same window and slice."""
    would_change: str | None = None
    """What would change the verdict, in a sentence."""


def explain(
    plan: Plan,
    sums: Sums,
    now_ms: int,
    kpi: str,
    labels: Mapping[str, str],
    window: str,
    dimension: str,
    member: str,
    *,
    ahead: bool,
    gauge: str = "",
) -> Explanation:
    """The reading of the first series of `kpi` with these labels (and perhaps others) and this gauge, if any.

    `ahead` as in `readings`; dimension and member are `all` for the whole. UnknownReading (streams.errors)
    says what there is instead, when the catalog has no such KPI, labels, window or dimension.
    """
    moment = _moment(plan, sums, now_ms, ahead=ahead)
    series = _series(plan, kpi, gauge, labels)
    _known("window", window, series.windows)
    slice_ = _slice(series, moment, dimension, member)
    line = Line(series, window, plan.catalog.currency.digits)
    part = line.frame(moment).read(slice_)
    return _Explainer(plan, window).explanation(series, part, line.reading(moment, slice_))


def _moment(plan: Plan, sums: Sums, now_ms: int, *, ahead: bool) -> Moment:
    index = Index(sums.cells(), sums.key)
    return Moment(plan.calendar, sums, now_ms, AHEAD_MS if ahead else 0, index)


# -- What is asked for ------------------------------------------------------------------------------------


def _known(parameter: str, name: str, known: Sequence[str], what: str = "") -> None:
    if name not in known:
        raise UnknownReading(f"unknown {what or parameter} {name!r}", parameter, known)


def _series(plan: Plan, kpi: str, gauge: str, labels: Mapping[str, str]) -> SeriesPlan:
    _known("kpi", kpi, list(plan.catalog.kpis), "KPI")
    series = [one for one in plan.series if one.kpi == kpi]
    if gauge:
        _known("gauge", gauge, list(dict.fromkeys(one.gauge for one in series)), f"gauge of {kpi}")
        series = [one for one in series if one.gauge == gauge]
    for one in series:
        if labels.items() <= one.labels.items():
            return one
    known = [_label_text(one.labels) for one in series]
    _known("labels", _label_text(labels), known, f"series of {kpi}")
    raise AssertionError("labels that are none of these are known to be none")


def _label_text(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items())) or "(no label)"


def _slice(series: SeriesPlan, moment: Moment, dimension: str, member: str) -> Slice:
    _known("dimension", dimension, [ALL, *series.dimensions])
    there = [found for found in slices_of(series, moment.index) if found[0] == dimension]
    _known("member", member, [found for _, found in there], "" if dimension == ALL else dimension)
    return dimension, member


# -- What is told -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Explainer:
    plan: Plan
    window: str

    def explanation(self, series: SeriesPlan, part: Part, reading: Reading) -> Explanation:
        formula = series.formula
        figures = {name: getattr(reading, name) for name in _OF_READING}
        return Explanation(
            unit=series.unit,
            start_ms=part.frame.start_ms,
            end_ms=part.frame.end_ms,
            formula=formula.text,
            filled=_filled(formula, part),
            operands=list(_unique(_operands(formula.term, part, "{}"))),
            references=[self._reference(named.formula, part) for named in _named(formula.term)],
            **figures,
        )

    def _reference(self, formula: Formula, part: Part) -> Explanation:
        """The KPI that has this formula, as it is read here, though it may not have this window itself."""
        series = next(one for one in self.plan.series if one.formula is formula)
        line = Line(series, self.window, self.plan.catalog.currency.digits)
        return self.explanation(series, part, line.value(part))


_OF_READING: Final = (
    *("kpi", "gauge", "labels", "window", "dimension", "member", "value", "numerator", "denominator"),
    *("samples", "previous", "compared", "change", "previous_samples", "compared_samples", "margin"),
    *("lower", "upper", "verdict"),
)


def _filled(formula: Formula, part: Part) -> str:
    """The formula's text with what is read in place of what names it."""
    text = formula.text.encode()
    for leaf in sorted(formula.leaves, reverse=True, key=attrgetter("start")):
        number = _text(value_of(leaf.term)(part)) or "none"
        text = text[: leaf.start] + number.encode() + text[leaf.end :]
    return text.decode()


def _text(number: Number | None) -> str | None:
    """Whole numbers to the last digit, others to six."""
    if number is None:
        return None
    return str(number.numerator) if number.denominator == 1 else f"{float(number):.6g}"


def _named(term: Term) -> Iterator[Named]:
    """The KPIs that a formula names, each once; not those that these name."""
    found = {one.name: one for one in _own(term) if isinstance(one, Named)}
    yield from found.values()


def _own(term: Term) -> Iterator[Term]:
    yield term
    if not isinstance(term, Named):
        for inner in parts_of(term):
            yield from _own(inner)


def _operands(term: Term, part: Part | None, within: str) -> Iterator[Operand]:
    """What a formula reads of measures; `within` is how that is written, such as `prev({})`."""
    if part is None or isinstance(term, Named):
        return
    if isinstance(term, terms.Operand):
        yield _operand(term, part, within)
    elif isinstance(term, Before):
        yield from _operands(term.term, part.before, "prev({})")
    else:
        for inner in parts_of(term):
            yield from _operands(inner, part, within)


def _unique(operands: Iterable[Operand]) -> Iterable[Operand]:
    return {operand.text: operand for operand in operands}.values()


def _operand(operand: terms.Operand, part: Part, within: str) -> Operand:
    measure, moment = operand.measure, part.frame.moment
    cells = _cells(operand, part)
    tier = part.frame.tier if cells else ""
    sums: Counter[int] = Counter()
    for name in cells:
        sums.update(moment.sums.values(tier, name, part.frame.start_ms, part.frame.until_ms))
    return Operand(
        text=within.format(_written(operand)),
        measure=measure.name,
        value=_text(value_of(operand)(part)),
        samples=samples_of(operand)(part),
        tier=tier,
        panes=[PaneSum(start_ms, sums[start_ms]) for start_ms in sorted(sums) if sums[start_ms]],
        running=moment.sums.totals().get(cell(measure.name, *part.slice)),
    )


def _cells(operand: terms.Operand, part: Part) -> Sequence[str]:
    """Whose panes tell how the value came about."""
    measure, frame = operand.measure, part.frame
    if not frame.tier or operand.function == "oldest":
        return ()
    if operand.function == "mean":
        return (cell(f"{measure.name}.sum", *part.slice),)
    if operand.function == "quantile":
        buckets, numbers = frame.moment.index.buckets.get((measure.name, part.slice), {}), frame.sums(measure)
        return [bucket_cell(measure.name, at, part.slice) for at, key in buckets.items() if numbers[key]]
    return (cell(measure.name, *part.slice),)


def _written(operand: terms.Operand) -> str:
    name, q = operand.measure.name, operand.argument
    if q is not None:
        return f"{operand.function}({name}, {float(q)})"
    return f"{operand.function}({name})" if operand.function else name
