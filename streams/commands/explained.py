"""What `kpi explain` prints for people: the number, the formula with its numbers, and what made them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.commands.report import plain
from streams.engine.kpis.explain import Explanation, Operand, PaneSum
from streams.engine.panes import Calendar
from streams.human import format_value, rfc3339, series_name
from streams.naming import ALL
from streams.serve.explaining import Answer, largest, pane_name

_PANES: Final = 3
"""So many of the largest panes are shown, and of the last."""
_SMALLEST: Final = {"seconds": "  (milliseconds)", "money": "  (amounts in minor units)"}
"""Unit of a KPI -> what its sums are in."""


def print_explanation(console: Console, answer: Answer) -> None:
    for line in _lines(answer):
        console.print(Text(plain(line)), soft_wrap=True)
    _print_operands(console, answer, answer.explanation)
    for line in _definition(answer):
        console.print(Text(plain(line)))


def _lines(answer: Answer) -> Iterator[str]:
    found = answer.explanation
    slice_ = "" if found.dimension == ALL else f", {found.dimension}={found.member}"
    name = ", ".join(filter(None, (answer.kpi.title, series_name(answer.kpi, found.gauge, found.labels))))
    yield f"{name}, {found.window}{slice_}, as of {rfc3339(answer.as_of_ms)}"
    yield f"  {found.formula}"
    yield f"  = {found.filled}{_SMALLEST.get(found.unit, '')}"
    yield f"  = {_value(answer, found.value)}{_sure(answer)}"
    if found.change is not None:
        yield f"Before: {_value(answer, found.previous)}; change {_change(found)}."
    yield from _judged(answer)


def _value(answer: Answer, value: float | None) -> str:
    return format_value(value, answer.explanation.unit, answer.plan.catalog.currency.report)


def _sure(answer: Answer) -> str:
    """Its bounds, and what it rests on."""
    found = answer.explanation
    bounds = ""
    if found.lower is not None and found.upper is not None:
        bounds = f"{_value(answer, found.lower)} to {_value(answer, found.upper)} at 95 %"
    samples = "" if found.samples is None else f"{found.samples:,} samples"
    told = ", ".join(filter(None, (bounds, samples)))
    return f"  ({told})" if told else ""


def _change(found: Explanation) -> str:
    change = found.change or 0.0
    return f"{change:+.1f} points" if found.unit == "points" else f"{100 * change:+.1f} %"


def _judged(answer: Answer) -> Iterator[str]:
    found, target = answer.explanation, answer.kpi.target
    if target is not None:
        yield f"Target: {_value(answer, target)}."
    if found.verdict is not None:
        yield f"Verdict: {found.verdict}. {found.would_change or ''}".strip()


# -- What it is made of -----------------------------------------------------------------------------------


def _print_operands(console: Console, answer: Answer, found: Explanation) -> None:
    """A table of the measures; then those of the KPIs that the formula names."""
    if found.operands:
        table = Table(box=SIMPLE_HEAD)
        for heading in ("what is read", "is", "panes", "largest", "last"):
            table.add_column(heading, overflow="fold")
        for operand in found.operands:
            table.add_row(*(Text(plain(cell)) for cell in _cells(operand, answer.plan.calendar)))
        console.print(table)
    for reference in found.references:
        line = f"{reference.kpi} = {reference.formula} = {reference.filled}"
        console.print(Text(plain(line)), soft_wrap=True)
        _print_operands(console, answer, reference)


def _cells(operand: Operand, calendar: Calendar) -> Sequence[str]:
    running = "" if operand.running is None else f"total now {operand.running:,}"
    number = len(operand.panes)
    panes = f"{number:,} {operand.tier}{'s' if number != 1 else ''}" if operand.tier else ""

    def told(some: Iterable[PaneSum]) -> str:
        return ", ".join(f"{pane_name(operand.tier, one.start_ms, calendar)}: {one.value:,}" for one in some)

    return (
        operand.text,
        operand.value or "none",
        "; ".join(filter(None, (panes, running))),
        told(largest(operand.panes)[:_PANES]),
        told(operand.panes[-_PANES:]),
    )


# -- What the catalog says --------------------------------------------------------------------------------


def _definition(answer: Answer) -> Iterator[str]:
    kpi = answer.kpi
    for heading, text in (
        ("", kpi.note),
        ("Counts: ", kpi.counts),
        ("Leaves out: ", kpi.leaves_out),
        ("Other definitions: ", kpi.differs),
    ):
        if text:
            yield f"{heading}{' '.join(text.split())}"
    for rail in answer.guardrails:
        title = answer.plan.catalog.kpis[rail.guardrail.kpi].title
        change = "" if rail.found is None or rail.found.change is None else f" (change {_change(rail.found)})"
        yield f"Guardrail: {title}{change}. {rail.guardrail.why}"
        if rail.sentence is not None:
            yield f"  Breached: {rail.sentence}."
