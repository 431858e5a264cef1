"""What a dashboard says of a KPI, and where its links lead: to its page, its reference and its runbooks."""

from collections.abc import Iterator, Mapping, Sequence

from schemas.kpis import Kpi
from streams.engine.kpis.series import SeriesPlan
from streams.engine.kpis.verdicts import WORSE_SIDE
from streams.human import in_words, series_name


def description(kpi: Kpi, shown: Sequence[SeriesPlan]) -> str:
    """Goal and definition of a KPI, as Markdown; formulas and limits of the series that are shown."""
    return "\n\n".join(
        filter(
            None, [kpi.goal, *_definition(kpi), *_formulas(kpi, shown), *_limits(kpi, shown), _slices(kpi)]
        )
    )


def _definition(kpi: Kpi) -> Iterator[str]:
    told = {"": kpi.note, "Counts": kpi.counts, "Leaves out": kpi.leaves_out, "Elsewhere": kpi.differs}
    for name, text in told.items():
        if text:
            said = " ".join(text.split())
            yield f"**{name}:** {said}" if name else said


def _formulas(kpi: Kpi, shown: Sequence[SeriesPlan]) -> Iterator[str]:
    for series in shown:
        name = series_name(kpi, series.gauge, series.labels)
        yield f"{f'{name}: ' if name else ''}`{series.formula.text}`"


def _limits(kpi: Kpi, shown: Sequence[SeriesPlan]) -> Iterator[str]:
    if kpi.target is not None:
        yield f"Target: {_value(kpi.target, shown[0])}."
    for series in shown:
        for alert in (one for one in kpi.alerts if one in series.judge.alerts.values()):
            side = WORSE_SIDE.get(kpi.good, "beyond")
            graver = "" if alert.critical is None else f", critical {side} {_value(alert.critical, series)}"
            windows = ", ".join(alert.windows)
            yield f"Warns {side} {_value(alert.warn, series)}{graver} (judged in the windows {windows})."
    if kpi.benchmark is not None:
        yield _benchmark(kpi, shown[0])


def _benchmark(kpi: Kpi, series: SeriesPlan) -> str:
    assert kpi.benchmark is not None
    low, high = (_value(edge, series) for edge in (kpi.benchmark.low, kpi.benchmark.high))
    span = low if low == high else f"{low} to {high}"
    return f"Others reach {span} ({kpi.benchmark.source}, {kpi.benchmark.date.isoformat()})."


def _value(value: float, series: SeriesPlan) -> str:
    return in_words(value, series.unit, series.labels.get("currency"))


def _slices(kpi: Kpi) -> str:
    return f"Sliced by {', '.join(kpi.dimensions)}." if kpi.dimensions else "Not sliced."


def nothing(kpi: Kpi) -> str:
    """What stands where there is no value: why, if it is for the slice."""
    slices = f"sliced by {', '.join(kpi.dimensions)}" if kpi.dimensions else "of the whole only"
    return f"no value ({slices})"


# -- Links ------------------------------------------------------------------------------------------------


def page(board: str, kpi: str, place: Mapping[str, str]) -> tuple[str, str]:
    """The KPI on the board, for a window and a slice."""
    asked = "&".join(f"{name}={_encoded(value)}" for name, value in place.items())
    return "On the board", f"{board}/kpi/{kpi}?{asked}"


def _encoded(value: str) -> str:
    """A variable of Grafana, written into an address as it must be."""
    return f"{value[:-1]}:percentencode}}" if value.startswith("${") else value


def reference(board: str, kpi: str) -> tuple[str, str]:
    return "What it means", f"{board}/docs/kpis/{kpi}"


def runbook(board: str, alert: str) -> tuple[str, str]:
    return f"Runbook of {alert}", f"{board}/docs/runbooks/{alert}"
