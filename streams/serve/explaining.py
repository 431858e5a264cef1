"""Why this number: one reading with all that it was computed from, for programs and for people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

from schemas.kpis import Guardrail, Kpi
from streams.engine.kpis.confidence import Interval, of_proportion, wilson
from streams.engine.kpis.explain import Explanation, Operand, PaneSum, explain
from streams.engine.kpis.guardrails import breaches, standing_series
from streams.engine.kpis.readings import Reading, Sums
from streams.engine.kpis.remedies import Judged, would_change
from streams.engine.kpis.series import SeriesPlan
from streams.engine.panes import DAY, Calendar
from streams.engine.plan import Plan
from streams.errors import UnknownReading
from streams.human import format_value, rfc3339
from streams.naming import ALL, NOW

SHOWN: Final = 5
"""So many of a measure's panes are shown: the largest, and the last."""
_USUAL: Final = ("30d", "24h", NOW, "7d", "90d", "1h")
"""The windows that are explained first when none is named."""
_WORDS: Final = ("title", "goal", "note", "counts", "leaves_out", "differs")


@dataclass(frozen=True, slots=True)
class Which:
    """Which reading: what is left empty is the KPI's first."""

    kpi: str
    window: str = ""
    dimension: str = ALL
    member: str = ALL
    labels: Mapping[str, str] = field(default_factory=dict)
    gauge: str = ""


@dataclass(frozen=True, slots=True)
class Rail:
    """A guardrail, as it stands in the window and the slice of an answer."""

    guardrail: Guardrail
    found: Explanation | None
    """Its own reading; None where it has none there."""
    sentence: str | None = None
    """How the KPI got better at its cost, if it did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An explanation, with what the catalog says of its KPI."""

    plan: Plan
    as_of_ms: int
    explanation: Explanation
    guardrails: Sequence[Rail]

    @property
    def kpi(self) -> Kpi:
        return self.plan.catalog.kpis[self.explanation.kpi]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "as_of": rfc3339(self.as_of_ms),
            **_told(self.explanation, self.plan.calendar),
            "target": self.kpi.target,
            "benchmark": self.kpi.benchmark and self.kpi.benchmark.model_dump(mode="json"),
            "guardrails": [_guardrail(rail) for rail in self.guardrails],
            "definition": {name: getattr(self.kpi, name) for name in _WORDS},
        }


def answer(plan: Plan, sums: Sums, now_ms: int, which: Which, *, ahead: bool) -> Answer:
    """Explain a reading at `now_ms`; UnknownReading says what there is instead. `ahead` as in `readings`."""
    window = which.window or usual_window(plan, which)

    standing = standing_series(plan)

    def explained(kpi: str, labels: Mapping[str, str], gauge: str) -> Explanation:
        place = (window, which.dimension, which.member)
        return explain(plan, sums, now_ms, kpi, labels, *place, ahead=ahead, gauge=gauge)

    def guarded(kpi: str) -> Explanation | None:
        try:
            return explained(kpi, standing[kpi].labels, standing[kpi].gauge)
        except UnknownReading:  # it lacks the window or the slice
            return None

    found = explained(which.kpi, which.labels, which.gauge)
    kpi = plan.catalog.kpis[which.kpi]
    rails = _rails(plan, guarded(which.kpi), [(one, guarded(one.kpi)) for one in kpi.guardrails])
    return Answer(plan, now_ms, with_remedy(found, series_of(plan, found), plan), rails)


def series_of(plan: Plan, found: Explanation) -> SeriesPlan:
    """The series that is explained."""
    return next(one for one in plan.series if (one.gauge, one.labels) == (found.gauge, found.labels))


def _rails(
    plan: Plan, first: Explanation | None, guardrails: Sequence[tuple[Guardrail, Explanation | None]]
) -> list[Rail]:
    """`first` is the reading of the series by which the KPI is compared with its guardrails."""
    readings = [_reading(one) for one in (first, *(found for _, found in guardrails)) if one is not None]
    told = {
        breach.guardrail: breach.sentence
        for breach in breaches(plan, readings)
        if breach.breached and first is not None and breach.kpi == first.kpi
    }
    return [Rail(one, found, told.get(one.kpi)) for one, found in guardrails]


def _reading(found: Explanation) -> Reading:
    return Reading(
        **{name: getattr(found, name) for name in Reading.__struct_fields__ if hasattr(found, name)}
    )


def with_remedy(found: Explanation, series: SeriesPlan, plan: Plan) -> Explanation:
    """The explanation with what would change its verdict."""
    interval = None if found.lower is None or found.upper is None else Interval(found.lower, found.upper)
    judged = Judged(
        window=found.window,
        formula=found.formula,
        value=found.value,
        numerator=found.numerator,
        denominator=found.denominator,
        samples=found.samples,
        interval=interval,
        interval_of=wilson if series.interval is of_proportion else None,
    )
    currency = plan.catalog.currency.report
    told = would_change(series.judge, judged, lambda value: format_value(value, found.unit, currency))
    return msgspec.structs.replace(found, would_change=told)


def usual_window(plan: Plan, which: Which) -> str:
    """The window that is meant when none is named; empty for a KPI that there is not."""
    series = [
        one
        for one in plan.series
        if one.kpi == which.kpi
        and which.gauge in ("", one.gauge)
        and which.labels.items() <= one.labels.items()
    ]
    windows = series[0].windows if series else []
    return next((name for name in (*_USUAL, *windows) if name in windows), "")


# -- For programs -----------------------------------------------------------------------------------------


def _told(found: Explanation, calendar: Calendar) -> dict[str, Any]:
    return {
        "kpi": found.kpi,
        "gauge": found.gauge,
        "labels": dict(found.labels),
        "window": found.window,
        "dimension": found.dimension,
        "member": found.member,
        "unit": found.unit,
        "start": rfc3339(found.start_ms),
        "end": rfc3339(found.end_ms),
        "formula": found.formula,
        "filled": found.filled,
        "value": found.value,
        "numerator": found.numerator,
        "denominator": found.denominator,
        "samples": found.samples,
        "lower": found.lower,
        "upper": found.upper,
        "previous": found.previous,
        "change": found.change,
        "verdict": found.verdict,
        "would_change": found.would_change,
        "measures": [_operand(operand, calendar) for operand in found.operands],
        "references": [_told(reference, calendar) for reference in found.references],
    }


def _operand(operand: Operand, calendar: Calendar) -> dict[str, Any]:
    def panes(some: Iterable[PaneSum]) -> list[dict[str, Any]]:
        return [
            {"start": pane_name(operand.tier, one.start_ms, calendar), "value": one.value} for one in some
        ]

    return {
        "text": operand.text,
        "measure": operand.measure,
        "value": operand.value,
        "samples": operand.samples,
        "running_total": operand.running,
        "panes": {
            "tier": operand.tier or None,
            "number": len(operand.panes),
            "largest": panes(largest(operand.panes)),
            "last": panes(operand.panes[-SHOWN:]),
        },
    }


def _guardrail(rail: Rail) -> dict[str, Any]:
    guardrail, found = rail.guardrail, rail.found
    return {
        "kpi": guardrail.kpi,
        "why": guardrail.why,
        "tolerance": guardrail.tolerance,
        "value": found and found.value,
        "previous": found and found.previous,
        "change": found and found.change,
        "sentence": rail.sentence,
    }


def largest(panes: Sequence[PaneSum]) -> list[PaneSum]:
    """Those that matter most, the largest first; of equal ones the earlier."""
    return sorted(panes, key=lambda pane: (-abs(pane.value), pane.start_ms))[:SHOWN]


def pane_name(tier: str, start_ms: int, calendar: Calendar) -> str:
    """2024-04-15 of a day, 2024-04-15T10:00+00:00 of an hour or a minute; in the catalog's time zone."""
    moment = datetime.fromtimestamp(start_ms / 1000, calendar.zone)
    return moment.date().isoformat() if tier == DAY else moment.isoformat(timespec="minutes")
